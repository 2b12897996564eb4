// SPDX-License-Identifier: Apache-2.0
// Comparing the structs of elb/abi.h as the kernel does: byte by byte (none of them has unnamed padding).
// Thread rule: pure.
#pragma once

#include <elb/abi.h>

#include <cstring>
#include <map>
#include <type_traits>

#include "base/ip.h"

namespace elb::dataplane {

inline elb_ip abi_ip(const IpAddress& address) {
  if (address.is_v4()) return elb_mapped(address.v4_be());
  elb_ip ip{};
  std::memcpy(&ip, address.bytes().data(), sizeof ip);
  return ip;
}

/// A mapped address comes back as IPv4.
inline IpAddress ip_of(const elb_ip& ip) {
  if (ip.word[0] == 0 && ip.word[1] == 0 && ip.word[2] == ELB_MAPPED_WORD) return IpAddress::from_v4_be(ip.word[3]);
  std::array<uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &ip, sizeof ip);
  return IpAddress::from_v6(bytes);
}

inline elb_addr_key abi_prefix(const IpAddress& address, uint8_t prefix) {
  return {uint32_t{prefix} + (address.is_v4() ? ELB_MAPPED_SHIFT : 0), abi_ip(address)};
}

/// The address alone.
inline elb_addr_key abi_host(const IpAddress& address) { return {128, abi_ip(address)}; }

struct ByteLess {
  template <class T>
  bool operator()(const T& a, const T& b) const {
    static_assert(std::has_unique_object_representations_v<T>);
    return std::memcmp(&a, &b, sizeof(T)) < 0;
  }
};

template <class T>
bool same(const T& a, const T& b) {
  static_assert(std::has_unique_object_representations_v<T>);
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <class Key, class Value>
using AbiTable = std::map<Key, Value, ByteLess>;

}  // namespace elb::dataplane
