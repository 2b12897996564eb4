// SPDX-License-Identifier: Apache-2.0
// HTTP's dates (RFC 9110 5.6.7): written for Date and for cookies. Thread rule: a pure function.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace elb::http {

/// IMF-fixdate text of its own, "Sun, 06 Nov 1994 08:49:37 GMT". A worker makes one each second.
class HttpDate {
 public:
  /// From 0001 to 9999; seconds beyond are taken for the last of 9999.
  explicit HttpDate(int64_t unix_seconds);
  std::string_view text() const { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 29> text_;
};

}  // namespace elb::http
