// SPDX-License-Identifier: Apache-2.0
// Mailbox<T>: a bounded queue into another thread, with an eventfd so that the receiver can wait in poll() or epoll.
// A full mailbox refuses and counts; it never blocks the sender.
// Thread rule: push() from any thread, take_all() from the owner.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/fd.h"

namespace elb {

template <class T>
class Mailbox {
 public:
  explicit Mailbox(size_t capacity) : capacity_(capacity), event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  /// False when full (counted in dropped()).
  bool push(T item) {
    {
      const std::lock_guard lock(mutex_);
      if (items_.size() >= capacity_) {
        ++dropped_;
        return false;
      }
      items_.push_back(std::move(item));
    }
    wake();
    return true;
  }

  /// Makes the receiver's poll() return without an item.
  void wake() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(event_.get(), &one, sizeof one);
  }

  std::vector<T> take_all() {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(event_.get(), &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }

  int event_fd() const { return event_.get(); }
  uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  const size_t capacity_;
  Fd event_;
  mutable std::mutex mutex_;
  std::vector<T> items_;
  uint64_t dropped_ = 0;
};

}  // namespace elb
