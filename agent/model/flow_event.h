// SPDX-License-Identifier: Apache-2.0
// FlowEvent: one of the sampled connections was opened or has ended (docs/monitoring.md, "Flow records").
// Thread rule: a plain value.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/views.h"

namespace elb::model {

struct FlowEvent {
  FlowRecord flow;       // its ids are there even if their objects are not configured any more
  bool ended = false;    // else: opened
  std::string_view why;  // why it ended: closed, reset, half_closed, idle, unanswered, member_gone, not_allowed
  std::optional<WallTime> opened;  // of an ended one; nothing: it was open before somebody looked
  WallTime last_packet{};          // of either side
  WallTime at{};                   // of the event
};

/// Those of one look at the whole table, and how many more there would have been. Called by one thread, and quick.
using TakeFlowEvents = std::function<void(const std::vector<FlowEvent>& events, uint64_t lost)>;

}  // namespace elb::model
