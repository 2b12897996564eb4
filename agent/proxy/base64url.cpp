// SPDX-License-Identifier: Apache-2.0
#include "proxy/base64url.h"

#include <cstdint>

namespace elb::proxy {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string to_base64url(std::string_view bytes) {
  std::string text;
  uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    for (count += 8; count >= 6;) {
      count -= 6;
      text += kDigits[bits >> count & 63];
    }
  }
  if (count > 0) text += kDigits[bits << (6 - count) & 63];
  return text;
}

bool from_base64url(std::string_view text, std::span<char> out) {
  if (text.size() != (out.size() * 8 + 5) / 6) return false;
  uint32_t bits = 0;
  unsigned count = 0;
  size_t written = 0;
  for (const char c : text) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return false;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out[written++] = static_cast<char>(bits >> count & 0xff);
  }
  return (bits & ((1U << count) - 1)) == 0;  // bits that no byte takes are zero
}

}  // namespace elb::proxy
