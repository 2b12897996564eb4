// SPDX-License-Identifier: Apache-2.0
// Which connections are recorded, what their records say, and that none is told twice or forgotten.
#include "dataplane/flow_sampler.h"

#include <gtest/gtest.h>

#include <map>

#include "dataplane/flow_sweeper.h"
#include "harness/manual_clock.h"
#include "harness/snapshot_builder.h"
#include "unit/dataplane/flow_fixture.h"

namespace elb::dataplane {
namespace {

using model::FlowEvent;
using test::FlowFixture;
using test::listener_id;
using test::member_id;

constexpr TickRate kRate{250, 7};      // 0.512 s
constexpr uint32_t kNow = 0xFFFFFFF0;  // the clock wraps on the way
constexpr uint32_t kMembers = 16;
constexpr double kTicksPerSecond = 1.953125;

class FlowSamplerTest : public testing::Test {
 protected:
  FlowSamplerTest() {
    view.pairs[1] = {*parse_uuid(listener_id(1)), *parse_uuid(member_id(1))};
    view.live.resize(kMembers);
    view.live[1] = true;
    begin(1);
  }
  /// A sampler that has not looked yet.
  void begin(uint32_t one_in) {
    sampler = std::make_unique<FlowSampler>(one_in, flows.table.mask + 1, kRate, clock,
                                            [this](const std::vector<FlowEvent>& events, uint64_t more) {
                                              told.insert(told.end(), events.begin(), events.end());
                                              lost += more;
                                            });
  }
  /// What is told by a sweep so many seconds after the beginning.
  std::vector<FlowEvent> sweep(double at_s = 0) {
    const uint32_t now = tick(at_s);
    clock.advance(std::chrono::milliseconds(static_cast<int64_t>((at_s - at_s_) * 1000)));
    at_s_ = at_s;
    told.clear();
    sampler->sweep_begins(now, view);
    sweep_once(
        flows.table, now, limits, view, kMembers, [] { return false; }, nullptr, &revocations, sampler.get());
    sampler->sweep_ended();
    return told;
  }
  static uint32_t tick(double at_s) { return kNow + static_cast<uint32_t>(at_s * kTicksPerSecond); }
  static void establish(const FlowFixture::Flow& flow) { flow.forward->ctl |= ELB_FLOW_SEEN_IN | ELB_FLOW_SEEN_OUT; }
  double seconds_since(WallTime time) const { return std::chrono::duration<double>(clock.wall() - time).count(); }

  FlowFixture flows;
  IndexView view;
  test::ManualClock clock;
  elb_flow_limits limits = limits_of(FlowTimes{}, kRate);
  Revocations revocations;
  std::unique_ptr<FlowSampler> sampler;
  std::vector<FlowEvent> told;
  uint64_t lost = 0;

 private:
  double at_s_ = 0;
};

TEST_F(FlowSamplerTest, TellsTheOpeningOnceAndTheEndOnce) {
  EXPECT_TRUE(sweep().empty());
  const auto flow = flows.open(7, 1, tick(1));
  establish(flow);
  const auto opened = sweep(1.5);
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_FALSE(opened[0].ended);
  EXPECT_EQ(opened[0].flow.client.to_string(), "10.1.1.7:1007");
  EXPECT_EQ(opened[0].flow.vip.to_string(), "192.0.2.1:80");
  EXPECT_EQ(opened[0].flow.local.to_string(), "100.125.0.2:2007");
  EXPECT_EQ(opened[0].flow.member.to_string(), "10.1.2.2:8080");
  EXPECT_EQ(opened[0].flow.listener_id, listener_id(1));
  EXPECT_EQ(opened[0].flow.member_id, member_id(1));
  EXPECT_NEAR(seconds_since(opened[0].at), 0.5, 0.6) << "its last packet is the nearest that is known";
  EXPECT_TRUE(sweep(3).empty()) << "nothing new";

  flow.forward->ctl |= ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT;
  flow.forward->last = flow.reverse->last = tick(5);
  flow.forward->packets = 4;
  flow.forward->traffic = ELB_FLOW_TRAFFIC(400, 1);
  flow.reverse->packets = 3;
  flow.reverse->traffic = ELB_FLOW_TRAFFIC(3000, 1);
  EXPECT_TRUE(sweep(6).empty()) << "closed ones stay for late segments";
  const auto ended = sweep(17);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_TRUE(ended[0].ended);
  EXPECT_EQ(ended[0].why, "closed");
  EXPECT_EQ(ended[0].flow.packets_in, 4U);
  EXPECT_EQ(ended[0].flow.bytes_in, 400U);
  EXPECT_EQ(ended[0].flow.packets_out, 3U);
  EXPECT_EQ(ended[0].flow.bytes_out, 3000U);
  ASSERT_TRUE(ended[0].opened);
  EXPECT_NEAR(seconds_since(*ended[0].opened), 16, 1.1);
  EXPECT_NEAR(seconds_since(ended[0].last_packet), 12, 1.1);
  EXPECT_EQ(ended[0].at, ended[0].last_packet) << "it closed then, whenever the sweep came by";
  EXPECT_TRUE(sweep(20).empty());
  EXPECT_TRUE(sweep(90).empty()) << "its slot and port are free again";
}

TEST_F(FlowSamplerTest, SaysWhyEachOneEnded) {
  sweep();
  const auto make = [&](uint32_t n, uint32_t flags, uint8_t proto = IPPROTO_TCP) {
    flows.open(n, 1, tick(0), proto).forward->ctl |= flags;
  };
  const uint32_t seen = ELB_FLOW_SEEN_IN | ELB_FLOW_SEEN_OUT;
  make(1, seen);
  make(2, seen | ELB_FLOW_FIN_IN);
  make(3, seen | ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT);
  make(4, seen | ELB_FLOW_RST);
  make(5, 0);
  make(6, 0, IPPROTO_UDP);
  EXPECT_EQ(sweep(1).size(), 6U);
  std::map<uint16_t, std::string_view> why;
  for (const double at : {15, 40, 80, 400})
    for (const FlowEvent& event : sweep(at)) why[static_cast<uint16_t>(event.flow.client.port - 1000)] = event.why;
  EXPECT_EQ(why, (std::map<uint16_t, std::string_view>{
                     {1, "idle"}, {2, "half_closed"}, {3, "closed"}, {4, "reset"}, {5, "unanswered"}, {6, "idle"}}));
}

TEST_F(FlowSamplerTest, OfARemovedMemberTheIdsAreStillTold) {
  sweep();
  establish(flows.open(1, 1, tick(0)));
  sweep(1);
  view.live[1] = false;  // neither listener nor member are configured any more
  const auto ended = sweep(2);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].why, "member_gone");
  EXPECT_EQ(ended[0].flow.member_id, member_id(1));
  EXPECT_EQ(ended[0].at, clock.wall());
}

/// The agent before has told of their opening; when that was is not known any more.
TEST_F(FlowSamplerTest, WhatWasOpenAtTheStartIsNotToldAsOpened) {
  const auto old = flows.open(1, 1, tick(0));
  old.forward->ctl |= ELB_FLOW_RST;
  EXPECT_TRUE(sweep().empty());
  EXPECT_TRUE(sweep(2).empty());
  const auto ended = sweep(15);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_FALSE(ended[0].opened);
}

/// A slot is taken again by another connection: that is another draw and another record.
TEST_F(FlowSamplerTest, TheNextOneInASlotIsANewOne) {
  sweep();
  const auto first = flows.open(1, 1, tick(0));
  first.forward->ctl |= ELB_FLOW_RST;
  EXPECT_EQ(sweep(1).size(), 1U);
  EXPECT_EQ(sweep(15).size(), 1U);
  sweep(100);
  const auto second = flows.open(1, 1, tick(101));
  ASSERT_EQ(second.slot, first.slot);
  const auto opened = sweep(101);
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_FALSE(opened[0].ended);
}

TEST_F(FlowSamplerTest, OneInNIsChosenAndTheSameByEveryAgent) {
  FlowFixture big(1U << 15);
  std::swap(flows, big);
  begin(10);
  sweep();
  constexpr uint32_t kFlows = 4000;
  for (uint32_t n = 0; n < kFlows; ++n) flows.open(n, 1, tick(0)).forward->ctl |= ELB_FLOW_RST;
  const auto opened = sweep(1);
  EXPECT_NEAR(static_cast<double>(opened.size()), kFlows / 10.0, 60) << "three standard deviations";
  begin(10);  // a restart
  sweep(2);
  const auto ended = sweep(15);
  ASSERT_EQ(ended.size(), opened.size());
  for (size_t i = 0; i < ended.size(); ++i) EXPECT_EQ(ended[i].flow.client, opened[i].flow.client);
}

TEST_F(FlowSamplerTest, WhatIsTooMuchForOneSweepIsCounted) {
  FlowFixture big(1U << 18);
  std::swap(flows, big);
  begin(1);
  sweep();
  constexpr uint32_t kFlows = FlowSampler::kEventsPerSweep + 500;
  for (uint32_t n = 0; n < kFlows; ++n) flows.open(n, 1, tick(0));
  EXPECT_EQ(sweep(1).size(), FlowSampler::kEventsPerSweep);
  EXPECT_EQ(lost, 500U);
}

TEST_F(FlowSamplerTest, BothFamilies) {
  sweep();
  flows.make_six(flows.open(1, 1, tick(0)), *IpAddress::parse("2001:db8:9::7"));
  const auto opened = sweep(1);
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].flow.client.to_string(), "[2001:db8:9::7]:1001");
  EXPECT_EQ(opened[0].flow.member.to_string(), "[2001:db8:2::2]:8080");
}

}  // namespace
}  // namespace elb::dataplane
