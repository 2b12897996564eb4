// SPDX-License-Identifier: Apache-2.0
#include "base/ip.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace elb {

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  IpAddress result;
  if (copy.find('\0') == std::string::npos) {
    if (inet_pton(AF_INET, copy.c_str(), result.bytes_.data()) == 1) return result;
    if (inet_pton(AF_INET6, copy.c_str(), result.bytes_.data()) == 1) {
      result.v4_ = false;
      return result;
    }
  }
  return invalid("", fmt::format("'{}' is not an IPv4 or IPv6 address", text.substr(0, 64)));
}

IpAddress IpAddress::from_v4_be(uint32_t network_order) {
  IpAddress result;
  std::memcpy(result.bytes_.data(), &network_order, 4);
  return result;
}

IpAddress IpAddress::from_v4_host(uint32_t host_order) { return from_v4_be(htonl(host_order)); }

IpAddress IpAddress::from_v6(const std::array<uint8_t, 16>& bytes) {
  IpAddress result;
  result.v4_ = false;
  result.bytes_ = bytes;
  return result;
}

uint32_t IpAddress::v4_be() const {
  uint32_t value = 0;
  std::memcpy(&value, bytes_.data(), 4);
  return value;
}

uint32_t IpAddress::v4_host() const { return ntohl(v4_be()); }

std::string IpAddress::to_string() const {
  // RFC 5952, except that inet_ntop() writes ::/96 with dots: those addresses alone would not have one form.
  constexpr std::array<uint8_t, 12> kZeros{};
  char text[INET6_ADDRSTRLEN];
  if (!v4_ && std::memcmp(bytes_.data(), kZeros.data(), kZeros.size()) == 0 && (bytes_[12] != 0 || bytes_[13] != 0)) {
    const int low = bytes_[14] << 8 | bytes_[15];
    return fmt::format("::{:x}:{:x}", bytes_[12] << 8 | bytes_[13], low);
  }
  return inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
}

namespace {

IpAddress mask(const IpAddress& address, unsigned prefix) {
  std::array<uint8_t, 16> bytes = address.bytes();
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned kept = prefix > i * 8 ? std::min(8U, prefix - i * 8) : 0;
    bytes[i] &= static_cast<uint8_t>(0xFF00U >> kept);
  }
  if (!address.is_v4()) return IpAddress::from_v6(bytes);
  uint32_t value = 0;
  std::memcpy(&value, bytes.data(), 4);
  return IpAddress::from_v4_be(value);
}

}  // namespace

Result<Cidr> Cidr::parse(std::string_view text) {
  const size_t slash = text.find('/');
  auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return pass_on(std::move(address.error()));
  const unsigned longest = address->is_v4() ? 32 : 128;
  unsigned prefix = longest;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc{} || end != digits.data() + digits.size() || prefix > longest)
      return invalid("", fmt::format("'{}': the prefix length must be 0 to {}", text.substr(0, 64), longest));
  }
  return Cidr{mask(*address, prefix), static_cast<uint8_t>(prefix)};
}

bool Cidr::contains(const IpAddress& other) const {
  return other.is_v4() == address.is_v4() && mask(other, prefix) == address;
}

std::string Cidr::to_string() const { return fmt::format("{}/{}", address.to_string(), prefix); }

std::string Endpoint::to_string() const {
  return address.is_v4() ? fmt::format("{}:{}", address.to_string(), port)
                         : fmt::format("[{}]:{}", address.to_string(), port);
}

}  // namespace elb
