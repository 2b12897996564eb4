// SPDX-License-Identifier: Apache-2.0
// The agent's side, one thread: when a connection ends, what becomes of its port, and what a packet can prevent.
#include "unit/flow_table/connection.h"

namespace elb::test {
namespace {

struct StateCase {
  const char* name;
  elb_flow_state state;
  uint32_t proto;
  uint32_t flags;
};

class FlowLimitTest : public FlowTableTest, public testing::WithParamInterface<StateCase> {};

TEST_P(FlowLimitTest, LivesToItsLimitAndNotLonger) {
  const StateCase& tested = GetParam();
  const Connection made = open(1, kStart, tested.proto);
  mark(made.key, tested.flags);
  ASSERT_TRUE(sweep(kStart + kIdle[tested.state]));
  ASSERT_EQ(alive, std::vector{tested.state});
  EXPECT_TRUE(ended.empty());
  EXPECT_EQ(counts.live, 1U);
  EXPECT_EQ(counts.used, 2U);
  ASSERT_TRUE(sweep(kStart + kIdle[tested.state] + 1));
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].state, tested.state);
  EXPECT_EQ(ended[0].why, ELB_END_IDLE);
  EXPECT_EQ(counts.ended, 1U);
  EXPECT_FALSE(packet(made.key, kStart + kIdle[tested.state] + 1));
  EXPECT_FALSE(packet(made.back, kStart + kIdle[tested.state] + 1));
}

INSTANTIATE_TEST_SUITE_P(
    States, FlowLimitTest,
    testing::Values(StateCase{"Opening", ELB_STATE_OPENING, kTcp, 0},
                    StateCase{"Established", ELB_STATE_ESTABLISHED, kTcp, ELB_FLOW_SEEN_IN | ELB_FLOW_SEEN_OUT},
                    StateCase{"Closing", ELB_STATE_CLOSING, kTcp, ELB_FLOW_FIN_IN},
                    StateCase{"Closed", ELB_STATE_CLOSED, kTcp, ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT},
                    StateCase{"Reset", ELB_STATE_CLOSED, kTcp, ELB_FLOW_RST}, StateCase{"Udp", ELB_STATE_UDP, kUdp, 0}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(FlowTableTest, EitherDirectionKeepsTheConnection) {
  const Connection made = open(1, kStart);
  const uint32_t limit = kIdle[ELB_STATE_OPENING];
  EXPECT_TRUE(packet(made.back, kStart + limit));  // the client is silent
  ASSERT_TRUE(sweep(kStart + limit + 1));
  EXPECT_TRUE(ended.empty());
  EXPECT_EQ(counts.objected, 1U);
  EXPECT_TRUE(packet(made.key, kStart + 2 * limit));  // the member is silent
  ASSERT_TRUE(sweep(kStart + 2 * limit + 1));
  EXPECT_TRUE(ended.empty());
  EXPECT_EQ(phase(made.forward), static_cast<uint32_t>(ELB_LIVE));
  EXPECT_EQ(phase(made.reverse), static_cast<uint32_t>(ELB_LIVE));
}

/// A packet arrives exactly while the agent is at `point`: told "yes", it must find its connection afterwards.
class FlowObjectTest : public FlowTableTest, public testing::WithParamInterface<std::tuple<const char*, bool>> {};

TEST_P(FlowObjectTest, PacketBeforeTheCommitKeepsTheConnection) {
  const auto& [point, from_member] = GetParam();
  const Connection made = open(1, kStart);
  const uint32_t now = kStart + kIdle[ELB_STATE_OPENING] + 1;
  const elb_flow_key& key = from_member ? made.back : made.key;
  bool told = false;
  DoAt hook(point, [&] { told = packet(key, now); });
  {
    const ScopedHook scope(hook);
    ASSERT_TRUE(sweep(now));
  }
  ASSERT_TRUE(hook.done());
  EXPECT_TRUE(told);
  EXPECT_TRUE(ended.empty());
  EXPECT_EQ(counts.objected, 1U);
  ASSERT_TRUE(sweep(now));
  EXPECT_EQ(phase(made.forward), static_cast<uint32_t>(ELB_LIVE));
  EXPECT_EQ(phase(made.reverse), static_cast<uint32_t>(ELB_LIVE));
  EXPECT_TRUE(packet(made.key, now));
  EXPECT_TRUE(packet(made.back, now));
}

INSTANTIATE_TEST_SUITE_P(Points, FlowObjectTest,
                         testing::Combine(testing::Values("ANNOUNCE_FORWARD", "ANNOUNCED", "COMMIT"), testing::Bool()),
                         [](const auto& tested) {
                           return std::string(std::get<0>(tested.param)) +
                                  (std::get<1>(tested.param) ? "_member" : "_client");
                         });

/// One packet notes the time too late for the agent and is stopped before it can object; a second one finds its tick
/// noted. It may not rely on the first.
TEST_F(FlowTableTest, PacketOfATickThatIsNotedObjectsForItself) {
  for (const bool from_member : {false, true}) {
    const Connection made = open(from_member ? 2 : 1, kStart);
    const uint32_t now = kStart + kIdle[ELB_STATE_OPENING] + 1;
    bool told = false;
    DoAt hook("COMMIT", [&] {
      ELB_STORE((from_member ? made.reverse : made.forward).flow->last, now);
      told = packet(from_member ? made.back : made.key, now);
    });
    {
      const ScopedHook scope(hook);
      ASSERT_TRUE(sweep(now));
    }
    ASSERT_TRUE(hook.done());
    EXPECT_TRUE(told);
    EXPECT_TRUE(ended.empty());
    gone_member = 0;
    ASSERT_TRUE(sweep(now));
    gone_member = -1;
    ended.clear();
    ASSERT_TRUE(sweep(now + kRest + 1));
  }
}

TEST_F(FlowTableTest, PacketAfterTheCommitIsRefused) {
  const Connection made = open(1, kStart);
  const uint32_t now = kStart + kIdle[ELB_STATE_OPENING] + 1;
  bool told = true, told_member = true;
  DoAt hook("COMMITTED", [&] {
    told = packet(made.key, now);
    told_member = packet(made.back, now);
  });
  const ScopedHook scope(hook);
  ASSERT_TRUE(sweep(now));
  ASSERT_TRUE(hook.done());
  EXPECT_FALSE(told);
  EXPECT_FALSE(told_member);
  EXPECT_EQ(ended.size(), 1U);
}

TEST_F(FlowTableTest, FlagSetDuringTheAnnouncementKeepsTheConnection) {
  const Connection made = open(1, kStart);
  const uint32_t now = kStart + kIdle[ELB_STATE_OPENING] + 1;
  DoAt hook("COMMIT", [&] { mark(made.key, ELB_FLOW_SEEN_IN | ELB_FLOW_SEEN_OUT); });
  {
    const ScopedHook scope(hook);
    ASSERT_TRUE(sweep(now));
  }
  EXPECT_TRUE(ended.empty());
  ASSERT_TRUE(sweep(now));
  EXPECT_EQ(alive, std::vector{ELB_STATE_ESTABLISHED}) << "its limit is another one now";
}

TEST_F(FlowTableTest, PortRestsAfterTheEnd) {
  const Connection made = open(1, kStart);
  const uint32_t end = kStart + kIdle[ELB_STATE_OPENING] + 1;
  ASSERT_TRUE(sweep(end));
  EXPECT_EQ(phase(made.forward), static_cast<uint32_t>(ELB_FREE));
  EXPECT_EQ(phase(made.reverse), static_cast<uint32_t>(ELB_REST));
  ASSERT_TRUE(sweep(end + kRest));
  EXPECT_EQ(counts.resting, 1U);
  EXPECT_EQ(released, 0);
  elb_flow_ref ref{};
  EXPECT_TRUE(find(made.back, ELB_TAKEN, ref)) << "the port must not be handed out";
  EXPECT_FALSE(find(made.back, ELB_USABLE, ref));
  ASSERT_TRUE(sweep(end + kRest + 1));
  EXPECT_EQ(counts.released, 1U);
  EXPECT_EQ(released, 1);
  EXPECT_EQ(left(), 0U);
  open(1, end + kRest + 1);  // asserts that the same port can be linked
}

TEST_F(FlowTableTest, ClientMayComeBackWhileItsOldPortRests) {
  open(1, kStart);
  const uint32_t end = kStart + kIdle[ELB_STATE_OPENING] + 1;
  ASSERT_TRUE(sweep(end));
  elb_flow_ref ref{}, taken{};
  const elb_flow_key key = client_key(1);
  ASSERT_TRUE(elb_flow_claim(&table.view, table.home(key), 0, &ref));
  EXPECT_EQ(elb_flow_link(&table.view, &key, table.home(key), ref.bit, ELB_USABLE, &taken), ELB_LINKED);
}

TEST_F(FlowTableTest, ForwardSlotIsKeptBackForTheGrace) {
  limits.grace = 2;
  const Connection made = open(1, kStart);
  const uint32_t end = kStart + kIdle[ELB_STATE_OPENING] + 1;
  ASSERT_TRUE(sweep(end));
  EXPECT_EQ(phase(made.forward), static_cast<uint32_t>(ELB_DEAD));
  ASSERT_TRUE(sweep(end + 2));
  EXPECT_EQ(phase(made.forward), static_cast<uint32_t>(ELB_DEAD));
  ASSERT_TRUE(sweep(end + 3));
  EXPECT_EQ(phase(made.forward), static_cast<uint32_t>(ELB_FREE));
  EXPECT_EQ(ended.size(), 1U);
  ASSERT_TRUE(sweep(end + kRest + 1));
  EXPECT_EQ(left(), 0U);
}

TEST_F(FlowTableTest, GoneMemberEndsItsConnectionsAtOnce) {
  const Connection made = open(1, kStart);
  mark(made.key, ELB_FLOW_SEEN_IN | ELB_FLOW_SEEN_OUT);
  gone_member = 1;
  ASSERT_TRUE(sweep(kStart));
  EXPECT_TRUE(ended.empty());
  gone_member = 0;
  ASSERT_TRUE(sweep(kStart));
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].why, ELB_END_GONE);
  EXPECT_EQ(ended[0].state, ELB_STATE_ESTABLISHED);
  EXPECT_FALSE(packet(made.key, kStart));
  EXPECT_EQ(phase(made.reverse), static_cast<uint32_t>(ELB_REST));
}

TEST_F(FlowTableTest, EntryThatIsNotLinkedYetIsLeftAlone) {
  const elb_flow_key key = client_key(1);
  elb_flow_ref ref{};
  ASSERT_TRUE(elb_flow_claim(&table.view, table.home(key), 0, &ref));
  gone_member = 0;
  ASSERT_TRUE(sweep(kStart + 1000000));
  EXPECT_EQ(phase(ref), static_cast<uint32_t>(ELB_BUSY));
  fill(*ref.flow, key, forward_fields(0, 1, 0), kStart);
  elb_flow_ready(&ref);
  ASSERT_TRUE(sweep(kStart + 1000000));
  EXPECT_EQ(phase(ref), static_cast<uint32_t>(ELB_READY)) << "its CPU may be stopped for as long as it likes";
}

TEST_F(FlowTableTest, ForwardEntryWithoutItsReverseIsEndedAndReported) {
  const Connection made = open(1, kStart);
  made.reverse.flow->ctl = elb_flow_with_phase(made.reverse.flow->ctl, ELB_REST);
  ASSERT_TRUE(sweep(kStart + kIdle[ELB_STATE_OPENING] + 1));
  EXPECT_EQ(counts.split, 1U);
  EXPECT_EQ(phase(made.forward), static_cast<uint32_t>(ELB_FREE));
}

}  // namespace
}  // namespace elb::test
