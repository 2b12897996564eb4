// SPDX-License-Identifier: Apache-2.0
// Shows: AC-02, AC-04, AC-05, PL-05, PL-06, PL-07, PL-08, PL-09, ST-06, ST-09, ST-10.
// Who gets a connection: algorithms, stickiness, whitelists, limits; each against what the model or the rule says.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <algorithm>
#include <random>
#include <set>
#include <thread>

#include "algo/maglev.h"
#include "bpf/testbed.h"

namespace elb::test {
namespace {

constexpr uint32_t kClients = 0xcb007100;  // 203.0.113.0
constexpr uint32_t kNone = UINT32_MAX;

Bytes packet(uint32_t client, uint16_t port, uint8_t flags = kSyn, uint16_t sport = 40000, bool udp = false) {
  const auto start = Ethernet{} / IPv4{.src = Ipv4Address::from_host(client), .dst = kVip};
  if (udp) return start / UDP{.sport = sport, .dport = port};
  return start / TCP{.sport = sport, .dport = port, .flags = flags};
}

/// Went to a member (10.0.0.0/8). Who is refused may be answered by a reset, which leaves as well.
bool admitted(const RunResult& result) { return result.verdict == XDP_TX && result.frame[30] == 10; }

class Admission : public testing::Test {
 protected:
  ProgRunner& runner() { return bed.runner; }
  /// The last byte of the member's address, which is its number in the pool plus 21; kNone if it was refused.
  uint32_t send(uint32_t client, uint16_t port, uint8_t flags = kSyn, uint16_t sport = 40000, bool udp = false) {
    const RunResult result = bed.runner.run(packet(client, port, flags, sport, udp));
    return admitted(result) ? result.frame[33] - 21U : kNone;
  }
  uint32_t tick() { return bed.runner.run(Bytes(64), 1, "elb_clock").verdict; }
  void next_tick() {
    for (const uint32_t now = tick(); tick() == now;) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void set_usable(uint32_t index, bool usable) {
    elb_member member = runner().member(index);
    member.flags = usable ? ELB_MEMBER_USABLE : 0;
    runner().put_member(index, member);
  }
  Testbed bed{RunnerOptions{.flow_slots = 1 << 16, .tick_shift = 4}, admission_world()};
};

struct AclCase {
  const char* description;
  uint16_t port;
  bool udp;
  uint32_t client;
  bool admitted;
};

TEST_F(Admission, AC02_DisabledEmptyFilled) {
  const AclCase cases[] = {
      {"no whitelist, TCP", kPlain, false, kClients + 200, true},
      {"no whitelist, UDP", kUdpPlain, true, kClients + 200, true},
      {"empty, TCP", kNobody, false, kClients + 1, false},
      {"filled, TCP, first of the prefix", kAllowed, false, kClients, true},
      {"filled, TCP, last of the prefix", kAllowed, false, kClients + 127, true},
      {"filled, TCP, behind the prefix", kAllowed, false, kClients + 128, false},
      {"filled, TCP, elsewhere", kAllowed, false, 0x01020304, false},
      {"filled, UDP, in", kUdpAllowed, true, kClients + 5, true},
      {"filled, UDP, out", kUdpAllowed, true, kClients + 129, false},
  };
  uint64_t denied = 0;
  for (const AclCase& c : cases) {
    EXPECT_EQ(send(c.client, c.port, kSyn, 40000, c.udp) != kNone, c.admitted) << c.description;
    denied += !c.admitted;
    EXPECT_EQ(runner().reason(ELB_REASON_NOT_ALLOWED), denied) << c.description;
  }
  elb_policy nobody{};  // an empty list for UDP as well
  nobody.flags = ELB_POLICY_WHITELIST;
  nobody.acl = 999;
  runner().set_policy(2, nobody);
  EXPECT_EQ(send(kClients + 5, kUdpPlain, kSyn, 1, true), kNone);
  EXPECT_EQ(runner().refused(18), 1u) << "counted against the listener";
  EXPECT_EQ(runner().cursor(18).active, 0u);
}

TEST_F(Admission, AC04_BothFamiliesInOneTrie) {
  elb_acl_key six{ELB_ACL_BITS + 32, 17, {{htonl(0x20010db8), 0, 0, 0}}};
  const uint32_t one = 1;
  ASSERT_EQ(bpf_map_update_elem(runner().map_fd(ELB_MAP_ACL), &six, &one, BPF_ANY), 0);
  uint32_t value = 0;
  const auto has = [&](elb_ip client) {
    const elb_acl_key key{ELB_ACL_BITS + 128, 17, client};
    return bpf_map_lookup_elem(runner().map_fd(ELB_MAP_ACL), &key, &value) == 0;
  };
  EXPECT_TRUE(has({{htonl(0x20010db8), 1, 2, 3}}));
  EXPECT_FALSE(has({{htonl(0x20010db9), 1, 2, 3}}));
  EXPECT_TRUE(has(elb_mapped(htonl(kClients + 1))));
  EXPECT_NE(send(kClients + 1, kAllowed), kNone);
  EXPECT_EQ(send(0x20010db8, kAllowed), kNone) << "an IPv4 address is none of that prefix";
}

TEST_F(Admission, AnEstablishedConnectionIsNotAskedAgain) {
  const uint32_t member = send(kClients + 1, kPlain);
  elb_policy nobody{};
  nobody.flags = ELB_POLICY_WHITELIST;
  nobody.acl = 999;
  runner().set_policy(1, nobody);
  EXPECT_NE(send(kClients + 1, kPlain, kAck), kNone) << "the agent ends it, not the packet";
  EXPECT_EQ(send(kClients + 2, kPlain), kNone);
  (void)member;
}

/// Opens, closes and reopens at random; each choice must have been the lowest load / weight, of equals the next one.
TEST_F(Admission, PL05_LeastConnectionsFollowsTheRuleAndItsTies) {
  std::mt19937 random(7);
  const uint32_t weights[] = {1, 2, 3};
  uint32_t loads[3] = {};
  std::vector<std::pair<uint16_t, uint32_t>> open;
  uint64_t turn = 0, ties = 0;
  for (uint16_t sport = 1000; sport < 4000; sport++) {
    const uint64_t start = turn++ % 4;  // four places, the fourth not usable
    uint32_t best = kNone;
    for (uint64_t i = 0; i < 4; i++) {
      const uint64_t at = (start + i) % 4;
      if (at == 3) continue;
      if (best != kNone && loads[at] * weights[best] == loads[best] * weights[at]) ties++;
      if (best == kNone || loads[at] * weights[best] < loads[best] * weights[at]) best = static_cast<uint32_t>(at);
    }
    ASSERT_EQ(send(kClients + 1, kLeast, kSyn, sport), best) << sport;
    loads[best]++;
    open.emplace_back(sport, best);
    while (open.size() > 30 || (!open.empty() && random() % 3 == 0)) {
      const size_t victim = random() % open.size();
      ASSERT_EQ(send(kClients + 1, kLeast, kRst, open[victim].first), open[victim].second);
      loads[open[victim].second]--;
      open.erase(open.begin() + static_cast<ptrdiff_t>(victim));
    }
    for (uint32_t i = 0; i < 3; i++) ASSERT_EQ(runner().load(110 + i), loads[i]);
    ASSERT_EQ(runner().cursor(11).active, open.size());
  }
  EXPECT_GT(ties, 100u);
}

TEST_F(Admission, PL05_AStandingLoadIsSharedByWeight) {
  for (uint16_t i = 0; i < 600; i++) ASSERT_NE(send(kClients + i % 200, kLeast, kSyn, 2000 + i), kNone);
  EXPECT_EQ(runner().load(110), 100u);
  EXPECT_EQ(runner().load(111), 200u);
  EXPECT_EQ(runner().load(112), 300u);
  EXPECT_EQ(runner().load(113), 0u);
}

TEST_F(Admission, PL05_IdleMembersTakeTurns) {
  std::set<uint32_t> seen;
  for (uint16_t i = 0; i < 12; i++) {
    seen.insert(send(kClients, kLeast, kSyn, 2000 + i));
    send(kClients, kLeast, kRst, 2000 + i);
  }
  EXPECT_EQ(seen, (std::set<uint32_t>{0, 1, 2}));
}

TEST_F(Admission, PL05_OfManyMembersTheBetterOnesAreDrawn) {
  std::vector<uint32_t> ring;
  for (uint32_t i = 0; i < 80; i++) {
    runner().set_member(170 + i, Ipv4Address("10.0.0.21"), kMemberPort, 1, 11);
    ring.push_back(170 + i);
  }
  runner().set_ring(11, ring);
  for (uint32_t i = 0; i < 8000; i++) ASSERT_NE(send(kClients + i % 250, kLeast, kSyn, 1024 + i / 250), kNone);
  for (uint32_t i = 0; i < 80; i++) EXPECT_NEAR(runner().load(170 + i), 100, 10) << i;
}

TEST_F(Admission, PL06_AThousandClientsStayAndFewMove) {
  std::vector<std::string> names;
  std::vector<uint32_t> indexes;
  for (uint32_t i = 0; i < 10; i++) {
    names.push_back("10.0.0." + std::to_string(21 + i) + ":8080");
    indexes.push_back(170 + i);
    runner().set_member(170 + i, Ipv4Address::from_host(0x0a000015 + i), kMemberPort, 1, 12);
  }
  const auto set_members = [&](size_t without) {
    auto left = names;
    auto of = indexes;
    if (without < names.size()) {
      left.erase(left.begin() + static_cast<ptrdiff_t>(without));
      of.erase(of.begin() + static_cast<ptrdiff_t>(without));
    }
    std::vector<uint32_t> ring;
    for (const uint32_t place : algo::build_maglev(left)) ring.push_back(of[place]);
    runner().set_ring(12, ring);
  };
  uint16_t sport = 1024;
  const auto map_clients = [&] {
    std::vector<uint32_t> members;
    for (uint32_t client = 0; client < 1000; client++)
      members.push_back(send(0x0b000000 + client * 7919, kHashed, kSyn, sport));
    sport++;
    return members;
  };
  set_members(99);
  const auto before = map_clients();
  EXPECT_EQ(map_clients(), before) << "the same client gets the same member";
  std::set<uint32_t> used(before.begin(), before.end());
  EXPECT_EQ(used.size(), 10u);
  set_members(3);
  const auto after = map_clients();
  uint32_t moved = 0, survivors = 0;
  for (size_t i = 0; i < before.size(); i++) {
    moved += before[i] != after[i];
    survivors += before[i] != after[i] && before[i] != 3;
  }
  EXPECT_LE(moved, 120u);
  EXPECT_LE(survivors, 20u);
  EXPECT_EQ(std::count(after.begin(), after.end(), 3u), 0);
}

TEST_F(Admission, PL07_AnotherAlgorithmLeavesOpenConnectionsAlone) {
  std::vector<uint32_t> members;
  for (uint16_t i = 0; i < 50; i++) members.push_back(send(kClients + i, kPlain));
  for (const elb_algorithm algorithm : {ELB_LEAST_CONNECTIONS, ELB_SOURCE_HASH, ELB_ROUND_ROBIN}) {
    elb_policy policy{};
    policy.algorithm = algorithm;
    runner().set_policy(1, policy);  // with the ring of the algorithm before: any member, but one of the pool
    for (uint16_t i = 0; i < 50; i++) {
      ASSERT_EQ(send(kClients + i, kPlain, kAck), members[i]);
      ASSERT_NE(send(kClients + i, kPlain, kSyn, 50000 + algorithm), kNone);
    }
  }
}

TEST_F(Admission, PL08_AMemberThatIsNotReadyIsPassedOver) {
  for (const uint16_t port : {kPlain, kLeast, kHashed, kSticky}) {
    const uint32_t first = port == kPlain ? 10 : port == kLeast ? 110 : port == kHashed ? 120 : 130;
    set_usable(first, false);
    elb_member unresolved = runner().member(first + 1);
    unresolved.hop = 2;
    runner().put_member(first + 1, unresolved);
    for (uint16_t i = 0; i < 40; i++) ASSERT_NE(send(kClients + i, port, kSyn, 3000), kNone) << port;
    EXPECT_EQ(runner().load(first) + runner().load(first + 1), 0u) << port;
  }
  EXPECT_EQ(runner().reason(ELB_REASON_NO_HOP), 0u);
}

TEST_F(Admission, NoHopIsTheReasonIfOneMemberOnlyLacksThat) {
  EXPECT_EQ(send(kClients, kUnresolved), kNone);
  EXPECT_EQ(runner().reason(ELB_REASON_NO_HOP), 1u);
  for (uint32_t i = 110; i < 114; i++) set_usable(i, false);
  EXPECT_EQ(send(kClients, kLeast), kNone);
  EXPECT_EQ(runner().reason(ELB_REASON_NO_MEMBER), 1u);
  EXPECT_EQ(runner().cursor(11).active, 0u);
}

TEST_F(Admission, AHeavyNeighbourThatIsDownDoesNotHideTheOthers) {
  std::vector<uint32_t> ring(99, 10);
  ring.push_back(11);
  runner().set_ring(1, ring);
  set_usable(10, false);
  uint32_t served = 0;
  for (uint16_t i = 0; i < 100; i++) served += send(kClients + i, kPlain) != kNone;
  EXPECT_GT(served, 15u) << "sixteen places of a hundred are tried";
}

TEST_F(Admission, ST06_TheSameMemberUntilTheTimeIsOver) {
  for (const bool udp : {false, true}) {
    const uint32_t listener = udp ? 16 : 13, first = listener * 10;
    const uint16_t port = udp ? kUdpSticky : kSticky;
    constexpr uint32_t kTicks = 4;
    elb_policy policy{};
    policy.sticky_ticks = kTicks;
    policy.hash_seed = 5;
    runner().set_policy(listener, policy);
    uint16_t sport = 1000;
    const uint32_t member = send(kClients, port, kSyn, sport++, udp);
    runner().set_ring(listener, {first + (member + 1) % 3});  // the first choice would be another one now
    for (int i = 0; i < 10; i++) {                            // each use renews it
      ASSERT_EQ(send(kClients, port, kSyn, sport++, udp), member) << i;
      next_tick();
    }
    for (uint32_t i = 0; i < kTicks + 1; i++) next_tick();
    EXPECT_EQ(send(kClients, port, kSyn, sport++, udp), (member + 1) % 3) << "free choice";
  }
}

TEST_F(Admission, ST09_StickinessEndsWithClientMemberAndTime) {
  const auto policy = runner().cursor(13);
  (void)policy;
  uint16_t sport = 1000;
  const uint32_t member = send(kClients, kSticky, kSyn, sport++);
  runner().set_ring(13, {130, 131, 132, 130, 131, 132, 131});
  ASSERT_EQ(send(kClients, kSticky, kSyn, sport++), member);
  set_usable(130 + member, false);
  const uint32_t second = send(kClients, kSticky, kSyn, sport++);
  EXPECT_NE(second, member) << "unhealthy";
  set_usable(130 + member, true);
  EXPECT_EQ(send(kClients, kSticky, kSyn, sport++), second) << "and it stays with the new one";

  elb_member other = runner().member(130 + second);  // the index goes to another member
  other.generation++;
  runner().put_member(130 + second, other);
  runner().set_ring(13, {130 + (second + 1) % 3});
  EXPECT_EQ(send(kClients, kSticky, kSyn, sport++), (second + 1) % 3);
}

TEST_F(Admission, ST10_StickinessIsSwitchedOnAndOffWithoutHarm) {
  elb_policy on{};
  on.sticky_ticks = 1000;
  std::vector<uint32_t> open;
  for (uint16_t i = 0; i < 30; i++) {
    runner().set_policy(1, i % 10 < 5 ? on : elb_policy{});
    open.push_back(send(kClients + i % 3, kPlain, kSyn, 1000 + i));
    ASSERT_NE(open.back(), kNone);
  }
  for (uint16_t i = 0; i < 30; i++) EXPECT_EQ(send(kClients + i % 3, kPlain, kAck, 1000 + i), open[i]);
}

TEST_F(Admission, TheLimitHoldsAndAPlaceThatGetsFreeIsGivenAgain) {
  for (uint16_t i = 0; i < kLimit; i++) ASSERT_NE(send(kClients, kLimited, kSyn, 1000 + i), kNone);
  EXPECT_EQ(send(kClients, kLimited, kSyn, 2000), kNone);
  EXPECT_EQ(runner().reason(ELB_REASON_CONNECTION_LIMIT), 1u);
  EXPECT_NE(send(kClients, kLimited, kAck, 1000), kNone) << "established ones go on";
  send(kClients, kLimited, kFin | kAck, 1000);
  EXPECT_EQ(send(kClients, kLimited, kSyn, 2000), kNone) << "half closed is open";
  send(kClients, kLimited, kRst, 1000);
  send(kClients, kLimited, kRst, 1000);
  EXPECT_NE(send(kClients, kLimited, kSyn, 2000), kNone);
  EXPECT_EQ(send(kClients, kLimited, kSyn, 2001), kNone);
  EXPECT_EQ(runner().cursor(14).active, kLimit);
}

TEST_F(Admission, TwoCpusDoNotPassTheLimitTogether) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "needs two CPUs";
  elb_policy policy{};
  policy.connection_limit = 1000;
  runner().set_policy(1, policy);
  std::atomic<int> ready{0};
  std::atomic<uint32_t> opened{0};
  const auto work = [&](int cpu) {
    const OnCpu here(cpu);
    for (ready++; ready < 2;) std::this_thread::yield();
    for (uint16_t i = 0; i < 5000; i++)
      opened += admitted(bed.runner.run(packet(kClients + cpu, kPlain, kSyn, 1024 + i)));
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  EXPECT_EQ(opened, 1000u);
  EXPECT_EQ(runner().cursor(1).active, 1000u);
}

TEST_F(Admission, AListenerThatHasHadItsShareIsRefusedAndOthersAreNot) {
  elb_cursor cursor = runner().cursor(1);
  cursor.limited = 1;
  cursor.open_until = cursor.opened + 3;
  runner().set_cursor(1, cursor);
  uint32_t opened = 0;
  for (uint16_t i = 0; i < 10; i++) opened += send(kClients, kPlain, kSyn, 1000 + i) != kNone;
  EXPECT_EQ(opened, 3u);
  EXPECT_EQ(runner().reason(ELB_REASON_TABLE_SHARE), 7u);
  EXPECT_EQ(runner().cursor(1).active, 3u);
  EXPECT_NE(send(kClients, kLeast, kSyn, 1000), kNone);
}

TEST_F(Admission, WhatIsRefusedOnTheWayIsNotCountedAsOpen) {
  Testbed full({.flow_slots = 256}, admission_world());
  uint32_t open = 0;
  for (uint16_t i = 0; i < 2000; i++) open += admitted(full.runner.run(packet(kClients, kPlain, kSyn, 1000 + i)));
  EXPECT_LT(open, 200u);
  EXPECT_EQ(full.runner.cursor(1).active, open);
  EXPECT_EQ(full.runner.load(10) + full.runner.load(11) + full.runner.load(12), open);
}

TEST(RateGuard, LimitsNewConnectionsOfATickAndNothingElse) {
  Testbed bed({.flow_slots = 1 << 14, .tick_shift = 20, .new_per_tick = 10, .syn_cookies = false}, admission_world());
  const OnCpu here(0);
  uint32_t admitted = 0;
  for (uint16_t i = 0; i < 50; i++)
    admitted += bed.runner.run(packet(kClients, kPlain, kSyn, 1000 + i)).verdict == XDP_TX;
  EXPECT_EQ(admitted, 10u);
  EXPECT_EQ(bed.runner.reason(ELB_REASON_RATE_GUARD), 40u);
  EXPECT_EQ(bed.runner.run(packet(kClients, kPlain, kAck, 1000)).verdict, uint32_t{XDP_TX}) << "established";
  EXPECT_EQ(bed.runner.refused(1), 40u);
}

}  // namespace
}  // namespace elb::test
