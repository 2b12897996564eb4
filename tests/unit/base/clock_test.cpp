// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "harness/manual_clock.h"

namespace elb {
namespace {

using std::chrono::seconds;

TEST(FormatUtc, PrintsTheFormOfTheApi) {
  EXPECT_EQ(format_utc(WallTime{}), "1970-01-01T00:00:00");
  EXPECT_EQ(format_utc(WallTime{} + seconds(1'709'164'799)), "2024-02-28T23:59:59");
  EXPECT_EQ(format_utc(WallTime{} + seconds(1'709'164'800)), "2024-02-29T00:00:00");
  EXPECT_EQ(format_utc(WallTime{} + seconds(4'102'444'800)), "2100-01-01T00:00:00") << "beyond 2038";
}

TEST(FormatUtc, IgnoresTheTimeZone) {
  setenv("TZ", "Asia/Tokyo", 1);
  tzset();
  EXPECT_EQ(format_utc(WallTime{}), "1970-01-01T00:00:00");
  unsetenv("TZ");
  tzset();
}

TEST(SystemClock, SteadyNeverGoesBack) {
  const SystemClock clock;
  SteadyTime last = clock.steady();
  for (int i = 0; i < 10'000; ++i) {
    const SteadyTime now = clock.steady();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(SystemClock, WallIsTheSystemsTime) {
  const std::time_t before = std::time(nullptr);
  const std::time_t now = std::chrono::system_clock::to_time_t(SystemClock().wall());
  EXPECT_GE(now, before);
  EXPECT_LE(now, std::time(nullptr));
}

TEST(ManualClock, R11_StepsOfTheWallClockLeaveSteadyAlone) {
  test::ManualClock clock;
  const SteadyTime steady = clock.steady();
  const WallTime wall = clock.wall();
  clock.step_wall(std::chrono::hours(-24));
  EXPECT_EQ(clock.steady(), steady);
  EXPECT_EQ(clock.wall(), wall - std::chrono::hours(24));
  clock.advance(seconds(2));
  EXPECT_EQ(clock.steady(), steady + seconds(2));
  EXPECT_EQ(clock.wall(), wall - std::chrono::hours(24) + seconds(2));
}

}  // namespace
}  // namespace elb
