// SPDX-License-Identifier: Apache-2.0
// RateGate: so many requests a second, and so many at once, over all loops. One number holds it all: when the bucket
// would be full again (GCRA); a request moves it one interval on, and may not move it further than the burst ahead of
// now. Thread rule: any thread, without a lock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace elb::proxy {

class RateGate {
 public:
  /// Both above 0. They are given with each request, since a new snapshot may change them.
  bool pass(SteadyTime now, uint32_t per_second, uint32_t burst) {
    const int64_t time = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
    const int64_t interval = 1'000'000'000 / per_second;
    const int64_t most = interval * burst;
    int64_t full = full_at_.load(std::memory_order_relaxed);
    for (;;) {
      const int64_t next = (full > time ? full : time) + interval;
      if (next - time > most) return false;
      if (full_at_.compare_exchange_weak(full, next, std::memory_order_relaxed)) return true;
    }
  }

 private:
  std::atomic<int64_t> full_at_{0};
};

}  // namespace elb::proxy
