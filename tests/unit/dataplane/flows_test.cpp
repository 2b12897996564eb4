// SPDX-License-Identifier: Apache-2.0
// Shows: MB-06.
// Sweeping and reading a flow table that lies in plain memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/flow_sweeper.h"
#include "dataplane/traffic_reader.h"
#include "harness/snapshot_builder.h"
#include "unit/dataplane/flow_fixture.h"

namespace elb::dataplane {
namespace {

using test::FlowFixture;
using test::listener_id;
using test::member_id;

constexpr TickRate kRate{250, 7};      // 0.512 s
constexpr uint32_t kNow = 0xFFFFFFF0;  // the clock wraps on the way
constexpr uint32_t kMembers = 16;
const auto kGoOn = [] { return false; };

class FlowsTest : public testing::Test {
 protected:
  FlowsTest() {
    for (const int n : {1, 2}) {
      const PairKey key{*parse_uuid(listener_id(1)), *parse_uuid(member_id(n))};
      view.pairs[static_cast<uint32_t>(n)] = key;
      view.members[key.member] = {static_cast<uint32_t>(n)};
      view.listeners[key.listener].members.push_back(static_cast<uint32_t>(n));
    }
    view.live.resize(kMembers);
    view.live[1] = view.live[2] = true;
  }
  SweepResult sweep(double seconds_later = 0) {
    const auto later = static_cast<uint32_t>(seconds_later * 1.953125);
    return sweep_once(flows.table, kNow + later, limits, view, kMembers, kGoOn);
  }
  model::FlowPage read(const model::FlowFilter& filter = {}) {
    return read_flows(flows.table, filter, view, kNow, kRate);
  }
  static void establish(const FlowFixture::Flow& flow) { flow.forward->ctl |= ELB_FLOW_SEEN_IN | ELB_FLOW_SEEN_OUT; }

  FlowFixture flows;
  IndexView view;
  FlowTimes times;
  elb_flow_limits limits = limits_of(times, kRate);
};

TEST_F(FlowsTest, TimesAreNeverCutShortByTheTick) {
  for (const TickRate rate : {TickRate{100, 6}, TickRate{250, 7}, TickRate{300, 7}, TickRate{1000, 9}}) {
    EXPECT_EQ(tick_shift_for(rate.hz), rate.shift);
    EXPECT_NEAR(rate.seconds(1), 0.5, 0.15);
    for (const uint32_t seconds : {1U, 30U, 60U, 300U}) {
      // An entry is silent when more than `limit` ticks passed.
      EXPECT_GE(rate.seconds(rate.ticks(seconds)), seconds);
      EXPECT_LE(rate.seconds(rate.ticks(seconds)), seconds + 1.0);
    }
  }
}

TEST_F(FlowsTest, CountsOpenConnectionsByMemberAndState) {
  establish(flows.open(1, 1, kNow));
  establish(flows.open(2, 1, kNow));
  flows.open(3, 1, kNow);  // opening
  const auto closing = flows.open(4, 2, kNow);
  establish(closing);
  closing.forward->ctl |= ELB_FLOW_FIN_IN;
  const auto closed = flows.open(5, 2, kNow);
  establish(closed);
  closed.forward->ctl |= ELB_FLOW_FIN_IN | ELB_FLOW_FIN_OUT;
  flows.open(6, 2, kNow, IPPROTO_UDP);
  const auto result = sweep();
  EXPECT_EQ(result.open[1].active, 2U);
  EXPECT_EQ(result.open[1].inactive, 1U);
  EXPECT_EQ(result.open[2].active, 1U) << "the UDP one";
  EXPECT_EQ(result.open[2].inactive, 1U) << "a connection that both ends closed is none any more";
  EXPECT_EQ(result.held[1], 6U) << "both directions";
  EXPECT_EQ(result.counts.used, 12U);
  EXPECT_EQ(result.counts.ended, 0U);
}

TEST_F(FlowsTest, EndsEachStateAfterItsTime) {
  establish(flows.open(1, 1, kNow));            // 300 s
  flows.open(2, 1, kNow);                       // opening, 30 s
  flows.open(3, 1, kNow, IPPROTO_UDP);          // 60 s
  const auto closing = flows.open(4, 1, kNow);  // 60 s
  establish(closing);
  closing.forward->ctl |= ELB_FLOW_FIN_OUT;
  const auto reset = flows.open(5, 1, kNow);  // 10 s
  reset.forward->ctl |= ELB_FLOW_RST;
  EXPECT_EQ(sweep(9).counts.ended, 0U);
  EXPECT_EQ(sweep(12).counts.ended, 1U);
  EXPECT_EQ(sweep(29).counts.ended, 0U);
  EXPECT_EQ(sweep(32).counts.ended, 1U);
  EXPECT_EQ(sweep(59).counts.ended, 0U);
  EXPECT_EQ(sweep(62).counts.ended, 2U);
  EXPECT_EQ(sweep(299).counts.ended, 0U);
  EXPECT_EQ(sweep(302).counts.ended, 1U);
}

TEST_F(FlowsTest, MB06_ConnectionsOfARemovedMemberEndAtTheNextSweep) {
  establish(flows.open(1, 1, kNow));
  establish(flows.open(2, 2, kNow));
  view.live[1] = false;
  const auto result = sweep();
  EXPECT_EQ(result.counts.ended, 1U);
  EXPECT_EQ(result.open[1].active, 0U);
  EXPECT_EQ(result.open[2].active, 1U);
  EXPECT_GT(sweep(1).held[1], 0U) << "its local port rests: the index is still held";
  sweep(62);
  EXPECT_EQ(sweep(64).held[1], 0U);
}

TEST_F(FlowsTest, BeforeTheFirstSnapshotNobodyIsRemoved) {
  establish(flows.open(1, 9, kNow));
  view.live.clear();
  EXPECT_EQ(sweep().counts.ended, 0U);
}

TEST_F(FlowsTest, AnIndexBeyondTheTableIsNobodys) {
  establish(flows.open(1, 500, kNow));
  EXPECT_EQ(sweep().counts.ended, 1U);
}

TEST_F(FlowsTest, AStoppedSweepReturnsEarly) {
  FlowFixture large(1U << 17);
  int asked = 0;
  const auto result = sweep_once(large.table, kNow, limits, view, kMembers, [&] { return ++asked > 0; });
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(result.counts.used, 0U);
}

TEST_F(FlowsTest, ReadsBothDirectionsOfAConnection) {
  const auto flow = flows.open(7, 1, kNow - 20);
  establish(flow);
  flow.forward->packets = 3;
  flow.forward->traffic += ELB_FLOW_TRAFFIC(180, 0);
  flow.reverse->packets = 2;
  flow.reverse->traffic += ELB_FLOW_TRAFFIC(2000, 0);
  flow.reverse->last = kNow - 10;
  const auto page = read();
  EXPECT_EQ(page.capacity, 1024U);
  EXPECT_EQ(page.used, 2U);
  EXPECT_EQ(page.matched, 1U);
  ASSERT_EQ(page.flows.size(), 1U);
  const auto& record = page.flows[0];
  EXPECT_EQ(record.client.to_string(), "10.1.1.7:1007");
  EXPECT_EQ(record.vip.to_string(), "192.0.2.1:80");
  EXPECT_EQ(record.local.to_string(), "100.125.0.2:2007");
  EXPECT_EQ(record.member.to_string(), "10.1.2.2:8080");
  EXPECT_EQ(record.listener_id, listener_id(1));
  EXPECT_EQ(record.member_id, member_id(1));
  EXPECT_EQ(record.state, "established");
  EXPECT_EQ(record.idle_s, 5) << "10 ticks since the later of the two directions";
  EXPECT_EQ(record.packets_in, 3U);
  EXPECT_EQ(record.bytes_in, 180U);
  EXPECT_EQ(record.packets_out, 2U);
  EXPECT_EQ(record.bytes_out, 2000U);
}

TEST_F(FlowsTest, NamesTheStates) {
  flows.open(1, 1, kNow);
  EXPECT_EQ(read().flows.at(0).state, "opening");
  FlowFixture other;
  const auto udp = other.open(1, 1, kNow, IPPROTO_UDP);
  EXPECT_EQ(read_flow(other.table, udp.slot, view, kNow, kRate)->state, "opening");
  udp.reverse->packets = 1;
  EXPECT_EQ(read_flow(other.table, udp.slot, view, kNow, kRate)->state, "established");
  const auto tcp = other.open(2, 1, kNow);
  establish(tcp);
  tcp.forward->ctl |= ELB_FLOW_FIN_IN;
  EXPECT_EQ(read_flow(other.table, tcp.slot, view, kNow, kRate)->state, "closing");
  tcp.forward->ctl |= ELB_FLOW_RST;
  EXPECT_EQ(read_flow(other.table, tcp.slot, view, kNow, kRate)->state, "closed");
}

TEST_F(FlowsTest, AnEndedConnectionIsNotShown) {
  establish(flows.open(1, 1, kNow));
  view.live[1] = false;
  sweep();
  EXPECT_TRUE(read().flows.empty());
  EXPECT_EQ(read().used, 2U) << "the slots are still taken";
}

TEST_F(FlowsTest, IdsOfWhatIsRemovedAreEmpty) {
  flows.open(1, 1, kNow);
  flows.open(2, 9, kNow);
  view.members.erase(*parse_uuid(member_id(1)));
  for (const auto& flow : read().flows) EXPECT_EQ(flow.member_id, "");
}

TEST_F(FlowsTest, FiltersAndLimits) {
  for (uint32_t n = 1; n <= 20; ++n) flows.open(n, n % 2 == 0 ? 1 : 2, kNow, n <= 5 ? IPPROTO_UDP : IPPROTO_TCP);
  const auto matched = [&](auto set) {
    model::FlowFilter filter;
    set(filter);
    return read(filter).matched;
  };
  EXPECT_EQ(matched([](auto&) {}), 20U);
  EXPECT_EQ(matched([](auto& f) { f.protocol = model::Protocol::kUdp; }), 5U);
  EXPECT_EQ(matched([](auto& f) { f.client = IpAddress::parse("10.1.1.3").value(); }), 1U);
  EXPECT_EQ(matched([](auto& f) { f.client_port = 1004; }), 1U);
  EXPECT_EQ(matched([](auto& f) { f.vip_port = 443; }), 0U);
  EXPECT_EQ(matched([](auto& f) { f.member = IpAddress::parse("10.1.2.2").value(); }), 20U);
  EXPECT_EQ(matched([](auto& f) { f.member_id = member_id(1); }), 10U);
  EXPECT_EQ(matched([](auto& f) { f.listener_id = listener_id(2); }), 0U);
  EXPECT_EQ(matched([](auto& f) { f.states = {"closing", "closed"}; }), 0U);
  const auto opening = matched([](auto& f) { f.states = {"opening"}; });
  const auto established = matched([](auto& f) { f.states = {"established"}; });
  EXPECT_GT(opening + established, 0U);
  EXPECT_EQ(matched([](auto& f) { f.states = {"opening", "established"}; }), 20U);
  EXPECT_EQ(opening + established, 20U);
  model::FlowFilter few;
  few.limit = 3;
  const auto page = read(few);
  EXPECT_EQ(page.flows.size(), 3U);
  EXPECT_EQ(page.matched, 20U);
}

}  // namespace
}  // namespace elb::dataplane
