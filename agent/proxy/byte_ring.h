// SPDX-License-Identifier: Apache-2.0
// ByteRing: whole pieces of text from one thread to another through memory of a fixed size, without locks.
// Thread rule: push() by one thread, pop_all() by one other; size() from any.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace elb::proxy {

class ByteRing {
 public:
  /// `capacity` is a power of two.
  explicit ByteRing(size_t capacity) : memory_(std::make_unique<char[]>(capacity)), mask_(capacity - 1) {}

  /// All of it or, when there is no room, nothing (false).
  bool push(std::string_view text) {
    const uint64_t head = head_.load(std::memory_order_relaxed);
    const uint64_t room = mask_ + 1 - (head - tail_.load(std::memory_order_acquire));
    if (text.size() > room) return false;
    const size_t at = head & mask_;
    const size_t first = std::min(text.size(), mask_ + 1 - at);
    std::memcpy(&memory_[at], text.data(), first);
    std::memcpy(&memory_[0], text.data() + first, text.size() - first);
    head_.store(head + text.size(), std::memory_order_release);
    return true;
  }

  /// Appends what is there to `out`.
  void pop_all(std::string& out) {
    const uint64_t tail = tail_.load(std::memory_order_relaxed);
    const uint64_t head = head_.load(std::memory_order_acquire);
    const size_t size = head - tail;
    const size_t at = tail & mask_;
    const size_t first = std::min(size, mask_ + 1 - at);
    out.append(&memory_[at], first);
    out.append(&memory_[0], size - first);
    tail_.store(head, std::memory_order_release);
  }

  size_t size() const { return head_.load(std::memory_order_acquire) - tail_.load(std::memory_order_acquire); }

 private:
  std::unique_ptr<char[]> memory_;
  const size_t mask_;
  alignas(64) std::atomic<uint64_t> head_{0};
  alignas(64) std::atomic<uint64_t> tail_{0};
};

}  // namespace elb::proxy
