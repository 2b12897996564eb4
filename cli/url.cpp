// SPDX-License-Identifier: Apache-2.0
#include "cli/url.h"

#include <fmt/core.h>

#include <charconv>

namespace elb::cli {

std::string Url::to_string() const {
  const std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return fmt::format("http://{}:{}{}", shown, port, prefix);
}

Outcome<Url> parse_endpoint(std::string_view text) {
  const std::string hint = "give it as http://HOST:PORT, for example http://127.0.0.1:9876";
  const auto bad = [&](std::string_view why) { return usage_error(fmt::format("endpoint '{}': {}", text, why), hint); };
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) return bad("TLS is not supported by this version");
  if (!text.starts_with(kScheme)) return bad("does not begin with http://");
  std::string_view rest = text.substr(kScheme.size());
  Url url;
  if (const size_t slash = rest.find('/'); slash != std::string_view::npos) {
    std::string_view prefix = rest.substr(slash);
    while (prefix.ends_with('/')) prefix.remove_suffix(1);
    if (prefix.find_first_of("?# ") != std::string_view::npos) return bad("has more than a path after the host");
    url.prefix = prefix;
    rest = rest.substr(0, slash);
  }
  std::string_view port;
  if (rest.starts_with('[')) {
    const size_t close = rest.find(']');
    if (close == std::string_view::npos) return bad("lacks the ']' after the address");
    url.host = rest.substr(1, close - 1);
    port = rest.substr(close + 1);
  } else {
    const size_t colon = rest.find(':');
    url.host = rest.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon);
  }
  if (url.host.empty()) return bad("lacks a host");
  if (!port.empty()) {
    const char* end = port.data() + port.size();
    const auto [at, error] = std::from_chars(port.data() + 1, end, url.port);
    if (port[0] != ':' || port.size() == 1 || error != std::errc{} || at != end || url.port == 0) {
      return bad("the port is not a number from 1 to 65535");
    }
  }
  return url;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string with_query(std::string_view path, const Query& query) {
  std::string out(path);
  char separator = out.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [key, value] : query) {
    out += separator;
    out += percent_encode(key) + '=' + percent_encode(value);
    separator = '&';
  }
  return out;
}

}  // namespace elb::cli
