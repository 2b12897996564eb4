// SPDX-License-Identifier: Apache-2.0
// Shows: PL-04.
// PL-04: who gets new connections, on one CPU and on two at once; local ports; what a full table does.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <atomic>
#include <set>
#include <thread>

#include "algo/wrr_ring.h"
#include "bpf/testbed.h"

namespace elb::test {
namespace {

constexpr uint32_t kFirst = 10;  // member index; they all belong to listener 1

ModelConfig world_of(std::span<const uint32_t> weights) {
  ModelConfig world = small_world();
  world.rings[1].clear();
  for (const uint32_t place : algo::build_wrr_ring(weights, ELB_RING_MAX)) world.rings[1].push_back(kFirst + place);
  for (uint32_t i = 0; i < weights.size(); i++) world.members[kFirst + i] = {0x0a000010 + i, kMemberPort, 1};
  return world;
}

Bytes segment(uint32_t client, uint8_t flags, uint16_t port = kPlain) {
  return Ethernet{} / IPv4{.src = Ipv4Address::from_host(0x14000000 + client), .dst = kVip} /
         TCP{.dport = port, .flags = flags};
}

/// Not dropped, and not answered with a RST either.
bool forwarded(const RunResult& result) { return result.verdict != XDP_DROP && !(result.frame.at(47) & kRst); }

/// "local address:port > member:port", as the bytes of the frame.
std::string endpoints(const Bytes& frame) { return {frame.begin() + 26, frame.begin() + 38}; }

/// Opens connections of `count` clients; their endpoints go to `seen` if wanted. Returns how many were forwarded.
uint32_t open(const ProgRunner& runner, uint32_t first, uint32_t count, std::vector<std::string>* seen = nullptr,
              uint16_t port = kPlain) {
  uint32_t opened = 0;
  for (uint32_t client = first; client < first + count; client++) {
    const RunResult result = runner.run(segment(client, kSyn, port));
    if (!forwarded(result)) continue;
    opened++;
    if (seen) seen->push_back(endpoints(result.frame));
  }
  return opened;
}

/// The same number of clients from each of two CPUs at once.
std::vector<std::string> open_on_two_cpus(const ProgRunner& runner, uint32_t each) {
  std::vector<std::string> seen[2];
  std::atomic<int> ready{0};
  auto work = [&](int cpu) {
    const OnCpu here(cpu);
    for (ready++; ready < 2;) std::this_thread::yield();
    open(runner, cpu * each, each, &seen[cpu]);
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  seen[0].insert(seen[0].end(), seen[1].begin(), seen[1].end());
  return seen[0];
}

TEST(Pl04, WeightsAreExact) {
  const uint32_t weights[] = {10, 20, 70};
  Testbed bed({.flow_slots = 1 << 17}, world_of(weights));
  ASSERT_EQ(open(bed.runner, 0, 10000), 10000u);
  for (uint32_t i = 0; i < 3; i++) EXPECT_EQ(bed.runner.traffic(kFirst + i).connections, weights[i] * 100) << i;
}

TEST(Pl04, WeightsAreExactOverTwoCpus) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "needs two CPUs";
  const uint32_t weights[] = {10, 20, 70};
  Testbed bed({.flow_slots = 1 << 17}, world_of(weights));
  ASSERT_EQ(open_on_two_cpus(bed.runner, 5000).size(), 10000u);
  for (uint32_t i = 0; i < 3; i++) EXPECT_EQ(bed.runner.traffic(kFirst + i).connections, weights[i] * 100) << i;
}

TEST(Pl04, EqualWeightsDifferByAtMostOne) {
  const uint32_t weights[] = {5, 5, 5};
  Testbed bed({.flow_slots = 1 << 17}, world_of(weights));
  for (uint32_t opened = 0; opened < 1000; opened += 10) {
    ASSERT_EQ(open(bed.runner, opened, 10), 10u);
    std::set<uint64_t> shares;
    for (uint32_t i = 0; i < 3; i++) shares.insert(bed.runner.traffic(kFirst + i).connections);
    ASSERT_LE(*shares.rbegin() - *shares.begin(), 1u);
  }
}

TEST(Pl04, EqualWeightsDifferByAtMostOneOverTwoCpus) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "needs two CPUs";
  const uint32_t weights[] = {1, 1, 1};
  Testbed bed({.flow_slots = 1 << 17}, world_of(weights));
  ASSERT_EQ(open_on_two_cpus(bed.runner, 5000).size(), 10000u);
  for (uint32_t i = 0; i < 3; i++) {
    EXPECT_GE(bed.runner.traffic(kFirst + i).connections, 3333u);
    EXPECT_LE(bed.runner.traffic(kFirst + i).connections, 3334u);
  }
}

/// The two tests above open too slowly to collide often. A SYN that is refused after its turn stays as it was, so the
/// kernel can repeat it without a pause.
TEST(Pl04, NoTurnIsLostBetweenTwoCpus) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "needs two CPUs";
  constexpr uint32_t kEach = 500000;
  Testbed bed;
  std::atomic<int> ready{0};
  auto work = [&](int cpu) {
    const OnCpu here(cpu);
    for (ready++; ready < 2;) std::this_thread::yield();
    bed.runner.run(segment(cpu, kSyn, kUnresolved), kEach);
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  const uint32_t listener = 5;
  elb_cursor cursor{};
  ASSERT_EQ(bpf_map_lookup_elem(bed.runner.map_fd(ELB_MAP_CURSORS), &listener, &cursor), 0);
  EXPECT_EQ(cursor.next, 2 * kEach);
  EXPECT_EQ(bed.runner.refused(listener), 2 * kEach);
}

TEST(Pl04, OnlyASynOpensAConnection) {
  for (uint32_t flags = 0; flags < 64; flags++) {
    Testbed* bed = [] {
      static Testbed one;
      return &one;
    }();
    const bool opens = (flags & (kSyn | kAck | kRst | kFin)) == kSyn;
    const uint64_t before = bed->runner.reason(ELB_REASON_NOT_SYN);
    const RunResult result = bed->runner.run(segment(flags, flags));
    EXPECT_EQ(result.verdict, uint32_t{flags & kRst ? XDP_DROP : XDP_TX}) << flags;
    EXPECT_EQ(forwarded(result), opens) << flags;
    EXPECT_EQ(bed->runner.reason(ELB_REASON_NOT_SYN) - before, uint64_t{!opens}) << flags;
  }
}

TEST(Pl04, AMemberGoesOnServingWhatItHasWhenTheRingLeavesIt) {
  Testbed bed;
  const Bytes first = bed.runner.run(segment(1, kSyn)).frame;
  bed.runner.set_ring(1, {12});
  EXPECT_EQ(endpoints(bed.runner.run(segment(1, kAck)).frame), endpoints(first));
  open(bed.runner, 2, 5);
  EXPECT_EQ(bed.runner.traffic(12).connections, 5u);
}

TEST(LocalPorts, AreNeverUsedTwiceAtATimeOnTwoCpus) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "needs two CPUs";
  const uint32_t one[] = {1};
  Testbed bed({.flow_slots = 1 << 19}, world_of(one));
  const auto seen = open_on_two_cpus(bed.runner, 20000);
  EXPECT_EQ(seen.size(), 40000u);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), seen.size());
}

TEST(LocalPorts, AreRefusedNotReusedWhenAllAreTaken) {
  const uint32_t one[] = {1};
  Testbed bed({.flow_slots = 1 << 19, .local_count = 1}, world_of(one));
  const OnCpu here(0);
  std::vector<std::string> seen;
  open(bed.runner, 0, ELB_PORT_COUNT + 1000, &seen);
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), seen.size());
  EXPECT_LE(seen.size(), size_t{ELB_PORT_COUNT});
  const uint64_t refused = bed.runner.reason(ELB_REASON_NO_PORT);
  EXPECT_GE(refused, 1000u);
  EXPECT_EQ(bed.runner.refused(1), refused);
  EXPECT_EQ(seen.size() + refused, size_t{ELB_PORT_COUNT + 1000});
  EXPECT_EQ(endpoints(bed.runner.run(segment(0, kAck)).frame), seen[0]) << "what is established goes on";
}

TEST(LocalPorts, NoneConfigured) {
  Testbed bed({.local_count = 0});
  EXPECT_FALSE(forwarded(bed.runner.run(segment(1, kSyn))));
  EXPECT_EQ(bed.runner.reason(ELB_REASON_NO_PORT), 1u);
}

/// Two listeners with the same pool have two entries, and so two port cursors, for one member's endpoint.
TEST(LocalPorts, OfAMemberThatTwoListenersShare) {
  const uint32_t one[] = {1};
  ModelConfig world = world_of(one);
  world.rings[7] = {70};
  world.members[70] = world.members[kFirst];
  Testbed bed({.flow_slots = 1 << 19}, world);
  std::vector<std::string> seen;
  EXPECT_EQ(open(bed.runner, 0, 60000, &seen), 60000u);
  EXPECT_EQ(open(bed.runner, 0, 20000, &seen, kElsewherePort), 20000u) << "a quarter of the ports is taken, no more";
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), seen.size());
}

TEST(FullTable, RefusesNewConnectionsAndEvictsNone) {
  Testbed bed({.flow_slots = 256});
  std::vector<std::pair<uint32_t, std::string>> established;
  for (uint32_t client = 0; client < 2000; client++) {
    const RunResult result = bed.runner.run(segment(client, kSyn));
    if (forwarded(result)) established.emplace_back(client, endpoints(result.frame));
  }
  const uint64_t refused = bed.runner.reason(ELB_REASON_TABLE_FULL);
  EXPECT_GT(established.size(), 256u / 4);
  EXPECT_LE(established.size(), 256u / 2);
  EXPECT_EQ(refused, 2000 - established.size());
  EXPECT_EQ(bed.runner.refused(1), refused);
  for (const auto& [client, was] : established) {
    const RunResult result = bed.runner.run(segment(client, kAck));
    ASSERT_STREQ(verdict_name(result.verdict), "XDP_TX") << client;
    ASSERT_EQ(endpoints(result.frame), was) << client;
  }
}

}  // namespace
}  // namespace elb::test
