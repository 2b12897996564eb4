// SPDX-License-Identifier: Apache-2.0
#include "proxy/wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

namespace elb::proxy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Alarm final : Timed {
  explicit Alarm(std::function<void()> a_ring = {}) : ring(std::move(a_ring)) {}
  void on_timer() override {
    ++rung;
    if (ring) ring();
  }
  std::function<void()> ring;
  int rung = 0;
};

class WheelTest : public testing::Test {
 protected:
  void pass(milliseconds time) {
    now_ += time;
    wheel_.advance(now_);
  }
  SteadyTime now_{seconds(1000)};
  Wheel wheel_{now_};
};

TEST_F(WheelTest, rings_at_its_time_and_not_before) {
  Alarm alarm;
  wheel_.arm(alarm, now_ + milliseconds(500));
  pass(milliseconds(499));
  EXPECT_EQ(alarm.rung, 0);
  pass(2 * Wheel::kTick);
  EXPECT_EQ(alarm.rung, 1);
  pass(seconds(100));
  EXPECT_EQ(alarm.rung, 1);
}

TEST_F(WheelTest, what_lies_beyond_a_round_comes_up_once_a_round) {
  const SteadyTime due = now_ + seconds(300);
  SteadyTime rang{};
  Alarm alarm([&] {
    if (now_ < due) {
      wheel_.arm(alarm, due);
    } else {
      rang = now_;
    }
  });
  wheel_.arm(alarm, due);
  for (int i = 0; i < 3100; ++i) pass(milliseconds(100));
  EXPECT_GE(rang, due);
  EXPECT_LE(rang, due + milliseconds(200));
  EXPECT_LE(alarm.rung, 11);
}

TEST_F(WheelTest, arming_again_moves_only_forward) {
  Alarm alarm;
  wheel_.arm(alarm, now_ + seconds(2));
  wheel_.arm(alarm, now_ + seconds(9));  // keeps its place: it looks for itself
  pass(milliseconds(2100));
  EXPECT_EQ(alarm.rung, 1);
  wheel_.arm(alarm, now_ + seconds(9));
  wheel_.arm(alarm, now_ + seconds(1));
  pass(milliseconds(1100));
  EXPECT_EQ(alarm.rung, 2);
}

TEST_F(WheelTest, one_may_destroy_others_that_are_due_with_it) {
  std::vector<std::unique_ptr<Alarm>> alarms;
  int rung = 0;
  for (int i = 0; i < 10; ++i)
    alarms.push_back(std::make_unique<Alarm>([&] {
      ++rung;
      // All but the one that rings.
      alarms.resize(1);
    }));
  for (const auto& alarm : alarms) wheel_.arm(*alarm, now_ + seconds(1));
  pass(seconds(2));
  EXPECT_EQ(rung, 1);
}

TEST_F(WheelTest, disarmed_is_silent) {
  Alarm alarm;
  wheel_.arm(alarm, now_ + seconds(1));
  wheel_.disarm(alarm);
  pass(seconds(5));
  EXPECT_EQ(alarm.rung, 0);
}

TEST_F(WheelTest, waits_until_the_next_one_may_be_due) {
  EXPECT_EQ(wheel_.wait(now_, seconds(10)), seconds(10));
  Alarm alarm;
  for (const int ms : {40, 1000, 2500, 7777, 31000}) {
    wheel_.arm(alarm, now_ + milliseconds(ms));
    const milliseconds wait = wheel_.wait(now_, seconds(60));
    EXPECT_GE(wait, milliseconds(ms) - Wheel::kTick) << ms;
    EXPECT_LE(wait, milliseconds(ms) + 2 * Wheel::kTick) << ms;
    wheel_.disarm(alarm);
    pass(seconds(40));
  }
}

TEST_F(WheelTest, after_a_long_stop_everything_rings) {
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 500; ++i) {
    alarms.push_back(std::make_unique<Alarm>());
    wheel_.arm(*alarms.back(), now_ + milliseconds(i * 60));
  }
  pass(seconds(3600));
  for (const auto& alarm : alarms) EXPECT_EQ(alarm->rung, 1);
}

}  // namespace
}  // namespace elb::proxy
