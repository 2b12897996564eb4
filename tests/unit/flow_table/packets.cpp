// SPDX-License-Identifier: Apache-2.0
#include "unit/flow_table/packets.h"

namespace elb::test {
namespace {

constexpr int kPortTries = 4;

}  // namespace

void Packets::one(uint32_t now) {
  ++counts.packets;
  if (random_.next() % 256 < 90) {
    from_member(now);
  } else {
    from_client(now);
  }
}

void Packets::from_member(uint32_t now) {
  const uint32_t x = random_.next();
  const elb_flow_key key = reply_key(x % kMembers, (x >> 4) % ports_, x >> 24 < 64 ? kUdp : kTcp);
  elb_flow_ref found{};
  if (!elb_flow_find(&table_.view, &key, table_.home(key), ELB_USABLE, &found)) {
    ++counts.stray;
  } else if (use(found, key, now)) {
    ++counts.reverse;
  }
}

void Packets::from_client(uint32_t now) {
  const uint32_t client = random_.next() % clients_;
  const elb_flow_key key = client_key(client, client % 4 == 0 ? kUdp : kTcp);
  elb_flow_ref found{};
  if (!elb_flow_find(&table_.view, &key, table_.home(key), ELB_USABLE, &found)) {
    open(key, client, now);
  } else if (use(found, key, now)) {
    ++counts.forward;
  }
}

/// Both orders that the table allows: copy and then refresh, which checks; or refresh, copy and check again, as
/// bpf/lib/balance.h does.
bool Packets::use(const elb_flow_ref& found, const elb_flow_key& key, uint32_t now) {
  elb_flow* const flow = found.flow;
  const bool copy_first = random_.next() & 1;
  uint32_t noted = now;
  Fields fields{};
  if (copy_first) {
    fields = copy(*flow);
    ELB_PAUSE(COPIED);
  }
  bool valid = elb_flow_refresh(&table_.view, flow, found.ctl, now, &noted);
  // Since here the connection may not end before noted + idle. An acknowledgement that comes late is a case missed,
  // never a false alarm.
  if (valid) shadow_.acknowledge(found.slot, found.ctl, noted);
  if (valid && !copy_first) {
    fields = copy(*flow);
    ELB_PAUSE(COPIED);
    valid = elb_flow_still(flow, found.ctl);
  }
  if (!valid) {
    ++counts.vanished;
    return false;
  }
  if (fields.sum != fields.expected_sum(key)) shadow_.report(Violation::torn);
  if (key.proto == kTcp) track(found);
  return true;
}

void Packets::track(const elb_flow_ref& found) {
  const bool reverse = found.ctl & ELB_FLOW_REVERSE;
  const uint32_t what = random_.next() % 256;
  uint32_t set = reverse ? ELB_FLOW_SEEN_OUT : ELB_FLOW_SEEN_IN, clear = 0;
  if (what < 4) set |= reverse ? ELB_FLOW_FIN_OUT : ELB_FLOW_FIN_IN;
  if (what == 5) set |= ELB_FLOW_RST;
  if (what == 6 && !reverse) {  // a SYN opens a closed connection anew
    set = 0;
    clear = ELB_FLOW_SEEN_IN | ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT | ELB_FLOW_RST;
  }
  if (what > 6 && (found.ctl & set)) return;
  // Read before: afterwards the entry may be another connection's.
  const uint32_t member = ELB_FLOW_MEMBER(ELB_LOAD(found.flow->traffic));
  shadow_.active(member).fetch_add(elb_flow_mark(&table_.view, found.flow, found.ctl, set, clear));
}

/// Gives back a slot that was never linked: nobody may have used it.
void Packets::give_up(const elb_flow_ref& ref, uint32_t now) {
  if (shadow_.acknowledged(ref.slot, ref.ctl, now)) shadow_.report(Violation::unlinked_used);
  elb_flow_release(ref.flow, ref.ctl);
}

/// One attempt to own the reverse key: true when it is linked.
bool Packets::try_port(const elb_flow_key& key, const Fields& fields, uint32_t now) {
  reverse_home_ = table_.home(key);
  if (!elb_flow_claim(&table_.view, reverse_home_, ELB_FLOW_REVERSE, &reverse_)) return false;
  if (!ELB_BROKEN(PUBLISH_FIRST)) fill(*reverse_.flow, key, fields, now);
  elb_flow_ready(&reverse_);
  ELB_PAUSE(REVERSE_READY);
  elb_flow_ref taken{};
  if (elb_flow_link(&table_.view, &key, reverse_home_, reverse_.bit, ELB_TAKEN, &taken) != ELB_LINKED) {
    give_up(reverse_, now);
    return false;
  }
  ELB_PAUSE(REVERSE_LINKED);
  if (ELB_BROKEN(PUBLISH_FIRST)) fill(*reverse_.flow, key, fields, now);
  elb_flow_live(reverse_.flow);
  return true;
}

bool Packets::claim_port(const elb_flow_key& key, uint32_t client, uint32_t forward_slot, uint32_t now) {
  for (int i = 0; i < kPortTries; ++i) {
    const uint32_t x = random_.next();
    member_ = x % kMembers;
    port_ = (x >> 4) % ports_;
    if (!try_port(reply_key(member_, port_, key.proto), reverse_fields(client, member_, forward_slot), now)) continue;
    owner_ = &shadow_.owner(key.proto, member_, port_);
    uint64_t nobody = 0;
    if (!owner_->compare_exchange_strong(nobody, Shadow::identity(reverse_.slot, reverse_.ctl))) {
      shadow_.report(Violation::two_owners);
    }
    return true;
  }
  return false;
}

void Packets::roll_back() {
  if (ELB_BROKEN(ROLLBACK)) return;
  owner_->store(0);  // first: after the unlink the key may be somebody else's
  elb_flow_unlink(&table_.view, reverse_home_, reverse_.bit);
  ELB_PAUSE(ROLLED_BACK);
  elb_flow_release(reverse_.flow, reverse_.ctl);
}

/// Both entries or none; the forward link commits the pair.
void Packets::open(const elb_flow_key& key, uint32_t client, uint32_t now) {
  const uint32_t home = table_.home(key);
  elb_flow_ref forward{};
  if (!elb_flow_claim(&table_.view, home, 0, &forward)) {
    ++counts.full;
    return;
  }
  if (!claim_port(key, client, forward.slot, now)) {
    ++counts.no_port;
    elb_flow_release(forward.flow, forward.ctl);
    return;
  }
  ELB_PAUSE(REVERSE_OWNED);
  fill(*forward.flow, key, forward_fields(member_, port_, reverse_.slot), now);
  shadow_.active(member_).fetch_add(1);  // before anybody can close it
  elb_flow_ready(&forward);
  ELB_PAUSE(FORWARD_READY);
  elb_flow_ref winner{};
  const int linked = elb_flow_link(&table_.view, &key, home, forward.bit, ELB_USABLE, &winner);
  if (linked != ELB_LINKED) {
    ++counts.rolled_back;
    roll_back();
    if (shadow_.acknowledged(forward.slot, forward.ctl, now)) shadow_.report(Violation::unlinked_used);
    shadow_.active(member_).fetch_sub(elb_flow_withdraw(forward.flow, forward.ctl));
    if (linked == ELB_LINK_TAKEN) use(winner, key, now);
    return;
  }
  ELB_PAUSE(FORWARD_LINKED);
  elb_flow_live(forward.flow);
  ++counts.opened;
}

}  // namespace elb::test
