// SPDX-License-Identifier: Apache-2.0
#include "http/proxy_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace elb::http {
namespace {

constexpr std::string_view kV1 = "PROXY ";
constexpr std::string_view kV2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kV2Head = 16;
constexpr uint8_t kLocal = 0x20;  // version 2, command
constexpr uint8_t kProxy = 0x21;
constexpr uint8_t kUnspecified = 0x00;  // family and protocol
constexpr uint8_t kTcp4 = 0x11;
constexpr uint8_t kTcp6 = 0x21;

/// What both have in common at their beginning.
bool agree(std::string_view bytes, std::string_view signature) {
  const size_t common = std::min(bytes.size(), signature.size());
  return bytes.substr(0, common) == signature.substr(0, common);
}

uint8_t byte(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

uint16_t big_endian(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(byte(bytes, at) << 8 | byte(bytes, at + 1));
}

/// 0 to 65535 without sign or leading zeros.
std::optional<uint16_t> port_of(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  return value <= 0xFFFF ? std::optional(static_cast<uint16_t>(value)) : std::nullopt;
}

std::optional<IpAddress> address_of(std::string_view text, bool v4) {
  const auto address = IpAddress::parse(std::string(text));
  if (!address || address->is_v4() != v4) return std::nullopt;
  return *address;
}

/// An IPv4 client of an IPv6 socket is an IPv4 client.
IpAddress plain(const IpAddress& address) {
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  const auto& bytes = address.bytes();
  if (address.is_v4() || !std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) return address;
  return IpAddress::from_v4_host(static_cast<uint32_t>(bytes[12]) << 24 | static_cast<uint32_t>(bytes[13]) << 16 |
                                 static_cast<uint32_t>(bytes[14]) << 8 | bytes[15]);
}

/// "TCP4 192.0.2.1 192.0.2.2 56324 443": one blank between words, nothing else.
ProxyOutcome parse_line(std::string_view line, ProxyHeader& header) {
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return ProxyOutcome::kDone;
  std::array<std::string_view, 5> words;
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t end = i + 1 < words.size() ? line.find(' ') : line.size();
    if (end == std::string_view::npos) return ProxyOutcome::kFault;
    words[i] = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  if (words[0] != "TCP4" && words[0] != "TCP6") return ProxyOutcome::kFault;
  const bool v4 = words[0] == "TCP4";
  const auto source = address_of(words[1], v4);
  const auto source_port = port_of(words[3]);
  if (!source || !address_of(words[2], v4) || !source_port || !port_of(words[4])) return ProxyOutcome::kFault;
  header.client = Endpoint{plain(*source), *source_port};
  return ProxyOutcome::kDone;
}

ProxyOutcome parse_v1(std::string_view bytes, ProxyHeader& header) {
  const std::string_view seen = bytes.substr(0, kProxyV1Max);
  const size_t end = seen.find('\n');
  if (end == std::string_view::npos) return bytes.size() < kProxyV1Max ? ProxyOutcome::kNeedMore : ProxyOutcome::kFault;
  if (end == 0 || seen[end - 1] != '\r') return ProxyOutcome::kFault;
  header.size = end + 1;
  return parse_line(seen.substr(kV1.size(), end - 1 - kV1.size()), header);
}

ProxyOutcome parse_v2(std::string_view bytes, ProxyHeader& header) {
  if (bytes.size() < kV2Head) return ProxyOutcome::kNeedMore;
  const uint8_t command = byte(bytes, 12), family = byte(bytes, 13);
  const size_t length = big_endian(bytes, 14);
  if ((command != kLocal && command != kProxy) || kV2Head + length > kProxyV2Max) return ProxyOutcome::kFault;
  if (bytes.size() < kV2Head + length) return ProxyOutcome::kNeedMore;
  header.size = kV2Head + length;
  if (command == kLocal || family == kUnspecified) return ProxyOutcome::kDone;
  const std::string_view body = bytes.substr(kV2Head, length);
  if (family == kTcp4 && length >= 12) {
    const uint32_t source = static_cast<uint32_t>(big_endian(body, 0)) << 16 | big_endian(body, 2);
    header.client = Endpoint{IpAddress::from_v4_host(source), big_endian(body, 8)};
    return ProxyOutcome::kDone;
  }
  if (family == kTcp6 && length >= 36) {
    std::array<uint8_t, 16> source{};
    for (size_t i = 0; i < source.size(); ++i) source[i] = byte(body, i);
    header.client = Endpoint{plain(IpAddress::from_v6(source)), big_endian(body, 32)};
    return ProxyOutcome::kDone;
  }
  return ProxyOutcome::kFault;  // datagrams and Unix sockets have no business here
}

std::array<uint8_t, 16> mapped(const IpAddress& address) {
  if (!address.is_v4()) return address.bytes();
  std::array<uint8_t, 16> bytes{};
  bytes[10] = bytes[11] = 0xFF;
  for (size_t i = 0; i < 4; ++i) bytes[12 + i] = static_cast<uint8_t>(address.v4_host() >> (24 - 8 * i));
  return bytes;
}

void put(std::string& out, uint32_t value, size_t size) {
  for (size_t i = size; i > 0; --i) out += static_cast<char>(value >> (8 * (i - 1)) & 0xFF);
}

std::string text_of(const IpAddress& address, bool v4) {
  return address.is_v4() && !v4 ? "::ffff:" + address.to_string() : address.to_string();
}

}  // namespace

ProxyOutcome parse_proxy_header(std::string_view bytes, ProxyHeader& header) {
  header = {};
  if (bytes.empty()) return ProxyOutcome::kNeedMore;
  const bool first = agree(bytes, kV1);
  if (!first && !agree(bytes, kV2)) return ProxyOutcome::kNone;
  if (bytes.size() < (first ? kV1 : kV2).size()) return ProxyOutcome::kNeedMore;
  const ProxyOutcome outcome = first ? parse_v1(bytes, header) : parse_v2(bytes, header);
  if (outcome != ProxyOutcome::kDone) header = {};
  return outcome;
}

std::string write_proxy_header(bool second_version, const Endpoint& client, const Endpoint& local) {
  const bool v4 = client.address.is_v4() && local.address.is_v4();
  if (!second_version)
    return fmt::format("PROXY {} {} {} {} {}\r\n", v4 ? "TCP4" : "TCP6", text_of(client.address, v4),
                       text_of(local.address, v4), client.port, local.port);
  std::string out(kV2);
  out += static_cast<char>(kProxy);
  out += static_cast<char>(v4 ? kTcp4 : kTcp6);
  put(out, v4 ? 12 : 36, 2);
  for (const Endpoint* end : {&client, &local}) {
    if (v4) {
      put(out, end->address.v4_host(), 4);
    } else {
      for (const uint8_t part : mapped(end->address)) out += static_cast<char>(part);
    }
  }
  put(out, client.port, 2);
  put(out, local.port, 2);
  return out;
}

std::string write_local_proxy_header(bool second_version) {
  if (!second_version) return "PROXY UNKNOWN\r\n";
  std::string out(kV2);
  out += static_cast<char>(kLocal);
  out += static_cast<char>(kUnspecified);
  put(out, 0, 2);
  return out;
}

}  // namespace elb::http
