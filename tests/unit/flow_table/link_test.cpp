// SPDX-License-Identifier: Apache-2.0
// Inserting and finding, one thread: what each function promises to the packet path.
#include <algorithm>

#include "unit/flow_table/connection.h"

namespace elb::test {
namespace {

TEST_F(FlowTableTest, BothDirectionsAreFoundWithTheirFields) {
  const Connection made = open(5, kStart);
  for (const auto& [key, want] : {std::pair{made.key, forward_fields(0, 5, made.reverse.slot)},
                                  std::pair{made.back, reverse_fields(5, 0, made.forward.slot)}}) {
    elb_flow_ref ref{};
    ASSERT_TRUE(find(key, ELB_USABLE, ref));
    EXPECT_EQ(elb_flow_phase(ref.ctl), static_cast<uint32_t>(ELB_LIVE));
    const Fields fields = copy(*ref.flow);
    EXPECT_EQ(fields.dest, want.dest);
    EXPECT_EQ(fields.ports, want.ports);
    EXPECT_EQ(fields.sum, fields.expected_sum(key));
  }
}

TEST_F(FlowTableTest, KeyMatchesInAllItsParts) {
  const Connection made = open(5, kStart);
  elb_flow_ref ref{};
  elb_flow_key other = made.key;
  other.proto = kUdp;
  EXPECT_FALSE(find(other, ELB_USABLE, ref));
  other = made.key;
  other.ports ^= 1;
  EXPECT_FALSE(find(other, ELB_USABLE, ref));
  other = made.key;
  other.addrs ^= uint64_t{1} << 32;
  EXPECT_FALSE(find(other, ELB_USABLE, ref));
  EXPECT_EQ(ref.flow, nullptr);
  EXPECT_FALSE(find(made.key, ELB_PHASE_BIT(ELB_REST), ref)) << "only the phases that were asked for";
}

TEST_F(FlowTableTest, SecondLinkOfAKeyIsRefusedAndNamesTheFirst) {
  const Connection made = open(5, kStart);
  const uint32_t home = table.home(made.back);
  elb_flow_ref mine{}, taken{};
  ASSERT_TRUE(elb_flow_claim(&table.view, home, ELB_FLOW_REVERSE, &mine));
  fill(*mine.flow, made.back, reverse_fields(6, 0, 0), kStart);
  elb_flow_ready(&mine);
  const uint32_t word = table.at(home).home;
  EXPECT_EQ(elb_flow_link(&table.view, &made.back, home, mine.bit, ELB_TAKEN, &taken), ELB_LINK_TAKEN);
  EXPECT_EQ(taken.slot, made.reverse.slot);
  EXPECT_EQ(table.at(home).home, word);
  elb_flow_release(mine.flow, mine.ctl);
  EXPECT_EQ(phase(mine), static_cast<uint32_t>(ELB_FREE));
  EXPECT_TRUE(packet(made.back, kStart));
}

TEST_F(FlowTableTest, LinkGivesUpAfterItsTriesWhenTheHomeWordKeepsChanging) {
  class Restless final : public PauseHook {
   public:
    explicit Restless(uint32_t& word) : word_(word) {}
    void at(std::string_view point) override {
      if (point != "LINK_SEARCHED") return;
      word_ += ELB_VERSION;
      ++passed;
    }
    int passed = 0;

   private:
    uint32_t& word_;
  };
  const elb_flow_key key = client_key(1);
  elb_flow_ref mine{}, taken{};
  ASSERT_TRUE(elb_flow_claim(&table.view, table.home(key), 0, &mine));
  Restless hook(table.at(table.home(key)).home);
  const ScopedHook scope(hook);
  EXPECT_EQ(elb_flow_link(&table.view, &key, table.home(key), mine.bit, ELB_USABLE, &taken), ELB_LINK_RACED);
  EXPECT_EQ(hook.passed, ELB_LINK_TRIES);
  EXPECT_EQ(table.at(table.home(key)).home & ELB_HOME_MAP, 0U);
}

TEST_F(FlowTableTest, EveryChangeOfAHomeWordStepsItsVersion) {
  const elb_flow_key key = client_key(1);
  const uint32_t home = table.home(key);
  elb_flow_ref ref{}, taken{};
  ASSERT_TRUE(elb_flow_claim(&table.view, home, 0, &ref));
  const uint32_t before = table.at(home).home >> 16;
  ASSERT_EQ(elb_flow_link(&table.view, &key, home, ref.bit, ELB_USABLE, &taken), ELB_LINKED);
  EXPECT_EQ(table.at(home).home >> 16, before + 1);
  EXPECT_EQ(table.at(home).home & ELB_HOME_MAP, 1U << ref.bit);
  elb_flow_unlink(&table.view, home, ref.bit);
  EXPECT_EQ(table.at(home).home >> 16, before + 2);
  EXPECT_EQ(table.at(home).home & ELB_HOME_MAP, 0U);
}

TEST_F(FlowTableTest, ClaimTakesAllSlotsOfItsWindowsAndThenRefuses) {
  const uint32_t home = table.home(client_key(1));
  std::vector<uint32_t> windows, claimed;
  for (uint32_t bit = 0; bit < ELB_WINDOW_SLOTS; ++bit) windows.push_back(elb_flow_slot(&table.view, home, bit));
  std::sort(windows.begin(), windows.end());
  windows.erase(std::unique(windows.begin(), windows.end()), windows.end());
  elb_flow_ref ref{}, last{};
  while (elb_flow_claim(&table.view, home, 0, &ref)) {
    EXPECT_EQ(phase(ref), static_cast<uint32_t>(ELB_BUSY));
    claimed.push_back(ref.slot);
    last = ref;
    ASSERT_LE(claimed.size(), size_t{ELB_WINDOW_SLOTS});
  }
  std::sort(claimed.begin(), claimed.end());
  EXPECT_EQ(claimed, windows);
  elb_flow_release(last.flow, last.ctl);
  ASSERT_TRUE(elb_flow_claim(&table.view, home, 0, &ref));
  EXPECT_EQ(ref.slot, last.slot);
  EXPECT_EQ(elb_flow_generation(ref.ctl), elb_flow_generation(last.ctl) + 1) << "an old reference must not match";
}

TEST_F(FlowTableTest, GenerationWrapsWithoutTouchingThePhase) {
  const uint32_t home = table.home(client_key(1));
  table.at(elb_flow_slot(&table.view, home, 0)).ctl = 0xFFFF0000U | ELB_FREE;
  elb_flow_ref ref{};
  ASSERT_TRUE(elb_flow_claim(&table.view, home, ELB_FLOW_REVERSE, &ref));
  EXPECT_EQ(ref.ctl, ELB_FLOW_REVERSE | ELB_BUSY);
}

TEST_F(FlowTableTest, RefreshNotesTheTimeOnlyForward) {
  const Connection made = open(5, kStart);
  uint32_t noted = 0;
  EXPECT_TRUE(elb_flow_refresh(&table.view, made.forward.flow, made.forward.ctl, kStart + 3, &noted));
  EXPECT_EQ(noted, kStart + 3);
  EXPECT_TRUE(elb_flow_refresh(&table.view, made.forward.flow, made.forward.ctl, kStart + 1, &noted));
  EXPECT_EQ(noted, kStart + 3) << "a packet that was stopped has an old time";
  EXPECT_EQ(made.forward.flow->last, kStart + 3);
  EXPECT_TRUE(elb_flow_refresh(&table.view, made.forward.flow, made.forward.ctl, kStart + 0x20, &noted));
  EXPECT_EQ(made.forward.flow->last, 0x10U) << "the clock wraps";
}

TEST_F(FlowTableTest, RefreshRefusesAnotherOccupantOfTheSlot) {
  const Connection made = open(5, kStart);
  const uint32_t ctl = made.forward.flow->ctl;
  uint32_t noted = 0;
  made.forward.flow->ctl = ctl + ELB_GENERATION;
  EXPECT_FALSE(elb_flow_refresh(&table.view, made.forward.flow, ctl, kStart, &noted));
  EXPECT_FALSE(elb_flow_still(made.forward.flow, ctl));
  elb_flow_mark(&table.view, made.forward.flow, ctl, ELB_FLOW_RST, 0);
  EXPECT_EQ(made.forward.flow->ctl, ctl + ELB_GENERATION) << "a late RST must not mark the next connection";
  for (const uint32_t unusable : {ELB_FREE, ELB_BUSY, ELB_DEAD, ELB_REST}) {
    made.forward.flow->ctl = elb_flow_with_phase(ctl, unusable);
    EXPECT_FALSE(elb_flow_refresh(&table.view, made.forward.flow, ctl, kStart, &noted)) << unusable;
    EXPECT_FALSE(elb_flow_still(made.forward.flow, ctl)) << unusable;
  }
}

TEST_F(FlowTableTest, MarksGoToTheForwardWord) {
  const Connection made = open(5, kStart);
  mark(made.key, ELB_FLOW_SEEN_IN);
  mark(made.back, ELB_FLOW_SEEN_OUT | ELB_FLOW_FIN_OUT);
  const uint32_t flags = ELB_FLOW_SEEN_IN | ELB_FLOW_SEEN_OUT | ELB_FLOW_FIN_OUT;
  EXPECT_EQ(made.forward.flow->ctl & 0xFFF8U, flags);
  EXPECT_EQ(made.reverse.flow->ctl & 0xFFF8U, ELB_FLOW_REVERSE | ELB_FLOW_SEEN_OUT) << "only a note, no state";
  mark(made.key, 0, flags);
  EXPECT_EQ(made.forward.flow->ctl & 0xFFF8U, 0U);
  EXPECT_EQ(phase(made.forward), static_cast<uint32_t>(ELB_LIVE));
}

TEST_F(FlowTableTest, StateFollowsFromFlags) {
  const uint32_t seen = ELB_FLOW_SEEN_IN | ELB_FLOW_SEEN_OUT;
  EXPECT_EQ(elb_flow_state_of(kTcp, ELB_LIVE), ELB_STATE_OPENING);
  EXPECT_EQ(elb_flow_state_of(kTcp, ELB_LIVE | ELB_FLOW_SEEN_OUT), ELB_STATE_OPENING);
  EXPECT_EQ(elb_flow_state_of(kTcp, ELB_LIVE | seen), ELB_STATE_ESTABLISHED);
  EXPECT_EQ(elb_flow_state_of(kTcp, ELB_LIVE | seen | ELB_FLOW_FIN_OUT), ELB_STATE_CLOSING);
  EXPECT_EQ(elb_flow_state_of(kTcp, ELB_LIVE | seen | ELB_FLOW_FIN_OUT | ELB_FLOW_FIN_IN), ELB_STATE_CLOSED);
  EXPECT_EQ(elb_flow_state_of(kTcp, ELB_LIVE | ELB_FLOW_RST), ELB_STATE_CLOSED);
  EXPECT_EQ(elb_flow_state_of(kUdp, ELB_LIVE | seen), ELB_STATE_UDP);
}

}  // namespace
}  // namespace elb::test
