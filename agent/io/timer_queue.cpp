// SPDX-License-Identifier: Apache-2.0
#include "io/timer_queue.h"

#include <utility>

namespace elb::io {

TimerId TimerQueue::add(SteadyTime when, Callback callback) {
  const TimerId id{when, ++serial_};
  timers_.emplace(id, std::move(callback));
  return id;
}

std::optional<SteadyTime> TimerQueue::next() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.when;
}

size_t TimerQueue::run_due(SteadyTime now) {
  const size_t limit = timers_.size();
  size_t ran = 0;
  while (ran < limit && !timers_.empty() && timers_.begin()->first.when <= now) {
    auto node = timers_.extract(timers_.begin());  // out before it runs: it may cancel or add
    ++ran;
    node.mapped()();
  }
  return ran;
}

}  // namespace elb::io
