// SPDX-License-Identifier: Apache-2.0
#include "http/host.h"

#include <algorithm>

#include "base/ip.h"
#include "http/char_class.h"

namespace elb::http {
namespace {

// An empty port means the default one (RFC 3986 3.2.3).
std::optional<uint16_t> parse_port(std::string_view digits) {
  uint32_t port = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + static_cast<uint32_t>(c - '0');
    if (port > 0xffff) return std::nullopt;
  }
  if (port == 0 && !digits.empty()) return std::nullopt;
  return static_cast<uint16_t>(port);
}

bool is_name(std::string_view name) {
  if (name.empty() || name.front() == '.' || !all(kHostChar, name)) return false;
  return name.find("..") == std::string_view::npos;
}

bool is_ipv6_text(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address && !address->is_v4();
}

}  // namespace

std::optional<Host> parse_host(std::string_view text) {
  if (text.size() > kLongestHost) return std::nullopt;
  Host host;
  std::string_view rest;
  if (!text.empty() && text.front() == '[') {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host.name = text.substr(1, close - 1);
    host.is_ipv6 = true;
    rest = text.substr(close + 1);
    if (!is_ipv6_text(host.name)) return std::nullopt;
  } else {
    const size_t colon = std::min(text.find(':'), text.size());
    host.name = text.substr(0, colon);
    rest = text.substr(colon);
    if (!is_name(host.name)) return std::nullopt;
    if (host.name.back() == '.') host.name.remove_suffix(1);
  }
  if (rest.empty()) return host;
  if (rest.front() != ':') return std::nullopt;
  const auto port = parse_port(rest.substr(1));
  if (!port) return std::nullopt;
  host.port = *port;
  return host;
}

bool same_host(const Host& a, const Host& b, uint16_t default_port) {
  const auto port_of = [&](const Host& host) { return host.port == 0 ? default_port : host.port; };
  return a.is_ipv6 == b.is_ipv6 && port_of(a) == port_of(b) && equals_ignoring_case(a.name, b.name);
}

std::string_view lower_case_name(const Host& host, std::span<char> scratch) {
  const auto is_upper = [](char c) { return c != to_lower(c); };
  if (std::none_of(host.name.begin(), host.name.end(), is_upper) || scratch.size() < host.name.size()) return host.name;
  std::transform(host.name.begin(), host.name.end(), scratch.begin(), to_lower);
  return {scratch.data(), host.name.size()};
}

}  // namespace elb::http
