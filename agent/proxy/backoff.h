// SPDX-License-Identifier: Apache-2.0
// Backoff: how long to wait before a worker is started again. The first time at once, then 100 ms, doubled up to 5 s;
// one that ran for 10 s has earned a new beginning. Pure; thread rule: a value.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace elb::proxy {

class Backoff {
 public:
  static constexpr std::chrono::milliseconds kFirst{100};
  static constexpr std::chrono::milliseconds kLongest{5000};
  static constexpr std::chrono::seconds kGoodRun{10};

  void started(SteadyTime now) { started_ = now; }
  /// When to start again.
  SteadyTime ended(SteadyTime now) {
    if (now - started_ >= kGoodRun) next_ = {};
    const auto wait = next_;
    next_ = std::clamp(next_ * 2, kFirst, kLongest);
    return now + wait;
  }

 private:
  SteadyTime started_{};
  std::chrono::milliseconds next_{0};
};

}  // namespace elb::proxy
