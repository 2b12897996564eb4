// SPDX-License-Identifier: Apache-2.0
// Uuid: an id of the model as the 16 bytes that the kernel maps hold. Thread rule: plain values.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/result.h"

namespace elb::dataplane {

using Uuid = std::array<uint8_t, 16>;
inline constexpr Uuid kNoUuid{};

/// 32 hex digits, with or without dashes.
Result<Uuid> parse_uuid(std::string_view text);
/// Lower case with dashes.
std::string to_string(const Uuid& uuid);

inline Uuid uuid_of(const uint8_t (&bytes)[16]) {
  Uuid uuid;
  std::memcpy(uuid.data(), bytes, uuid.size());
  return uuid;
}
inline void store_uuid(uint8_t (&bytes)[16], const Uuid& uuid) { std::memcpy(bytes, uuid.data(), uuid.size()); }

}  // namespace elb::dataplane
