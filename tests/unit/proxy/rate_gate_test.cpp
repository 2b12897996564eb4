// SPDX-License-Identifier: Apache-2.0
#include "proxy/rate_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace elb::proxy {
namespace {

using namespace std::chrono_literals;

int passed(RateGate& gate, SteadyTime now, uint32_t rate, uint32_t burst, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += gate.pass(now, rate, burst) ? 1 : 0;
  return count;
}

TEST(RateGate, ABurstAtOnceThenTheRate) {
  RateGate gate;
  SteadyTime now{1000s};
  EXPECT_EQ(passed(gate, now, 100, 20, 50), 20);
  EXPECT_EQ(passed(gate, now + 10ms, 100, 20, 50), 1);
  int total = 0;
  for (int i = 0; i < 1000; ++i) total += passed(gate, now + 10ms + i * 1ms, 100, 20, 5);
  EXPECT_NEAR(total, 100, 1) << "in a second";
  EXPECT_EQ(passed(gate, now + 3600s, 100, 20, 50), 20) << "an hour of rest saves no more than a burst";
}

TEST(RateGate, OneAtATime) {
  RateGate gate;
  EXPECT_EQ(passed(gate, SteadyTime{1s}, 1, 1, 3), 1);
  EXPECT_EQ(passed(gate, SteadyTime{1999ms}, 1, 1, 3), 0);
  EXPECT_EQ(passed(gate, SteadyTime{2s}, 1, 1, 3), 1);
}

TEST(RateGate, AHigherRateCountsFromNowOn) {
  RateGate gate;
  EXPECT_EQ(passed(gate, SteadyTime{1s}, 1, 5, 9), 5);
  EXPECT_EQ(passed(gate, SteadyTime{1s}, 1000000, 1000000, 9), 0) << "five seconds are spent";
  EXPECT_EQ(passed(gate, SteadyTime{6s}, 1000000, 1000000, 9), 9);
}

TEST(RateGate, ManyLoopsTogetherGetNoMore) {
  RateGate gate;
  std::atomic<int> total{0};
  std::vector<std::thread> loops;
  for (int i = 0; i < 4; ++i) loops.emplace_back([&] { total += passed(gate, SteadyTime{5s}, 1000, 300, 1000); });
  for (auto& loop : loops) loop.join();
  EXPECT_EQ(total, 300);
}

}  // namespace
}  // namespace elb::proxy
