// SPDX-License-Identifier: Apache-2.0
#include "http/log_escape.h"

#include "http/utf8.h"

namespace elb::http {
namespace {

void append_hex(std::string& out, std::string_view prefix, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<uint8_t>(c);
  out += prefix;
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

}  // namespace

void append_log_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      out += c;
    } else {
      append_hex(out, "\\x", c);
    }
  }
}

void append_json_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const char c = text.front();
    const size_t character = utf8_character(text);
    if (character == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (character == 1 && (static_cast<uint8_t>(c) < 0x20 || c == 0x7f)) {
      append_hex(out, "\\u00", c);
    } else {
      out += text.substr(0, character);
    }
    text.remove_prefix(character == 0 ? 1 : character);
  }
}

}  // namespace elb::http
