// SPDX-License-Identifier: Apache-2.0
#include "http_oracle/reference_url.h"

#include <fmt/format.h>

#include <regex>
#include <vector>

namespace elb::test {
namespace {

const std::string kUnreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
const std::string kAllowed = kUnreserved + "!$&'()*+,;=:@";

// RFC 3629's grammar, byte by byte.
bool is_utf8(const std::string& bytes) {
  static const std::regex kText(
      "([\\x00-\\x7f]|[\\xc2-\\xdf][\\x80-\\xbf]|\\xe0[\\xa0-\\xbf][\\x80-\\xbf]|[\\xe1-\\xec][\\x80-\\xbf]{2}|\\xed["
      "\\x80-\\x9f][\\x80-\\xbf]|"
      "[\\xee-\\xef][\\x80-\\xbf]{2}|\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}|[\\xf1-\\xf3][\\x80-\\xbf]{3}|\\xf4[\\x80-"
      "\\x8f][\\x80-\\xbf]{2})*");
  return std::regex_match(bytes, kText);
}

// One byte of the path and whether it came as an escape.
struct Byte {
  char value;
  bool escaped;
};

std::optional<std::vector<Byte>> decode(const std::string& path) {
  std::vector<Byte> bytes;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      const auto raw = static_cast<unsigned char>(path[i]);
      if (raw <= 0x20 || raw >= 0x7f || raw == '#' || raw == '\\') return std::nullopt;
      bytes.push_back({path[i], false});
      continue;
    }
    const std::string digits = path.substr(i + 1, 2);
    if (digits.size() != 2 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
      return std::nullopt;
    const char value = static_cast<char>(std::stoi(digits, nullptr, 16));
    if (value == '\0' || value == '\\') return std::nullopt;
    bytes.push_back({value, true});
    i += 2;
  }
  std::string raw;
  for (const Byte& byte : bytes) raw += byte.value;
  if (!is_utf8(raw)) return std::nullopt;
  return bytes;
}

}  // namespace

std::optional<std::string> reference_target(const std::string& target, const http::UrlPolicy& policy) {
  if (target == "*") return target;
  const size_t question = std::min(target.find('?'), target.size());
  const std::string query = target.substr(question);
  for (const char c : query)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f || c == '#') return std::nullopt;
  std::string path = target.substr(0, question);
  if (path.empty()) path.assign(1, '/');
  if (path[0] != '/') return std::nullopt;
  const auto bytes = decode(path);
  if (!bytes) return std::nullopt;
  std::vector<std::string> segments;
  for (const Byte& byte : *bytes) {
    const bool separator = byte.value == '/' && (!byte.escaped || policy.encoded_slash == http::EncodedSlash::kDecode);
    if (byte.value == '/' && byte.escaped && policy.encoded_slash == http::EncodedSlash::kRefuse) return std::nullopt;
    if (separator) {
      segments.emplace_back();
      continue;
    }
    const bool stays = byte.escaped ? kUnreserved.find(byte.value) != std::string::npos
                                    : kAllowed.find(byte.value) != std::string::npos;
    segments.back() +=
        stays ? std::string(1, byte.value) : fmt::format("%{:02X}", static_cast<unsigned char>(byte.value));
  }
  std::vector<std::string> kept;
  for (size_t i = 0; i < segments.size(); ++i) {
    const std::string& segment = segments[i];
    const bool last = i + 1 == segments.size();
    const bool dots = segment == "." || segment == "..";
    static const std::regex kHiddenDots("([^]*%2F)?\\.{1,2}((;|%3B|%2F)[^]*)?");
    if (!dots && std::regex_match(segment, kHiddenDots)) return std::nullopt;
    // Parameters of nothing, and something behind.
    static const std::regex kHiddenEmpty("(;|%3B)[^]*");
    if (std::regex_match(segment, kHiddenEmpty) && (!last || segment.find("%2F") != std::string::npos))
      return std::nullopt;
    if (segment == "..") {
      if (kept.empty()) return std::nullopt;
      kept.pop_back();
    }
    if (dots || (segment.empty() && !last && policy.merge_slashes)) {
      if (last) kept.emplace_back();
      continue;
    }
    kept.push_back(segment);
  }
  std::string result;
  for (const std::string& segment : kept) {
    result += '/';
    result += segment;
  }
  return result + query;
}

}  // namespace elb::test
