// SPDX-License-Identifier: Apache-2.0
// IpAddress, Cidr, Endpoint: IPv4 and IPv6 addresses as values, parsed strictly (no names, no zones, no short forms).
// Bytes are always in network order. Thread rule: plain values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace elb {

class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0

  /// Dotted quad or RFC 4291 text; kInvalid without a field otherwise.
  static Result<IpAddress> parse(std::string_view text);
  static IpAddress from_v4_be(uint32_t network_order);  // the in-memory form of in_addr.s_addr
  static IpAddress from_v4_host(uint32_t host_order);
  static IpAddress from_v6(const std::array<uint8_t, 16>& bytes);

  bool is_v4() const { return v4_; }
  uint32_t v4_be() const;                                          // only for IPv4
  uint32_t v4_host() const;                                        // only for IPv4
  const std::array<uint8_t, 16>& bytes() const { return bytes_; }  // IPv4: the first four
  std::string to_string() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  bool v4_ = true;
  std::array<uint8_t, 16> bytes_{};
};

struct Cidr {
  IpAddress address;  // host bits are zero
  uint8_t prefix = 0;

  /// "10.0.0.0/8"; a bare address is a /32 or /128; host bits are masked away.
  static Result<Cidr> parse(std::string_view text);
  bool contains(const IpAddress& other) const;
  std::string to_string() const;
  auto operator<=>(const Cidr&) const = default;
};

struct Endpoint {
  IpAddress address;
  uint16_t port = 0;  // host order

  std::string to_string() const;  // 10.0.0.1:80, [2001:db8::1]:80
  auto operator<=>(const Endpoint&) const = default;
};

}  // namespace elb
