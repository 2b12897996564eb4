// SPDX-License-Identifier: Apache-2.0
// Utf8Checker: is a sequence of bytes UTF-8 as RFC 3629 has it (no overlong forms, no surrogates, nothing above
// U+10FFFF)? Thread rule: a plain value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace elb::http {

class Utf8Checker {
 public:
  /// False if no UTF-8 text continues so.
  constexpr bool feed(uint8_t byte) {
    if (left_ > 0) {
      if (byte < low_ || byte > high_) return false;
      low_ = 0x80;
      high_ = 0xbf;
      --left_;
      return true;
    }
    if (byte < 0x80) return true;
    if (byte < 0xc2 || byte > 0xf4) return false;  // continuation bytes, overlong forms of ASCII, beyond Unicode
    left_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    low_ = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
    high_ = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
    return true;
  }
  /// Not in the middle of a character.
  constexpr bool complete() const { return left_ == 0; }

 private:
  uint8_t left_ = 0;  // continuation bytes to come
  uint8_t low_ = 0x80;
  uint8_t high_ = 0xbf;
};

/// Bytes of the valid character at the beginning of `text`, 0 if there is none.
constexpr size_t utf8_character(std::string_view text) {
  Utf8Checker checker;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!checker.feed(static_cast<uint8_t>(text[i]))) return 0;
    if (checker.complete()) return i + 1;
  }
  return 0;
}

}  // namespace elb::http
