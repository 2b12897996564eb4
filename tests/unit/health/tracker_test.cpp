// SPDX-License-Identifier: Apache-2.0
// Shows: HC-08, HC-12, HC-19.
#include "health/tracker.h"

#include <gtest/gtest.h>

#include <vector>

#include "harness/seeded_random.h"
#include "model/resources.h"

namespace elb::health {
namespace {

using model::HealthState;

TEST(Tracker, HC12_FirstResultDecidesAtOnce) {
  Tracker good;
  EXPECT_EQ(good.state(), HealthState::kUnchecked);
  EXPECT_TRUE(good.record(true, {10, 10}));
  EXPECT_EQ(good.state(), HealthState::kHealthy);
  Tracker bad;
  EXPECT_TRUE(bad.record(false, {10, 10}));
  EXPECT_EQ(bad.state(), HealthState::kUnhealthy);
}

TEST(Tracker, HC08_FlipsExactlyAtTheNthConsecutiveResult) {
  for (int n = 1; n <= model::kRetriesMax; ++n) {
    Tracker tracker(HealthState::kHealthy);
    for (int i = 1; i < n; ++i) ASSERT_FALSE(tracker.record(false, {1, n}));
    ASSERT_EQ(tracker.state(), HealthState::kHealthy);
    ASSERT_TRUE(tracker.record(false, {1, n}));
    ASSERT_EQ(tracker.state(), HealthState::kUnhealthy);
    for (int i = 1; i < n; ++i) ASSERT_FALSE(tracker.record(true, {n, 1}));
    ASSERT_EQ(tracker.state(), HealthState::kUnhealthy);
    ASSERT_TRUE(tracker.record(true, {n, 1}));
    ASSERT_EQ(tracker.state(), HealthState::kHealthy);
  }
}

TEST(Tracker, HC08_OneOppositeResultRestartsTheCount) {
  Tracker tracker(HealthState::kHealthy);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(tracker.record(i % 3 == 0, {3, 3})) << "never three failures in a row";
  EXPECT_EQ(tracker.state(), HealthState::kHealthy);
}

TEST(Tracker, AdoptedAsHealthyNeedsFallFailures) {
  Tracker tracker(HealthState::kHealthy);
  EXPECT_FALSE(tracker.record(false, {3, 2}));
  EXPECT_TRUE(tracker.record(false, {3, 2}));
}

TEST(Tracker, HC19_ChangedThresholdsCountFromTheNextResult) {
  Tracker tracker(HealthState::kHealthy);
  EXPECT_FALSE(tracker.record(false, {3, 10}));
  EXPECT_FALSE(tracker.record(false, {3, 10}));
  EXPECT_TRUE(tracker.record(false, {3, 2})) << "the failures already seen count";
}

/// The rule of HC-08 and HC-12 spelt out over the whole history, with no counter: the state after the last result.
HealthState by_definition(HealthState initial, const std::vector<bool>& results, Thresholds limits) {
  HealthState state = initial;
  size_t since = 0;  // results before this one no longer count
  for (size_t i = 0; i < results.size(); ++i) {
    if (state == HealthState::kUnchecked) {
      state = results[i] ? HealthState::kHealthy : HealthState::kUnhealthy;
      since = i + 1;
      continue;
    }
    const bool wanted = state == HealthState::kUnhealthy;  // the result that speaks against the state
    const auto needed = static_cast<size_t>(wanted ? limits.rise : limits.fall);
    if (i + 1 < since + needed) continue;
    bool all = true;
    for (size_t k = i + 1 - needed; k <= i; ++k) all = all && results[k] == wanted;
    if (!all) continue;
    state = wanted ? HealthState::kHealthy : HealthState::kUnhealthy;
    since = i + 1;
  }
  return state;
}

TEST(Tracker, HC08_HC12_AgreesWithTheDefinitionOnRandomHistories) {
  test::SeededRandom random(1);
  constexpr HealthState kInitial[] = {HealthState::kUnchecked, HealthState::kHealthy, HealthState::kUnhealthy};
  int changes = 0;
  for (int round = 0; round < 3000; ++round) {
    const HealthState initial = kInitial[random.next() % 3];
    const Thresholds limits{1 + static_cast<int>(random.next() % 10), 1 + static_cast<int>(random.next() % 10)};
    const uint64_t sticky = 1 + random.next() % 12;  // long runs must occur, or high thresholds are never reached
    Tracker tracker(initial);
    std::vector<bool> results;
    bool result = random.next() % 2 == 0;
    for (int step = 0; step < 80; ++step) {
      if (random.next() % sticky == 0) result = !result;
      results.push_back(result);
      const HealthState before = tracker.state();
      const bool changed = tracker.record(result, limits);
      ASSERT_EQ(changed, before != tracker.state());
      ASSERT_EQ(tracker.state(), by_definition(initial, results, limits)) << "round " << round << " step " << step;
      changes += changed ? 1 : 0;
    }
  }
  EXPECT_GT(changes, 10'000);
}

}  // namespace
}  // namespace elb::health
