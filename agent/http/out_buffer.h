// SPDX-License-Identifier: Apache-2.0
// OutBuffer: text appended to memory of a fixed size. What does not fit is remembered, so that a writer checks once at
// its end. The caller owns the memory. Thread rule: one thread.
#pragma once

#include <charconv>
#include <concepts>
#include <cstring>
#include <span>
#include <string_view>

namespace elb::http {

class OutBuffer {
 public:
  explicit OutBuffer(std::span<char> memory) : begin_(memory.data()), at_(begin_), end_(begin_ + memory.size()) {}

  void put(std::string_view text) {
    if (static_cast<size_t>(end_ - at_) < text.size()) {
      overflowed_ = true;
    } else if (!text.empty()) {
      std::memcpy(at_, text.data(), text.size());
      at_ += text.size();
    }
  }
  void put(char c) { put(std::string_view(&c, 1)); }
  void put_number(std::unsigned_integral auto number, int base = 10) {
    const auto [end, error] = std::to_chars(at_, end_, number, base);
    if (error != std::errc()) {
      overflowed_ = true;
    } else {
      at_ = end;
    }
  }

  /// False once anything did not fit; then what was written is of no use.
  bool fits() const { return !overflowed_; }
  std::string_view written() const { return {begin_, static_cast<size_t>(at_ - begin_)}; }

 private:
  char* begin_;
  char* at_;
  char* end_;
  bool overflowed_ = false;
};

}  // namespace elb::http
