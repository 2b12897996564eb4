// SPDX-License-Identifier: Apache-2.0
// TimerQueue: callbacks ordered by steady time; add, cancel and run are O(log n) for any number of timers.
// Pure: it is told the time. The event loop owns one.
// Thread rule: one thread; callbacks may add and cancel.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "base/clock.h"

namespace elb::io {

/// Names one armed timer; a default one names none, and cancelling what has run already is harmless.
struct TimerId {
  SteadyTime when{};
  uint64_t serial = 0;
  auto operator<=>(const TimerId&) const = default;
};

class TimerQueue {
 public:
  using Callback = std::function<void()>;

  /// Timers of the same time run in the order in which they were added.
  TimerId add(SteadyTime when, Callback callback);
  /// False when it has run or was cancelled before.
  bool cancel(const TimerId& id) { return timers_.erase(id) != 0; }
  std::optional<SteadyTime> next() const;
  /// Runs what is due at `now`, but no more callbacks than there were timers at entry: one that arms itself again in
  /// the past cannot keep the caller here. Returns how many ran.
  size_t run_due(SteadyTime now);
  size_t size() const { return timers_.size(); }

 private:
  std::map<TimerId, Callback> timers_;
  uint64_t serial_ = 0;
};

}  // namespace elb::io
