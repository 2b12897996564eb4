// SPDX-License-Identifier: Apache-2.0
// ModelAddress: an address of either family as the models hold it, IPv4 as ::ffff:a.b.c.d. Plain value.
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "harness/packet.h"

namespace elb::test {

struct ModelAddress {
  std::array<uint8_t, 16> bytes{};

  ModelAddress() = default;
  ModelAddress(uint32_t v4)  // NOLINT: host order, as every number of the models
      : bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff} {
    for (int i = 0; i < 4; i++) bytes[12 + i] = static_cast<uint8_t>(v4 >> (24 - 8 * i));
  }
  ModelAddress(const Ipv6Address& v6) : bytes(v6.bytes) {}  // NOLINT
  static ModelAddress at(const Bytes& frame, size_t offset) {
    ModelAddress address;
    std::copy_n(frame.begin() + static_cast<ptrdiff_t>(offset), 16, address.bytes.begin());
    return address;
  }

  bool is_v4() const { return std::equal(bytes.begin(), bytes.begin() + 12, ModelAddress(0).bytes.begin()); }
  uint32_t v4() const {
    return uint32_t{bytes[12]} << 24 | uint32_t{bytes[13]} << 16 | uint32_t{bytes[14]} << 8 | bytes[15];
  }
  Ipv6Address v6() const {
    Ipv6Address address;
    address.bytes = bytes;
    return address;
  }
  /// Are the first `bits`, of 128, those of `prefix`?
  bool within(const ModelAddress& prefix, uint32_t bits) const {
    for (uint32_t i = 0; i < bits; i++)
      if ((bytes[i / 8] ^ prefix.bytes[i / 8]) >> (7 - i % 8) & 1) return false;
    return true;
  }
  auto operator<=>(const ModelAddress&) const = default;
};

}  // namespace elb::test
