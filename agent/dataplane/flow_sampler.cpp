// SPDX-License-Identifier: Apache-2.0
#include "dataplane/flow_sampler.h"

#include <algorithm>
#include <chrono>

#include "dataplane/traffic_reader.h"

namespace elb::dataplane {
namespace {

uint16_t generation_of(const elb_flow& flow) { return static_cast<uint16_t>(ELB_LOAD(flow.ctl) / ELB_GENERATION); }

/// Every bit of the result hangs on every bit of the input.
uint64_t stir(uint64_t x) {
  x = (x ^ (x >> 31)) * 0x9FB21C651E98DF25ULL;
  x = (x ^ (x >> 29)) * 0x9E3779B97F4A7C15ULL;
  return x ^ (x >> 32);
}

std::string_view why_of(const elb_flow& forward, elb_flow_state state, elb_flow_end why) {
  if (why == ELB_END_GONE) return "member_gone";
  if (why == ELB_END_REVOKED) return "not_allowed";
  switch (state) {
    case ELB_STATE_CLOSED:
      return (ELB_LOAD(forward.ctl) & ELB_FLOW_RST) != 0 ? "reset" : "closed";
    case ELB_STATE_CLOSING:
      return "half_closed";
    case ELB_STATE_OPENING:
      return "unanswered";
    default:
      return "idle";
  }
}

uint32_t earlier(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0 ? a : b; }
uint32_t later(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0 ? b : a; }

}  // namespace

FlowSampler::FlowSampler(uint32_t one_in, uint32_t slots, const TickRate& rate, const Clock& clock,
                         model::TakeFlowEvents take)
    : one_in_(one_in), rate_(rate), clock_(clock), take_(std::move(take)), seen_(slots) {}

void FlowSampler::sweep_begins(uint32_t now, const IndexView& view) {
  now_ = now;
  wall_ = clock_.wall();
  view_ = &view;
}

/// Another occupant of the slot is drawn anew, also if it has the same addresses and ports.
bool FlowSampler::chosen(const elb_flow& forward, uint32_t slot) const {
  const uint64_t which = uint64_t{slot} << 16 | generation_of(forward);
  const uint64_t hash = stir(stir(which) ^ ELB_LOAD(forward.key_addrs) ^ ELB_LOAD(forward.key_ports));
  return (uint64_t{static_cast<uint32_t>(hash)} * one_in_) >> 32 == 0;
}

bool FlowSampler::meets(const elb_flow& forward, uint32_t slot) {
  Seen& seen = seen_[slot];
  const uint16_t generation = generation_of(forward);
  if (seen.is_set && seen.generation == generation) return false;
  // no later than its last packet, no earlier than the sweep before
  seen = {generation, true, !first_, earlier(ELB_LOAD(forward.last), now_)};
  return true;
}

WallTime FlowSampler::wall_at(uint32_t tick) const {
  const auto ago = static_cast<int32_t>(now_ - tick);
  const std::chrono::duration<double> seconds(ago > 0 ? rate_.seconds(static_cast<uint32_t>(ago)) : 0);
  return wall_ - std::chrono::duration_cast<WallTime::duration>(seconds);
}

void FlowSampler::add(model::FlowEvent event) {
  if (events_.size() < kEventsPerSweep)
    events_.push_back(std::move(event));
  else
    ++lost_;
}

void FlowSampler::alive(const elb_table& table, const elb_flow* forward) {
  const auto slot = static_cast<uint32_t>(forward - table.base);
  if (!chosen(*forward, slot) || !meets(*forward, slot) || first_) return;
  model::FlowEvent event;
  const elb_flow* reverse = elb_table_slot(&table, ELB_LOAD(forward->peer));
  event.flow = describe_flow(table, *forward, *reverse, *view_);
  event.opened = wall_at(seen_[slot].opened);
  event.last_packet = wall_at(later(ELB_LOAD(forward->last), ELB_LOAD(reverse->last)));
  event.at = *event.opened;
  add(std::move(event));
}

void FlowSampler::ended(const elb_table& table, const elb_flow* forward, const elb_flow* reverse, elb_flow_state state,
                        elb_flow_end why) {
  const auto slot = static_cast<uint32_t>(forward - table.base);
  if (!chosen(*forward, slot)) return;
  meets(*forward, slot);
  const Seen seen = std::exchange(seen_[slot], Seen{});
  model::FlowEvent event;
  event.flow = describe_flow(table, *forward, *reverse, *view_);
  event.ended = true;
  event.why = why_of(*forward, state, why);
  if (seen.knows_opening) event.opened = wall_at(seen.opened);
  event.last_packet = wall_at(later(ELB_LOAD(forward->last), ELB_LOAD(reverse->last)));
  // its own end, where it had one; else the balancer's word
  event.at = state == ELB_STATE_CLOSED && why == ELB_END_IDLE ? event.last_packet : wall_;
  add(std::move(event));
}

void FlowSampler::sweep_ended() {
  first_ = false;
  if (take_ && (!events_.empty() || lost_ > 0)) take_(events_, lost_);
  events_.clear();
  lost_ = 0;
}

}  // namespace elb::dataplane
