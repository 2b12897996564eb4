// SPDX-License-Identifier: Apache-2.0
#include "toa/prefix.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace elb::toa {

elb_toa_prefix to_key(const Cidr& cidr) {
  elb_toa_prefix key{};
  key.bits = ELB_TOA_FAMILY_BITS + cidr.prefix;
  key.family = cidr.address.is_v4() ? AF_INET : AF_INET6;
  std::memcpy(key.addr, cidr.address.bytes().data(), cidr.address.is_v4() ? 4 : 16);
  return key;
}

Cidr to_cidr(const elb_toa_prefix& key) {
  Cidr cidr;
  cidr.prefix = static_cast<uint8_t>(key.bits - ELB_TOA_FAMILY_BITS);
  std::array<uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), key.addr, bytes.size());
  uint32_t v4 = 0;
  std::memcpy(&v4, key.addr, sizeof v4);
  cidr.address = key.family == AF_INET ? IpAddress::from_v4_be(v4) : IpAddress::from_v6(bytes);
  return cidr;
}

Result<std::vector<Cidr>> parse_trusted(const std::vector<std::string>& words) {
  std::vector<Cidr> trusted;
  for (size_t i = 0; i < words.size(); ++i) {
    auto cidr = Cidr::parse(words[i]);
    if (!cidr) return invalid(fmt::format("trusted[{}]", i), cidr.error().message);
    trusted.push_back(*cidr);
  }
  std::sort(trusted.begin(), trusted.end());
  trusted.erase(std::unique(trusted.begin(), trusted.end()), trusted.end());
  if (trusted.size() > ELB_TOA_TRUSTED_MAX)
    return invalid("trusted", fmt::format("{} prefixes are more than {}", trusted.size(), ELB_TOA_TRUSTED_MAX));
  if (trusted.empty()) return invalid("trusted", "nobody would be believed: give at least one prefix");
  return trusted;
}

}  // namespace elb::toa
