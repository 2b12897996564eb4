// SPDX-License-Identifier: Apache-2.0
#include "tls/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace elb::tls {
namespace {

constexpr size_t kHostMax = 253;  // RFC 1035 section 2.3.4, as text
constexpr size_t kLabelMax = 63;

bool is_host_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Host without ":port"; of "[v6]:port" what is between the brackets.
std::string_view without_port(std::string_view authority) {
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    return end == std::string_view::npos ? authority : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

}  // namespace

std::optional<std::string> canonical_host(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > kHostMax) return std::nullopt;
  std::string result;
  result.reserve(host.size());
  size_t label = 0;
  for (const char character : host) {
    const char c = lower(character);
    if (c == '.') {
      if (label == 0) return std::nullopt;
      label = 0;
    } else if (!is_host_character(c) || ++label > kLabelMax) {
      return std::nullopt;
    }
    result += c;
  }
  if (label == 0) return std::nullopt;
  return result;
}

Result<std::string> parse_domain(std::string_view domain, std::string_view field) {
  if (domain.find_first_of(",; \t\r\n") != std::string_view::npos)
    return invalid(std::string(field),
                   fmt::format("'{:.100}' is not one domain; a certificate has one", domain));
  const bool wildcard = domain.starts_with("*.");
  const auto host = canonical_host(wildcard ? domain.substr(2) : domain);
  if (!host) return invalid(std::string(field), fmt::format("'{:.100}' is not a domain name", domain));
  return wildcard ? "*." + *host : *host;
}

std::string wildcard_of(std::string_view host) {
  const size_t dot = host.find('.');
  return dot == std::string_view::npos ? std::string() : fmt::format("*{}", host.substr(dot));
}

bool name_covers(std::string_view name, std::string_view domain) {
  return name == domain || (name.starts_with("*.") && !domain.starts_with("*.") && name == wildcard_of(domain));
}

bool names_cover(const std::vector<std::string>& names, std::string_view domain) {
  return std::any_of(names.begin(), names.end(), [&](const auto& name) { return name_covers(name, domain); });
}

bool host_agrees(std::string_view sni, std::string_view authority) {
  if (sni.empty()) return true;
  const auto host = canonical_host(without_port(authority));
  const auto server = canonical_host(sni);
  return host && server && *host == *server;
}

}  // namespace elb::tls
