// SPDX-License-Identifier: Apache-2.0
// From the fields of an HTTP/2 request to the neutral head that everything behind it reads: the one place where they
// are judged, as strictly as those of HTTP/1, because the member gets them as lines (RFC 9113 10.3). Thread rule: pure
// functions.
#pragma once

#include "h2/field_block.h"
#include "http/request_head.h"

namespace elb::h2 {

/// Fills `head`, whose views point into `fields`. `ended`: no body follows. head.http2 is set; without a length
/// head.chunked says that there is a body. An extended CONNECT for a WebSocket (RFC 8441) becomes a GET that asks to
/// switch. kNone, or why the request is refused; then head holds what was understood.
http::Fault to_request_head(const FieldBlock& fields, bool ended, const http::HeadLimits& limits,
                            http::RequestHead& head);

/// What holds for every field but those that begin with ':'.
http::Fault check_field(std::string_view name, std::string_view value);

/// Fields that may stand behind a body; others are left out. kNone, or why they are none.
http::Fault to_trailers(const FieldBlock& fields, http::HeaderTable& trailers);

}  // namespace elb::h2
