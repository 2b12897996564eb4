// SPDX-License-Identifier: Apache-2.0
// Shows: PL-05, AC-07.
// PL-05: a connection is taken out of the counters of open ones exactly once, whichever way it ends and whoever sees
// it.
#include "unit/flow_table/connection.h"

namespace elb::test {
namespace {

constexpr uint32_t kReopen = ELB_FLOW_SEEN_IN | ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT | ELB_FLOW_RST;

class FlowCountTest : public FlowTableTest {
 protected:
  void end_all() {
    ASSERT_TRUE(sweep(kStart + 1000));
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(counted, 0);
  }
};

TEST_F(FlowCountTest, SilenceUncounts) {
  open(1, kStart);
  end_all();
}

TEST_F(FlowCountTest, UdpIsCountedToItsEnd) {
  open(1, kStart, kUdp);
  EXPECT_EQ(counted, 1);
  end_all();
}

TEST_F(FlowCountTest, TheSecondFinUncountsAndTheSweepDoesNotAgain) {
  const Connection made = open(1, kStart);
  mark(made.key, ELB_FLOW_FIN_IN);
  EXPECT_EQ(counted, 1);
  mark(made.key, ELB_FLOW_FIN_IN);
  EXPECT_EQ(counted, 1);
  mark(made.back, ELB_FLOW_SEEN_OUT | ELB_FLOW_FIN_OUT);
  EXPECT_EQ(counted, 0);
  mark(made.back, ELB_FLOW_FIN_OUT);
  mark(made.key, ELB_FLOW_RST);
  EXPECT_EQ(counted, 0);
  end_all();
}

TEST_F(FlowCountTest, AResetUncountsOnce) {
  const Connection made = open(1, kStart);
  mark(made.back, ELB_FLOW_RST);
  mark(made.key, ELB_FLOW_RST);
  EXPECT_EQ(counted, 0);
  end_all();
}

TEST_F(FlowCountTest, ASynThatReopensCountsAgain) {
  const Connection made = open(1, kStart);
  for (int i = 0; i < 3; ++i) {
    mark(made.key, ELB_FLOW_RST);
    EXPECT_EQ(counted, 0);
    mark(made.key, 0, kReopen);
    EXPECT_EQ(counted, 1);
    mark(made.key, 0, kReopen);
    EXPECT_EQ(counted, 1);
  }
  end_all();
}

TEST_F(FlowCountTest, AGoneMemberUncountsOpenOnesOnly) {
  open(1, kStart);
  mark(open(2, kStart).key, ELB_FLOW_RST);
  gone_member = 0;
  ASSERT_TRUE(sweep(kStart));
  EXPECT_EQ(ended.size(), 2U);
  EXPECT_EQ(counted, 0);
}

TEST_F(FlowCountTest, AMarkBetweenLookAndCommitIsCountedOnce) {
  const Connection made = open(1, kStart);
  gone_member = 0;
  DoAt hook("FORCE", [&] { mark(made.key, ELB_FLOW_RST); });
  const ScopedHook scope(hook);
  ASSERT_TRUE(sweep(kStart));
  ASSERT_TRUE(hook.done());
  EXPECT_EQ(counted, 0);
}

TEST_F(FlowCountTest, ACommitBetweenLookAndMarkIsCountedOnce) {
  const Connection made = open(1, kStart);
  gone_member = 0;
  DoAt hook("MARK_LOOKED", [&] { ASSERT_TRUE(sweep(kStart)); });
  const ScopedHook scope(hook);
  mark(made.key, ELB_FLOW_RST);
  ASSERT_TRUE(hook.done());
  EXPECT_EQ(counted, 0);
}

TEST_F(FlowCountTest, AC07_ARevokedClientLosesItsConnectionsAndNobodyElse) {
  const Connection out = open(1, kStart), in = open(2, kStart);
  revoked_client = kClientBase + 1;
  ASSERT_TRUE(sweep(kStart));
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].why, ELB_END_REVOKED);
  EXPECT_FALSE(packet(out.key, kStart));
  EXPECT_FALSE(packet(out.back, kStart));
  EXPECT_TRUE(packet(in.key, kStart));
  EXPECT_EQ(counted, 1);
}

}  // namespace
}  // namespace elb::test
