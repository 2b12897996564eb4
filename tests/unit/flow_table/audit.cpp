// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "unit/flow_table/stress.h"

namespace elb::test {
namespace {

constexpr uint32_t kAlive = ELB_PHASE_BIT(ELB_LIVE) | ELB_PHASE_BIT(ELB_DYING);
constexpr uint32_t kHolds = kAlive | ELB_PHASE_BIT(ELB_REST);  // keeps others from its key
// An agent that died may have unlinked these already.
constexpr uint32_t kMaybeUnlinked = ELB_PHASE_BIT(ELB_DEAD) | ELB_PHASE_BIT(ELB_REST);

struct Naming {
  int self = 0;  // how often the home word names the slot
  int same = 0;  // linked entries that hold its key
};

Naming naming(const Table& table, const elb_flow& flow, uint32_t slot) {
  Naming found;
  elb_flow_key key;
  elb_flow_key_of(&flow, &key);
  const uint32_t home = table.home(key);
  for (uint32_t map = table.at(home).home & ELB_HOME_MAP; map; map &= map - 1) {
    const uint32_t named = elb_flow_slot(&table.view, home, elb_lowest_bit(map));
    const elb_flow& other = table.at(named);
    found.self += named == slot;
    found.same += elb_flow_in(other.ctl, kHolds) && elb_flow_has_key(&other, &key);
  }
  return found;
}

/// Do the two directions name each other, and translate into each other?
bool paired(const Table& table, const elb_flow& forward, uint32_t slot, const elb_flow& reverse) {
  return !(forward.ctl & ELB_FLOW_REVERSE) && (reverse.ctl & ELB_FLOW_REVERSE) &&
         (reverse.peer & table.view.mask) == slot && forward.new_dest == reverse.key_addrs >> 32 &&
         forward.new_source == static_cast<uint32_t>(reverse.key_addrs) &&
         reverse.new_dest == forward.key_addrs >> 32 &&
         ELB_FLOW_MEMBER(forward.traffic) == ELB_FLOW_MEMBER(reverse.traffic);
}

void audit_pair(const Table& table, Shadow& shadow, const elb_flow& flow, uint32_t slot) {
  const elb_flow& peer = table.at(flow.peer);
  if (flow.ctl & ELB_FLOW_REVERSE) {
    if (shadow.owner_of(flow) != Shadow::identity(slot, flow.ctl)) shadow.report(Violation::owner_missing);
    // DEAD: the agent died between the two directions and will go on
    const uint32_t phases = kAlive | ELB_PHASE_BIT(ELB_DEAD);
    if (!elb_flow_in(peer.ctl, phases) || !paired(table, peer, flow.peer & table.view.mask, flow)) {
      shadow.report(Violation::half_pair);
    }
  } else if (!elb_flow_in(peer.ctl, kAlive) || !paired(table, flow, slot, peer)) {
    shadow.report(Violation::half_pair);
  }
}

}  // namespace

void audit(const Table& table, Shadow& shadow) {
  std::array<int64_t, kMembers> active{};
  uint64_t bits = 0, named = 0;
  for (uint32_t slot = 0; slot < table.slots(); ++slot) {
    const elb_flow& flow = table.at(slot);
    bits += static_cast<uint64_t>(std::popcount(flow.home & ELB_HOME_MAP));
    if (elb_flow_phase(flow.ctl) == ELB_FREE) continue;
    if (!elb_flow_in(flow.ctl, kAlive | kMaybeUnlinked)) {
      shadow.report(Violation::stuck);
      continue;
    }
    const Naming found = naming(table, flow, slot);
    named += static_cast<uint64_t>(found.self);
    const bool optional = elb_flow_in(flow.ctl, kMaybeUnlinked) && found.self == 0;
    if (found.self != 1 && !optional) shadow.report(Violation::link);
    if (found.same > 1) shadow.report(Violation::duplicate);
    if (!elb_flow_in(flow.ctl, kAlive)) continue;
    audit_pair(table, shadow, flow, slot);
    if (!(flow.ctl & (ELB_FLOW_REVERSE | ELB_FLOW_CLOSED))) ++active[ELB_FLOW_MEMBER(flow.traffic) % kMembers];
  }
  if (bits != named) shadow.report(Violation::dangling);
  for (uint32_t member = 0; member < kMembers; ++member) {
    if (shadow.active(member) != active[member]) shadow.report(Violation::active_count);
  }
}

void audit_empty(const Table& table, Shadow& shadow) {
  for (uint32_t slot = 0; slot < table.slots(); ++slot) {
    const elb_flow& flow = table.at(slot);
    if (elb_flow_phase(flow.ctl) != ELB_FREE || (flow.home & ELB_HOME_MAP)) shadow.report(Violation::leaked);
  }
  for (uint32_t member = 0; member < kMembers; ++member) {
    if (shadow.active(member) != 0) shadow.report(Violation::active_count);
    for (uint32_t port = 0; port < kPorts; ++port) {
      for (const uint32_t proto : {kTcp, kUdp}) {
        if (shadow.owner(proto, member, port) != 0) shadow.report(Violation::leaked);
      }
    }
  }
}

}  // namespace elb::test
