// SPDX-License-Identifier: Apache-2.0
// Shows: PL-05, AC-07.
// What the agent does to the counters of open connections, also when it dies amid that; the shares of the flow table;
// connections of clients that a whitelist has lost.
#include "dataplane/load_counts.h"

#include <gtest/gtest.h>

#include "dataplane/flow_sweeper.h"
#include "unit/dataplane/flow_fixture.h"

namespace elb::dataplane {
namespace {

constexpr uint32_t kMembers = 8, kListeners = 4;
constexpr uint32_t kStart = 1000;

class LoadCountsTest : public testing::Test {
 protected:
  LoadCountsTest() {
    // members 1 and 2 of listener 0, member 3 of listener 1
    for (const auto& [member, listener] : {std::pair{1U, 0U}, {2U, 0U}, {3U, 1U}}) {
      Uuid id{}, owner{};
      id[0] = static_cast<uint8_t>(member);
      owner[15] = static_cast<uint8_t>(listener + 1);
      view.pairs[member] = {owner, id};
      view.listeners[owner].index = listener;
      view.owners.resize(member + 1, UINT32_MAX);
      view.owners[member] = listener;
    }
    view.live.assign(kMembers, true);
    for (auto& idle : limits.idle) idle = 10;
    limits.rest = 5;
  }

  /// As a packet opens one.
  test::FlowFixture::Flow open(uint32_t n, uint16_t member, uint32_t now) {
    ++loads[member];
    elb_cursor& cursor = cursors[view.listener_of(member)];
    ++cursor.active;
    ++cursor.opened;
    return flows.open(n, member, now);
  }
  SweepResult sweep(uint32_t now, const Revocations* revocations = nullptr) {
    counts.sweep_begins(now);
    SweepResult result = sweep_once(
        flows.table, now, limits, view, kMembers, [] { return false; }, &counts, revocations);
    std::vector<uint32_t> counted;
    for (const OpenFlows& open : result.open) counted.push_back(open.active + open.inactive);
    wrong = counts.sweep_ended(counted, view);
    return result;
  }

  test::FlowFixture flows;
  IndexView view;
  uint64_t loads[kMembers] = {};
  elb_cursor cursors[kListeners] = {};
  LoadCounts counts{loads, kMembers, cursors, kListeners};
  elb_flow_limits limits{};
  uint64_t wrong = 0;
};

TEST_F(LoadCountsTest, AnEndedConnectionIsUncountedOnce) {
  open(1, 1, kStart);
  open(2, 2, kStart + 100);
  sweep(kStart + 50);
  EXPECT_EQ(counts.load(1), 0U);
  EXPECT_EQ(counts.load(2), 1U);
  EXPECT_EQ(counts.active(0), 1U);
  for (uint32_t now = kStart + 51; now < kStart + 60; ++now) sweep(now);
  EXPECT_EQ(counts.active(0), 1U);
  EXPECT_EQ(wrong, 0U);
}

TEST_F(LoadCountsTest, AClosedOneWasUncountedByItsPacket) {
  const auto flow = open(1, 1, kStart);
  EXPECT_EQ(elb_flow_mark(&flows.table, flow.forward, flow.forward->ctl, ELB_FLOW_RST, 0), ELB_COUNT_CLOSED);
  --loads[1];
  --cursors[0].active;
  sweep(kStart + 50);
  EXPECT_EQ(counts.load(1), 0U);
  EXPECT_EQ(counts.active(0), 0U);
}

/// The agent is killed between the end of a connection and its decrement: the next one finds and mends it.
TEST_F(LoadCountsTest, WhatADyingAgentLeftIsPutRight) {
  open(1, 1, kStart);
  open(2, 1, kStart + 100);
  open(3, 3, kStart + 100);
  elb_sweep_counts ignored{};
  for (uint32_t slot = 0; slot <= flows.table.mask; ++slot)  // no observer: the decrement never comes
    elb_flow_sweep_slot(&flows.table, slot, kStart + 50, &limits, nullptr, &ignored);
  ASSERT_EQ(ignored.ended, 1U);
  EXPECT_EQ(counts.load(1), 2U) << "one too many";

  LoadCounts restarted(loads, kMembers, cursors, kListeners);
  uint64_t mended = 0;
  for (uint32_t now = kStart + 101; now < kStart + 105; ++now) {
    restarted.sweep_begins(now);
    std::vector<uint32_t> open(kMembers);
    open[1] = 1;
    open[3] = 1;
    mended += restarted.sweep_ended(open, view);
  }
  EXPECT_EQ(mended, 2U) << "the member's and the listener's";
  EXPECT_EQ(restarted.load(1), 1U);
  EXPECT_EQ(restarted.active(0), 1U);
  EXPECT_EQ(restarted.active(1), 1U);
}

TEST_F(LoadCountsTest, ABusyListenerIsLeftAloneUntilItIsQuiet) {
  loads[1] = 7;
  cursors[0].active = 7;
  for (uint32_t now = kStart; now < kStart + 20; ++now) {
    ++cursors[0].opened;  // somebody opened, and another closed
    sweep(now);
    EXPECT_EQ(counts.load(1), 7U);
  }
  for (uint32_t now = kStart + 20; now < kStart + 24; ++now) sweep(now);
  EXPECT_EQ(counts.load(1), 0U);
  EXPECT_EQ(counts.active(0), 0U);
}

TEST_F(LoadCountsTest, FastSweepsAloneAreNotQuiet) {
  loads[1] = cursors[0].active = 1;  // counted by a packet that is about to make its entries
  cursors[0].opened = 1;
  for (int i = 0; i < 100; ++i) sweep(kStart);
  EXPECT_EQ(counts.load(1), 1U);
}

TEST_F(LoadCountsTest, AC07_ConnectionsOfClientsThatTheListLostEnd) {
  const auto in = open(1, 1, kStart), out = open(2, 1, kStart), other = open(3, 3, kStart);
  Revocations revocations;
  const auto allow = [&](const char* text) {
    view.whitelists[0] = std::make_shared<const Whitelist>(std::vector{*Cidr::parse(text)});
  };
  const auto round = [&] {
    revocations.sweep_begins(view);
    const uint64_t revoked = sweep(kStart, &revocations).revoked;
    revocations.sweep_ended();
    return revoked;
  };
  EXPECT_EQ(round(), 0U) << "no list: everybody may";
  allow("10.1.1.0/24");
  EXPECT_EQ(round(), 0U);
  allow("10.1.1.1/32");
  EXPECT_EQ(round(), 1U);
  EXPECT_EQ(elb_flow_phase(in.forward->ctl), static_cast<uint32_t>(ELB_LIVE));
  EXPECT_EQ(elb_flow_phase(other.forward->ctl), static_cast<uint32_t>(ELB_LIVE));
  EXPECT_EQ(counts.active(0), 1U);
  EXPECT_EQ(counts.active(1), 1U);
  (void)out;
  const auto late = open(4, 1, kStart);  // by a packet that the old list had admitted
  EXPECT_EQ(round(), 1U);
  (void)late;
  revocations.sweep_begins(view);
  EXPECT_FALSE(revocations.any()) << "from then on the packets' own look is enough";
  view.whitelists[0] = std::make_shared<const Whitelist>(std::vector<Cidr>{});
  EXPECT_EQ(round(), 1U) << "an empty list has nobody";
  EXPECT_EQ(counts.active(0), 0U);
}

TEST_F(LoadCountsTest, AC07_OfIpv6ClientsToo) {
  const auto in = open(1, 1, kStart), out = open(2, 1, kStart);
  flows.make_six(in, *IpAddress::parse("2001:db8:1::1"));
  flows.make_six(out, *IpAddress::parse("2001:db8:2::1"));
  view.whitelists[0] = std::make_shared<const Whitelist>(std::vector{*Cidr::parse("2001:db8:1::/48")});
  Revocations revocations;
  revocations.sweep_begins(view);
  EXPECT_EQ(sweep(kStart, &revocations).revoked, 1U);
  EXPECT_EQ(elb_flow_phase(in.forward->ctl), static_cast<uint32_t>(ELB_LIVE));
  EXPECT_NE(elb_flow_phase(out.forward->ctl), static_cast<uint32_t>(ELB_LIVE));
}

TEST(Whitelist, KnowsItsClientsAndNoOthers) {
  const auto cidr = [](const char* text) { return *Cidr::parse(text); };
  const Whitelist list({cidr("10.0.0.0/8"), cidr("10.1.0.0/16"), cidr("192.0.2.7"), cidr("2001:db8::/32"),
                        cidr("192.0.2.8/31"), cidr("192.0.2.7")});
  EXPECT_EQ(list.entries().size(), 5U);
  const auto has = [&](const char* text) { return list.has(abi_ip(*IpAddress::parse(text))); };
  for (const char* in : {"10.0.0.0", "10.255.255.255", "10.1.2.3", "192.0.2.7", "192.0.2.9", "2001:db8:ffff::1"})
    EXPECT_TRUE(has(in)) << in;
  for (const char* out : {"9.255.255.255", "11.0.0.0", "192.0.2.6", "192.0.2.10", "2001:db9::", "::", "0.0.0.0"})
    EXPECT_FALSE(has(out)) << out;
  EXPECT_FALSE(Whitelist({}).has(elb_mapped(1)));
  EXPECT_TRUE(Whitelist({cidr("0.0.0.0/0")}).has(elb_mapped(0x01020304)));
  EXPECT_FALSE(Whitelist({cidr("0.0.0.0/0")}).has(abi_ip(*IpAddress::parse("2001:db8::1"))));
}

TEST(TableShares, OneListenerAloneMayFillTheTable) {
  uint64_t loads[2] = {};
  elb_cursor cursors[2] = {};
  LoadCounts counts(loads, 2, cursors, 2);
  IndexView view;
  view.listeners[Uuid{}].index = 1;
  counts.share_out(1000, {990}, view);
  EXPECT_EQ(cursors[1].limited, 0U);
}

TEST(TableShares, TheLastTenthIsKeptForThoseBelowTheirShare) {
  // 10000 slots, 8000 usable, 4000 entries each of two listeners
  EXPECT_EQ(room_of(10000, 0, 0, 2, 0), 3600U) << "an empty table: all but the reserve";
  EXPECT_EQ(room_of(10000, 5000, 5000, 2, 1), 1100U) << "above its share, and there is room";
  EXPECT_EQ(room_of(10000, 7200, 7000, 2, 1), 0U) << "the rest is for the other one";
  EXPECT_EQ(room_of(10000, 7200, 200, 2, 1), 1900U) << "which keeps what is left of its share";
  EXPECT_EQ(room_of(10000, 9999, 200, 2, 1), 1900U);
  EXPECT_EQ(room_of(10000, 6000, 3000, 3, 2), 300U) << "two heavy ones halve what is left";
}

TEST(TableShares, AreWrittenForEachListener) {
  uint64_t loads[4] = {};
  elb_cursor cursors[2] = {};
  cursors[0].opened = UINT32_MAX - 5;  // wraps
  LoadCounts counts(loads, 4, cursors, 2);
  IndexView view;
  view.listeners[Uuid{1}].index = 0;
  view.listeners[Uuid{2}].index = 1;
  view.owners = {0, 1};
  counts.share_out(10000, {7000, 200}, view);
  EXPECT_EQ(cursors[0].limited, 1U);
  EXPECT_EQ(cursors[0].open_until, cursors[0].opened);
  EXPECT_EQ(cursors[1].open_until - cursors[1].opened, 1900U);
}

}  // namespace
}  // namespace elb::dataplane
