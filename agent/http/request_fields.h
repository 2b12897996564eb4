// SPDX-License-Identifier: Apache-2.0
// The fields of a request as HTTP/2 carries them to a member: what write_request() would write, without what belongs to
// a connection. As text, because a request that is sent again has to outlive the buffer that it came in.
// Thread rule: pure functions.
#pragma once

#include "http/serializer.h"

namespace elb::http {

/// Appends each field as its name, in any case, NUL, its value, NUL; those that begin with ':' first. False if the
/// buffer is too small.
bool write_request_fields(const RequestHead& head, const RequestRewrite& rewrite, const Framing& body, OutBuffer& out);

}  // namespace elb::http
