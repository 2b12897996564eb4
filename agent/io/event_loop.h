// SPDX-License-Identifier: Apache-2.0
// EventLoop: epoll, timers and a mailbox of functions from other threads; everything runs in the thread that calls
// run(). Time comes from the given Clock, so that a test can script it and drive the loop with run_once().
// Thread rule: post() and stop() from any thread, everything else from the loop's thread (or before it runs).
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mailbox.h"
#include "base/result.h"
#include "io/timer_queue.h"

namespace elb::io {

class EventLoop {
 public:
  using IoCallback = std::function<void(uint32_t events)>;  // EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP ...
  using Task = std::function<void()>;

  explicit EventLoop(const Clock& clock);

  /// Watches a descriptor that the caller owns. Remove it before closing it.
  Status add(int fd, uint32_t events, IoCallback callback);
  Status modify(int fd, uint32_t events);
  /// No callback of this fd runs afterwards, not even for events that were already fetched. Safe inside callbacks.
  void remove(int fd);

  TimerId at(SteadyTime when, TimerQueue::Callback callback) { return timers_.add(when, std::move(callback)); }
  TimerId after(std::chrono::nanoseconds delay, TimerQueue::Callback callback) {
    return at(clock_.steady() + delay, std::move(callback));
  }
  bool cancel(const TimerId& id) { return timers_.cancel(id); }

  /// Runs `task` in the loop's thread. False when too many wait already; the caller decides what that means.
  bool post(Task task) { return tasks_.push(std::move(task)); }

  /// Until stop(). Tasks posted before stop() have run when it returns.
  void run();
  void stop();
  /// One pass: waits for events at most `max_wait` (real time) or until the next timer (Clock's time), handles them.
  void run_once(std::chrono::milliseconds max_wait);

 private:
  struct Watch {
    uint32_t serial = 0;  // tells a re-used descriptor number from the one an event was meant for
    IoCallback callback;
  };

  int wait_ms(std::chrono::milliseconds max_wait) const;
  void dispatch(const epoll_event& event);

  const Clock& clock_;
  Fd epoll_;
  Mailbox<Task> tasks_;
  TimerQueue timers_;
  std::unordered_map<int, Watch> watches_;
  uint32_t serial_ = 0;
  std::atomic<bool> stopping_ = false;
};

}  // namespace elb::io
