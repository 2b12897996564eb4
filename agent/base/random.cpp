// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <fmt/core.h>
#include <sys/random.h>

#include <cctype>
#include <cstdlib>

namespace elb {

uint64_t SystemRandom::next() {
  uint64_t value = 0;
  if (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) std::abort();
  return value;
}

std::string new_uuid(Random& random) {
  const uint64_t high = (random.next() & ~0xF000ULL) | 0x4000ULL;
  const uint64_t low = (random.next() & ~(3ULL << 62)) | (2ULL << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF, high & 0xFFFF, low >> 48,
                     low & 0xFFFFFFFFFFFFULL);
}

bool is_uuid(std::string_view text) {
  const bool dashed = text.size() == 36;
  if (!dashed && text.size() != 32) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = dashed && (i == 8 || i == 13 || i == 18 || i == 23);
    if (dash ? text[i] != '-' : !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
  }
  return true;
}

}  // namespace elb
