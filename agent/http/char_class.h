// SPDX-License-Identifier: Apache-2.0
// Classes of bytes as RFC 9110, RFC 9112 and RFC 3986 name them, by table: locale and signedness of char play no part.
// Thread rule: constants and pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace elb::http {

enum CharClass : uint8_t {
  kToken = 1 << 0,       // tchar, RFC 9110 5.6.2
  kPlainName = 1 << 1,   // letter, digit, '-': what header names are really made of
  kHostChar = 1 << 2,    // letter, digit, '-', '.', '_'
  kUnreserved = 1 << 3,  // RFC 3986 2.3
  kPathPlain = 1 << 4,   // pchar without '%' (RFC 3986 3.3): may stand in a path as it is
  kCookieByte = 1 << 5,  // cookie-octet, RFC 6265 4.1.1
  kMethodChar = 1 << 6,  // capital, digit, '-', '_': every registered method and any sane new one
  kFieldByte = 1 << 7,   // may stand in a field value: VCHAR, obs-text, space, tab
};

constexpr bool contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

constexpr std::array<uint8_t, 256> make_char_classes() {
  std::array<uint8_t, 256> table{};
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool upper = c >= 'A' && c <= 'Z';
    const bool digit = c >= '0' && c <= '9';
    const bool alnum = upper || (c >= 'a' && c <= 'z') || digit;
    const bool visible = i > 0x20 && i < 0x7f;
    uint8_t bits = 0;
    if (alnum || (visible && contains("!#$%&'*+-.^_`|~", c))) bits |= kToken;
    if (alnum || c == '-') bits |= kPlainName;
    if (alnum || (visible && contains("-._", c))) bits |= kHostChar;
    if (alnum || (visible && contains("-._~", c))) bits |= kUnreserved;
    if (alnum || (visible && contains("-._~!$&'()*+,;=:@", c))) bits |= kPathPlain;
    if (visible && !contains("\",;\\", c)) bits |= kCookieByte;
    if (upper || digit || c == '-' || c == '_') bits |= kMethodChar;
    if (visible || i >= 0x80 || c == ' ' || c == '\t') bits |= kFieldByte;
    table[static_cast<size_t>(i)] = bits;
  }
  return table;
}

inline constexpr std::array<uint8_t, 256> kCharClasses = make_char_classes();

constexpr bool is(CharClass wanted, char c) { return (kCharClasses[static_cast<uint8_t>(c)] & wanted) != 0; }

/// True for an empty text too.
constexpr bool all(CharClass wanted, std::string_view text) {
  for (const char c : text)
    if (!is(wanted, c)) return false;
  return true;
}

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}

/// 0 to 15, or -1.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Without the optional white space (RFC 9110 5.6.3) around it.
constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace elb::http
