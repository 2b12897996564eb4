// SPDX-License-Identifier: Apache-2.0
// Fixture: one table, connections opened in it as a CPU opens them, packets sent through it, and the agent's sweep with
// limits that differ for every state. Thread rule: one thread.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "unit/flow_table/table.h"

namespace elb::test {

/// Makes the agent die at the n-th passing of one pause point.
class DieAt final : public PauseHook {
 public:
  explicit DieAt(std::string_view point, int passing = 1) : point_(point), left_(passing) {}
  void at(std::string_view point) override {
    if (point == point_ && --left_ == 0) throw AgentDied{};
  }

 private:
  std::string_view point_;
  int left_;
};

/// Runs `action` at the first passing of one pause point.
template <typename Action>
class DoAt final : public PauseHook {
 public:
  DoAt(std::string_view point, Action action) : point_(point), action_(action) {}
  void at(std::string_view point) override {
    if (point != point_ || done_) return;
    done_ = true;
    pause_hook = nullptr;
    action_();
    pause_hook = this;
  }
  bool done() const { return done_; }

 private:
  std::string_view point_;
  Action action_;
  bool done_ = false;
};

class FlowTableTest : public testing::Test {
 protected:
  static constexpr uint32_t kStart = 0xFFFFFFF0U;  // ticks: the clock wraps during every test
  static constexpr uint32_t kIdle[ELB_STATE_COUNT] = {10, 100, 40, 5, 20};
  static constexpr uint32_t kRest = 7;

  struct Connection {
    elb_flow_ref forward{}, reverse{};
    elb_flow_key key{}, back{};
  };

  FlowTableTest() : FlowTableTest(256) {}
  explicit FlowTableTest(uint32_t slots) : table(slots) {
    for (int state = 0; state < ELB_STATE_COUNT; ++state) limits.idle[state] = kIdle[state];
    limits.rest = kRest;
    observer.context = this;
    observer.gone = [](void* self, __u16 member) -> int { return of(self).gone_member == member; };
    observer.alive = [](void* self, const elb_flow*, elb_flow_state state) { of(self).alive.push_back(state); };
    observer.ended = [](void* self, const elb_flow*, const elb_flow*, elb_flow_state state, elb_flow_end why) {
      of(self).ended.push_back({state, why});
    };
    observer.revoked = [](void* self, const elb_flow* forward) -> int {
      return of(self).revoked_client == forward->key_addrs >> 32;
    };
    observer.uncounted = [](void* self, const elb_flow*) { --of(self).counted; };
    observer.released = [](void* self, const elb_flow*) { ++of(self).released; };
  }

  /// Client `client` to member 0 by local port `client`, every step as a packet takes it.
  Connection open(uint32_t client, uint32_t now, uint32_t proto = kTcp) {
    Connection made;
    made.key = client_key(client, proto);
    made.back = reply_key(0, client, proto);
    claim(made.key, 0, made.forward);
    claim(made.back, ELB_FLOW_REVERSE, made.reverse);
    publish(made.back, made.reverse, reverse_fields(client, 0, made.forward.slot), ELB_TAKEN, now);
    publish(made.key, made.forward, forward_fields(0, client, made.reverse.slot), ELB_USABLE, now);
    ++counted;
    return made;
  }

  bool find(const elb_flow_key& key, uint32_t phases, elb_flow_ref& ref) {
    return elb_flow_find(&table.view, &key, table.home(key), phases, &ref) != 0;
  }

  /// A packet that changes no flag. True: its connection exists and was told so.
  bool packet(const elb_flow_key& key, uint32_t now) {
    elb_flow_ref ref{};
    uint32_t noted = 0;
    return find(key, ELB_USABLE, ref) && elb_flow_refresh(&table.view, ref.flow, ref.ctl, now, &noted) != 0;
  }

  void mark(const elb_flow_key& key, uint32_t set, uint32_t clear = 0) {
    elb_flow_ref ref{};
    ASSERT_TRUE(find(key, ELB_USABLE, ref));
    counted += elb_flow_mark(&table.view, ref.flow, ref.ctl, set, clear);
  }

  /// One sweep of all slots. False: the agent died in it.
  bool sweep(uint32_t now) {
    alive.clear();
    counts = {};
    try {
      for (uint32_t slot = 0; slot < table.slots(); ++slot) {
        elb_flow_sweep_slot(&table.view, slot, now, &limits, &observer, &counts);
      }
    } catch (const AgentDied&) {
      return false;
    }
    return true;
  }

  uint32_t phase(const elb_flow_ref& ref) const { return elb_flow_phase(ref.flow->ctl); }

  /// Slots in use and bits set in the whole table.
  uint32_t left() const {
    uint32_t sum = 0;
    for (uint32_t slot = 0; slot < table.slots(); ++slot) {
      sum += (elb_flow_phase(table.at(slot).ctl) != ELB_FREE) +
             static_cast<uint32_t>(__builtin_popcount(table.at(slot).home & ELB_HOME_MAP));
    }
    return sum;
  }

  static FlowTableTest& of(void* self) { return *static_cast<FlowTableTest*>(self); }

  struct End {
    elb_flow_state state;
    elb_flow_end why;
  };

  Table table;
  elb_flow_limits limits{};
  elb_flow_observer observer{};
  elb_sweep_counts counts{};
  std::vector<elb_flow_state> alive;
  std::vector<End> ended;
  int released = 0;
  int gone_member = -1;
  uint64_t revoked_client = 0;
  int counted = 0;  // open connections, as packets and sweeps tell

 private:
  void claim(const elb_flow_key& key, uint32_t flags, elb_flow_ref& ref) {
    ASSERT_TRUE(elb_flow_claim(&table.view, table.home(key), flags, &ref));
  }
  void publish(const elb_flow_key& key, elb_flow_ref& ref, const Fields& fields, uint32_t phases, uint32_t now) {
    fill(*ref.flow, key, fields, now);
    elb_flow_ready(&ref);
    elb_flow_ref taken{};
    ASSERT_EQ(elb_flow_link(&table.view, &key, table.home(key), ref.bit, phases, &taken), ELB_LINKED);
    elb_flow_live(ref.flow);
  }
};

}  // namespace elb::test
