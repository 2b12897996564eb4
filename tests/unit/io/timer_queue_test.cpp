// SPDX-License-Identifier: Apache-2.0
#include "io/timer_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "harness/seeded_random.h"

namespace elb::io {
namespace {

SteadyTime at_ms(int64_t ms) { return SteadyTime(std::chrono::milliseconds(ms)); }

TEST(TimerQueue, RunsInOrderOfTimeThenOfAdding) {
  TimerQueue queue;
  std::vector<int> ran;
  queue.add(at_ms(20), [&] { ran.push_back(3); });
  queue.add(at_ms(10), [&] { ran.push_back(1); });
  queue.add(at_ms(10), [&] { ran.push_back(2); });
  queue.add(at_ms(21), [&] { ran.push_back(4); });
  EXPECT_EQ(queue.next(), at_ms(10));
  EXPECT_EQ(queue.run_due(at_ms(9)), 0U);
  EXPECT_EQ(queue.run_due(at_ms(20)), 3U);
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(queue.next(), at_ms(21));
}

TEST(TimerQueue, CancelWorksOnceAndNeverOnAnother) {
  TimerQueue queue;
  int ran = 0;
  const TimerId first = queue.add(at_ms(1), [&] { ++ran; });
  const TimerId second = queue.add(at_ms(1), [&] { ++ran; });
  EXPECT_TRUE(queue.cancel(first));
  EXPECT_FALSE(queue.cancel(first));
  EXPECT_FALSE(queue.cancel(TimerId{}));
  queue.run_due(at_ms(1));
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(queue.cancel(second)) << "has run";
}

TEST(TimerQueue, CallbackMayCancelAnotherThatIsDueToo) {
  TimerQueue queue;
  bool ran = false;
  TimerId victim;
  queue.add(at_ms(1), [&] { queue.cancel(victim); });
  victim = queue.add(at_ms(1), [&] { ran = true; });
  EXPECT_EQ(queue.run_due(at_ms(5)), 1U);
  EXPECT_FALSE(ran);
}

TEST(TimerQueue, TimerThatArmsItselfInThePastDoesNotKeepTheCaller) {
  TimerQueue queue;
  int ran = 0;
  std::function<void()> again = [&] {
    ++ran;
    queue.add(at_ms(0), again);
  };
  queue.add(at_ms(0), again);
  EXPECT_EQ(queue.run_due(at_ms(5)), 1U);
  EXPECT_EQ(ran, 1);
}

TEST(TimerQueue, AgreesWithASortedListOverRandomOperations) {
  test::SeededRandom random(7);
  for (int round = 0; round < 200; ++round) {
    TimerQueue queue;
    std::vector<std::pair<TimerId, int>> model;
    std::vector<int> ran, expected;
    int64_t now = 0;
    for (int step = 0; step < 100; ++step) {
      const uint64_t choice = random.next() % 4;
      if (choice < 2) {
        const int name = step;
        model.emplace_back(
            queue.add(at_ms(now + static_cast<int64_t>(random.next() % 50)), [&ran, name] { ran.push_back(name); }),
            name);
      } else if (choice == 2 && !model.empty()) {
        const size_t victim = random.next() % model.size();
        EXPECT_TRUE(queue.cancel(model[victim].first));
        model.erase(model.begin() + static_cast<ptrdiff_t>(victim));
      } else {
        now += static_cast<int64_t>(random.next() % 20);
        std::sort(model.begin(), model.end());
        while (!model.empty() && model.front().first.when <= at_ms(now)) {
          expected.push_back(model.front().second);
          model.erase(model.begin());
        }
        queue.run_due(at_ms(now));
      }
    }
    ASSERT_EQ(ran, expected);
    ASSERT_EQ(queue.size(), model.size());
  }
}

}  // namespace
}  // namespace elb::io
