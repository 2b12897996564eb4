// SPDX-License-Identifier: Apache-2.0
// ResponseHead and its parser: as strict with members as with clients, since a member that answers ambiguously is how
// caches and clients are poisoned. A fault means 502 for the client and the end of the member's connection. Thread
// rule: a plain value and a pure function.
#pragma once

#include "http/message_head.h"

namespace elb::http {

struct ResponseHead : MessageHead {
  uint16_t status = 0;      // 100 to 999
  std::string_view reason;  // may be empty

  void clear();
  bool is_interim() const { return status < 200; }
};

/// As parse_request_head(). limits.target_bytes means nothing here, and names are always kept as they are.
Outcome parse_response_head(std::string_view bytes, const HeadLimits& limits, HeadProgress& progress,
                            ResponseHead& head);

}  // namespace elb::http
