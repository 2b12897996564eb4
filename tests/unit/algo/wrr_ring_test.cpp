// SPDX-License-Identifier: Apache-2.0
// Shows: PL-04, PL-09.
#include "algo/wrr_ring.h"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>

#include "harness/seeded_random.h"

namespace elb::algo {
namespace {

constexpr size_t kLimit = 65536;

std::vector<uint32_t> ring_of(const std::vector<uint32_t>& weights, size_t limit = kLimit) {
  return build_wrr_ring(weights, limit);
}

std::vector<uint32_t> count(const std::vector<uint32_t>& ring, size_t members) {
  std::vector<uint32_t> counts(members);
  for (const uint32_t index : ring) ++counts.at(index);
  return counts;
}

/// The rule as nginx states it, one step at a time over all members.
std::vector<uint32_t> reference(const std::vector<uint32_t>& weights) {
  const int64_t total = std::accumulate(weights.begin(), weights.end(), int64_t{0});
  std::vector<int64_t> current(weights.size());
  std::vector<uint32_t> ring;
  for (int64_t step = 0; step < total; ++step) {
    size_t best = weights.size();
    for (size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] == 0) continue;
      current[i] += weights[i];
      if (best == weights.size() || current[i] > current[best]) best = i;
    }
    current[best] -= total;
    ring.push_back(static_cast<uint32_t>(best));
  }
  return ring;
}

TEST(WrrRing, IsNginxsSequence) {
  EXPECT_EQ(ring_of({5, 1, 1}), (std::vector<uint32_t>{0, 0, 1, 0, 2, 0, 0}));
  test::SeededRandom random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<uint32_t> weights(1 + random.next() % 12);
    for (uint32_t& weight : weights) weight = random.next() % 9;
    uint32_t divisor = 0;
    for (const uint32_t weight : weights) divisor = std::gcd(divisor, weight);
    if (divisor == 0) continue;
    for (uint32_t& weight : weights) weight /= divisor;
    ASSERT_EQ(ring_of(weights), reference(weights));
  }
}

TEST(WrrRing, PL04_SharesAreExactlyTheWeights) {
  const std::vector<uint32_t> weights{10, 20, 70};
  const auto ring = ring_of(weights);
  EXPECT_EQ(ring.size(), 10U);  // reduced by the common divisor
  EXPECT_EQ(count(ring, 3), (std::vector<uint32_t>{1, 2, 7}));
}

TEST(WrrRing, PL04_EqualWeightsTakeStrictTurns) {
  EXPECT_EQ(ring_of({100, 100, 100, 100}), (std::vector<uint32_t>{0, 1, 2, 3}));
}

TEST(WrrRing, PL09_WeightZeroNeverOccurs) {
  EXPECT_EQ(ring_of({0, 3, 0, 3}), (std::vector<uint32_t>{1, 3}));
  EXPECT_TRUE(ring_of({0, 0}).empty());
  EXPECT_TRUE(ring_of({}).empty());
}

TEST(WrrRing, SpreadsAMemberEvenlyOverTheCycle) {
  // A member of weight w never waits longer than two ideal intervals.
  const std::vector<uint32_t> weights{97, 53, 11, 7, 1};
  const auto ring = ring_of(weights);
  for (uint32_t member = 0; member < weights.size(); ++member) {
    size_t last = 0, widest = 0, seen = 0;
    for (size_t i = 0; i < 2 * ring.size(); ++i) {
      if (ring[i % ring.size()] != member) continue;
      if (seen++ > 0) widest = std::max(widest, i - last);
      last = i;
    }
    EXPECT_LE(widest, 2 * ring.size() / weights[member]) << member;
  }
}

TEST(WrrRing, ScalesDownToTheLimitAndKeepsEverybody) {
  std::vector<uint32_t> weights(1000, 100);
  weights[0] = 1;
  weights[1] = 37;
  const auto counts = count(ring_of(weights), weights.size());
  const uint64_t sum = std::accumulate(weights.begin(), weights.end(), uint64_t{0});
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), size_t{0}), kLimit);
  for (size_t i = 0; i < weights.size(); ++i) {
    EXPECT_GE(counts[i], 1U);
    EXPECT_NEAR(counts[i], static_cast<double>(weights[i]) * kLimit / static_cast<double>(sum), 1.0) << i;
  }
}

TEST(WrrRing, ScalingNeverOverdrawsTheLimit) {
  // 60 tiny members raised to 1 beside one that would take everything.
  std::vector<uint32_t> weights(61, 1);
  weights[60] = 1'000'000;
  const auto counts = count(ring_of(weights, 64), weights.size());
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), size_t{0}), 64U);
  EXPECT_EQ(counts[0], 1U);
  EXPECT_EQ(counts[60], 4U);
  EXPECT_EQ(ring_of(std::vector<uint32_t>(100, 3), 64).size(), 64U);
}

TEST(WrrRing, PL04_LargestPoolIsQuick) {
  std::vector<uint32_t> weights(500);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = 100 - i % 5;
  std::vector<uint32_t> spread(500);
  for (size_t i = 0; i < spread.size(); ++i) spread[i] = 1 + i % 100;
  for (const auto& given : {weights, spread}) {
    const auto start = std::chrono::steady_clock::now();
    const auto ring = ring_of(given);
    const auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    RecordProperty("milliseconds", std::to_string(took));
    std::printf("ring of %zu entries, %zu members: %.2f ms\n", ring.size(), given.size(), took);
    EXPECT_EQ(ring.size(), std::accumulate(given.begin(), given.end(), size_t{0}));
    EXPECT_LT(took, 500.0);  // measured 2-6 ms; wide, for sanitizers and a loaded machine
  }
}

}  // namespace
}  // namespace elb::algo
