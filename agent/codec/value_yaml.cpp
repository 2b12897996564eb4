// SPDX-License-Identifier: Apache-2.0
// YAML is written, never read. Block style; a string is left plain only when no YAML reader could take it for anything
// else, otherwise it is written as its JSON text, which is YAML as well.
#include <array>
#include <string>
#include <string_view>

#include "codec/value.h"

namespace elb::codec {
namespace {

bool is_plain_scalar(std::string_view text) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/";
  constexpr std::string_view kInside = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+@ ";
  // YAML 1.1 and 1.2 words for something other than a string, in lower case.
  constexpr std::array<std::string_view, 9> kWords = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  if (text.empty() || kLetters.find(text.front()) == std::string_view::npos || text.back() == ' ') return false;
  if (text.find_first_not_of(kInside) != std::string_view::npos) return false;
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  for (const std::string_view word : kWords) {
    if (lower == word) return false;
  }
  return true;
}

std::string scalar(const Value& value) {
  const std::string text = value.as_string();
  return value.is_string() && is_plain_scalar(text) ? text : value.dump();
}

bool is_block(const Value& value) { return value.size() > 0; }

// Appends the block of a non-empty array or object. `first` is what already stands on the current line ("- ").
void write_block(const Value& value, size_t indent, bool on_line, std::string& out) {
  const std::string pad(indent, ' ');
  const auto begin_line = [&] {
    if (!on_line) out += pad;
    on_line = false;
  };
  if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) {
      const Value item = value.at(i);
      begin_line();
      out += "- ";
      if (is_block(item)) {
        write_block(item, indent + 2, true, out);
      } else {
        out += scalar(item) + "\n";
      }
    }
    return;
  }
  for (const std::string& key : value.keys()) {
    const Value item = value.get(key);
    begin_line();
    out += scalar(Value(key)) + ":";
    if (is_block(item)) {
      out += "\n";
      write_block(item, indent + (item.is_array() ? 0 : 2), false, out);
    } else {
      out += " " + scalar(item) + "\n";
    }
  }
}

}  // namespace

std::string Value::to_yaml() const {
  if (!is_block(*this)) return scalar(*this) + "\n";
  std::string out;
  write_block(*this, 0, false, out);
  return out;
}

}  // namespace elb::codec
