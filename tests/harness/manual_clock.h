// SPDX-License-Identifier: Apache-2.0
// ManualClock: the scripted clock of the tests. Time moves only when told.
// Thread rule: safe from any thread.
#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace elb::test {

class ManualClock final : public Clock {
 public:
  SteadyTime steady() const override { return SteadyTime(std::chrono::nanoseconds(steady_ns_.load())); }
  WallTime wall() const override {
    return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(wall_ns_.load())));
  }
  void advance(std::chrono::nanoseconds by) {
    steady_ns_ += by.count();
    wall_ns_ += by.count();
  }
  /// Steps the wall clock alone, as an administrator or NTP does.
  void step_wall(std::chrono::nanoseconds by) { wall_ns_ += by.count(); }

 private:
  std::atomic<int64_t> steady_ns_{1'000'000'000'000};
  std::atomic<int64_t> wall_ns_{1'700'000'000'000'000'000};
};

}  // namespace elb::test
