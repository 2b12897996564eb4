// SPDX-License-Identifier: Apache-2.0
// Random: the only source of randomness; tests give a seeded one. new_uuid() draws a version 4 UUID from it.
// Thread rule: SystemRandom is safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace elb {

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;  // 64 uniformly distributed bits
};

/// getrandom(2); aborts if the kernel cannot deliver, which it always can after boot.
class SystemRandom final : public Random {
 public:
  uint64_t next() override;
};

/// RFC 4122 version 4, lower case, 36 characters.
std::string new_uuid(Random& random);

/// True for 36 characters of hex digits in the 8-4-4-4-12 form, or 32 hex digits without dashes.
bool is_uuid(std::string_view text);

}  // namespace elb
