// SPDX-License-Identifier: Apache-2.0
// RB: an agent that dies after any step of ending a connection leaves a table that the next one finishes or takes back.
#include "unit/flow_table/connection.h"

namespace elb::test {
namespace {

class FlowDeathTest : public FlowTableTest, public testing::WithParamInterface<const char*> {
 protected:
  static constexpr uint32_t kEnd = kStart + kIdle[ELB_STATE_OPENING] + 1;

  void die_at(std::string_view point, uint32_t now) {
    DieAt hook(point);
    const ScopedHook scope(hook);
    ASSERT_FALSE(sweep(now)) << "the point was not passed";
  }
};

/// Before the commit: the connection still belongs to its packets.
class FlowDeathBeforeCommit : public FlowDeathTest {};

TEST_P(FlowDeathBeforeCommit, PacketTakesItBack) {
  for (const bool from_member : {false, true}) {
    const Connection made = open(from_member ? 2 : 1, kStart);
    die_at(GetParam(), kEnd);
    // While there is no agent packets go on, for longer than any limit.
    for (uint32_t now = kEnd; now - kStart < 300; now += 5)
      ASSERT_TRUE(packet(from_member ? made.back : made.key, now));
    ASSERT_TRUE(sweep(kStart + 300));
    ASSERT_TRUE(sweep(kStart + 300));  // a reverse slot may lie before its forward slot
    EXPECT_EQ(phase(made.forward), static_cast<uint32_t>(ELB_LIVE));
    EXPECT_EQ(phase(made.reverse), static_cast<uint32_t>(ELB_LIVE));
    EXPECT_TRUE(ended.empty());
    ASSERT_TRUE(sweep(kStart + 400));
    EXPECT_EQ(ended.size(), 1U) << "and it can end later";
    ended.clear();
    ASSERT_TRUE(sweep(kStart + 400 + kRest + 1));
    ASSERT_EQ(left(), 0U);
  }
}

TEST_P(FlowDeathBeforeCommit, NextSweepEndsItIfNobodyObjects) {
  const Connection made = open(1, kStart);
  die_at(GetParam(), kEnd);
  EXPECT_TRUE(ended.empty());
  ASSERT_TRUE(sweep(kEnd));
  EXPECT_EQ(ended.size(), 1U);
  EXPECT_FALSE(packet(made.key, kEnd));
  ASSERT_TRUE(sweep(kEnd + kRest + 1));
  EXPECT_EQ(left(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Points, FlowDeathBeforeCommit, testing::Values("ANNOUNCE_FORWARD", "ANNOUNCED", "COMMIT"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_F(FlowDeathTest, TakingBackIsFinishedByTheNext) {
  const Connection made = open(1, kStart);
  // A packet that had noted the time before the announcement, but not yet looked at the control word; then the death.
  class Script final : public PauseHook {
   public:
    explicit Script(elb_flow& reverse) : reverse_(reverse) {}
    void at(std::string_view point) override {
      if (point == "ANNOUNCE_FORWARD") ELB_STORE(reverse_.last, kEnd);
      if (point == "TAKE_BACK") throw AgentDied{};
    }

   private:
    elb_flow& reverse_;
  } script(*made.reverse.flow);
  {
    const ScopedHook scope(script);
    ASSERT_FALSE(sweep(kEnd));
  }
  EXPECT_EQ(phase(made.forward), static_cast<uint32_t>(ELB_LIVE));
  EXPECT_EQ(phase(made.reverse), static_cast<uint32_t>(ELB_DYING));
  EXPECT_TRUE(packet(made.back, kEnd)) << "the forward word decides";
  ASSERT_TRUE(sweep(kEnd));
  EXPECT_EQ(phase(made.reverse), static_cast<uint32_t>(ELB_LIVE));
  EXPECT_TRUE(ended.empty());
}

/// After the commit: ended for every packet, and finished by the next agent.
class FlowDeathAfterCommit : public FlowDeathTest {};

TEST_P(FlowDeathAfterCommit, NextSweepFinishes) {
  for (const uint32_t grace : {0U, 2U}) {
    limits.grace = grace;
    const Connection made = open(1, kStart);
    die_at(GetParam(), kEnd);
    EXPECT_FALSE(packet(made.key, kEnd));
    EXPECT_FALSE(packet(made.back, kEnd));
    elb_flow_ref ref{};
    EXPECT_TRUE(find(made.back, ELB_TAKEN, ref)) << "the port rests";
    ASSERT_TRUE(sweep(kEnd));
    EXPECT_EQ(ended.size(), 1U) << "told once";
    EXPECT_EQ(phase(made.reverse), static_cast<uint32_t>(ELB_REST));
    ASSERT_TRUE(sweep(kEnd + kRest));
    EXPECT_EQ(phase(made.forward), static_cast<uint32_t>(ELB_FREE));
    EXPECT_EQ(phase(made.reverse), static_cast<uint32_t>(ELB_REST));
    ASSERT_TRUE(sweep(kEnd + kRest + 1));
    EXPECT_EQ(left(), 0U);
    ended.clear();
  }
}

INSTANTIATE_TEST_SUITE_P(Points, FlowDeathAfterCommit,
                         testing::Values("COMMITTED", "FINISH_REVERSE", "FINISH_FORWARD", "FINISH_UNLINKED"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_F(FlowDeathTest, PortTakenAnewAfterItWasUnlinkedStaysWithItsNewOwner) {
  const Connection old = open(1, kStart);
  ASSERT_TRUE(sweep(kEnd));
  const uint32_t later = kEnd + kRest + 1;
  die_at("RELEASE_UNLINKED", later);
  EXPECT_EQ(phase(old.reverse), static_cast<uint32_t>(ELB_REST));
  const Connection made = open(1, later);  // the same port: its key is free
  EXPECT_NE(made.reverse.slot, old.reverse.slot);
  ASSERT_TRUE(sweep(later));
  EXPECT_EQ(phase(old.reverse), static_cast<uint32_t>(ELB_FREE));
  EXPECT_TRUE(packet(made.back, later));
  EXPECT_TRUE(packet(made.key, later));
}

TEST_F(FlowDeathTest, GraceOfTheForwardSlotSurvivesEveryDeath) {
  limits.grace = 3;
  for (const char* point : {"COMMITTED", "FINISH_REVERSE", "FINISH_FORWARD", "FINISH_UNLINKED"}) {
    const Connection made = open(1, kStart);
    die_at(point, kEnd);
    ASSERT_TRUE(sweep(kEnd + 1));
    EXPECT_EQ(phase(made.forward), static_cast<uint32_t>(ELB_DEAD)) << point;
    ASSERT_TRUE(sweep(kEnd + 1 + limits.grace + kRest));
    ASSERT_TRUE(sweep(kEnd + 1 + limits.grace + kRest));
    ASSERT_EQ(left(), 0U) << point;
  }
}

TEST_F(FlowDeathTest, AgentsThatDieOneAfterTheOtherGetThere) {
  open(1, kStart);
  open(2, kStart);
  for (const char* point : {"ANNOUNCE_FORWARD", "ANNOUNCED", "COMMIT", "COMMITTED", "FINISH_REVERSE", "FINISH_FORWARD",
                            "FINISH_UNLINKED"}) {
    die_at(point, kEnd);
  }
  ASSERT_TRUE(sweep(kEnd));
  EXPECT_EQ(ended.size(), 2U);
  die_at("RELEASE_UNLINKED", kEnd + kRest + 1);
  ASSERT_TRUE(sweep(kEnd + kRest + 1));
  EXPECT_EQ(left(), 0U);
}

}  // namespace
}  // namespace elb::test
