// SPDX-License-Identifier: Apache-2.0
// From the fields of a member's HTTP/2 response to the neutral head, judged as strictly as those of a client, because a
// client of HTTP/1 gets them as lines. Thread rule: pure functions.
#pragma once

#include "h2/field_block.h"
#include "http/response_head.h"

namespace elb::h2 {

/// Fills `head`, whose views point into `fields`; head.http2 is set. kNone, or why the response is refused.
http::Fault to_response_head(const FieldBlock& fields, http::ResponseHead& head);

}  // namespace elb::h2
