// SPDX-License-Identifier: Apache-2.0
#include "unit/flow_table/sweeper.h"

namespace elb::test {

Sweeper::Sweeper(const Table& table, Shadow& shadow, const elb_flow_limits& limits, uint32_t gone_every)
    : table_(table), shadow_(shadow), limits_(limits), gone_every_(gone_every) {
  observer_.context = this;
  observer_.gone = [](void* context, __u16) -> int { return static_cast<Sweeper*>(context)->is_gone(); };
  observer_.ended = [](void* context, const elb_flow* forward, const elb_flow* reverse, elb_flow_state state,
                       elb_flow_end why) { static_cast<Sweeper*>(context)->ended(*forward, *reverse, state, why); };
  observer_.released = [](void* context, const elb_flow* reverse) {
    static_cast<Sweeper*>(context)->released(*reverse);
  };
  observer_.uncounted = [](void* context, const elb_flow* forward) {
    static_cast<Sweeper*>(context)->shadow_.active(ELB_FLOW_MEMBER(ELB_LOAD(forward->traffic))).fetch_sub(1);
  };
}

bool Sweeper::is_gone() { return !draining_ && gone_every_ != 0 && ++looks_ % gone_every_ == 0; }

/// A packet that was told "lives until noted + idle" must not see this end. Some time is left for a packet that has
/// been told but not yet acknowledged it.
void Sweeper::compare(const elb_flow& flow, uint32_t limit) {
  if (shadow_.acknowledged(shadow_.slot_of(flow), ELB_LOAD(flow.ctl), now_ - limit)) {
    shadow_.report(Violation::refresh_lost);
  }
  ++compared;
}

void Sweeper::ended(const elb_flow& forward, const elb_flow& reverse, elb_flow_state state, elb_flow_end why) {
  if (why == ELB_END_GONE) {
    ++gone;
    return;
  }
  if (draining_) return;
  spin(400);
  compare(forward, limits_.idle[state]);
  compare(reverse, limits_.idle[state]);
}

/// Called again for the same entry after an agent died in between: then the key is not ours any more, which is right.
void Sweeper::released(const elb_flow& reverse) {
  const uint64_t identity = Shadow::identity(shadow_.slot_of(reverse), ELB_LOAD(reverse.ctl));
  uint64_t owner = identity;
  if (!shadow_.owner_of(reverse).compare_exchange_strong(owner, 0) && giving_back_ != identity) {
    shadow_.report(Violation::not_owner);
  }
  giving_back_ = identity;
}

void Sweeper::sweep_once(uint32_t now, const elb_flow_limits& limits) {
  now_ = now;
  for (uint32_t slot = 0; slot < table_.slots(); ++slot) {
    elb_flow_sweep_slot(&table_.view, slot, now, &limits, &observer_, &counts);
  }
  ++sweeps;
}

void Sweeper::sweep(uint32_t now) {
  for (;;) {
    try {
      sweep_once(now, limits_);
      break;
    } catch (const AgentDied&) {
      ++deaths;
    }
  }
  if (counts.split != 0) shadow_.report(Violation::split);
}

void Sweeper::drain(uint32_t now) {
  elb_flow_limits at_once{};  // longer silent than -1: always
  for (auto& idle : at_once.idle) idle = UINT32_MAX;
  at_once.rest = UINT32_MAX;
  draining_ = true;
  for (int i = 0; i < 3; ++i) sweep_once(now, at_once);
  draining_ = false;
}

}  // namespace elb::test
