// SPDX-License-Identifier: Apache-2.0
// FlowSampler: makes records of one connection in N, of its opening and its end, out of what the sweep of the flow
// table sees anyway: packets pay nothing, and as only the sweep ends connections, none is missed
// (docs/adr/0029-flow-records.md). Which ones is decided by a hash, so an agent started anew chooses the same.
// Thread rule: the sweeper's thread.
#pragma once

#include <vector>

#include "dataplane/flow_table.h"
#include "dataplane/index_view.h"
#include "dataplane/tick.h"
#include "model/flow_event.h"

namespace elb::dataplane {

class FlowSampler {
 public:
  static constexpr size_t kEventsPerSweep = 32768;

  /// `one_in` is not 0. The clock outlives the object.
  FlowSampler(uint32_t one_in, uint32_t slots, const TickRate& rate, const Clock& clock, model::TakeFlowEvents take);

  /// Around a sweep of the whole table; `view` lives as long as it.
  void sweep_begins(uint32_t now, const IndexView& view);
  void alive(const elb_table& table, const elb_flow* forward);
  void ended(const elb_table& table, const elb_flow* forward, const elb_flow* reverse, elb_flow_state state,
             elb_flow_end why);
  void sweep_ended();

 private:
  /// What is remembered of the connection in a slot: which one it is, and when it was opened.
  struct Seen {
    uint16_t generation = 0;
    bool is_set = false;
    bool knows_opening = false;
    uint32_t opened = 0;  // tick
  };
  bool chosen(const elb_flow& forward, uint32_t slot) const;
  /// Remembers it, if it is new.
  bool meets(const elb_flow& forward, uint32_t slot);
  void add(model::FlowEvent event);
  WallTime wall_at(uint32_t tick) const;

  const uint32_t one_in_;
  const TickRate rate_;
  const Clock& clock_;
  const model::TakeFlowEvents take_;
  std::vector<Seen> seen_;  // by slot
  bool first_ = true;       // no sweep has ended yet: nobody knows how old connections are
  uint32_t now_ = 0;
  WallTime wall_{};
  const IndexView* view_ = nullptr;
  std::vector<model::FlowEvent> events_;
  uint64_t lost_ = 0;
};

}  // namespace elb::dataplane
