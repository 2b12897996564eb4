// SPDX-License-Identifier: Apache-2.0
// Host: the authority of a request, from the Host header or an absolute target (RFC 9110 7.2, RFC 3986 3.2.2), without
// user. Stricter than the RFC: a name is letters, digits, '-', '.', '_'; no percent escapes, no empty labels, no zone
// ids. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace elb::http {

inline constexpr size_t kLongestHost = 255;

struct Host {
  std::string_view name;  // as written, without port and without the dot that may end it; IPv6 without brackets
  uint16_t port = 0;      // 0: none was given
  bool is_ipv6 = false;
};

std::optional<Host> parse_host(std::string_view text);

/// Same name without case, same port where a missing one is `default_port`.
bool same_host(const Host& a, const Host& b, uint16_t default_port);

/// The name in lower case, which is what routes are compared with. `scratch` holds at least kLongestHost bytes; it
/// stays untouched when the name is in lower case already.
std::string_view lower_case_name(const Host& host, std::span<char> scratch);

}  // namespace elb::http
