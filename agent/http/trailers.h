// SPDX-License-Identifier: Apache-2.0
// Which fields may stand behind a body (RFC 9110 6.5.1): none that frames, routes or authenticates a message or is hop
// by hop, because those were judged when the head came. Thread rule: pure functions.
#pragma once

#include "http/header_id.h"

namespace elb::http {

bool may_trail(HeaderId id);

}  // namespace elb::http
