// SPDX-License-Identifier: Apache-2.0
#include "inspect/proc.h"

#include <charconv>
#include <fstream>
#include <iterator>

namespace elb::inspect {

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return std::nullopt;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::optional<int64_t> read_number(const std::string& path) {
  const auto text = read_text(path);
  int64_t number = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{})
    return std::nullopt;
  return number;
}

std::optional<std::string> field_of(const std::string& text, const std::string& key) {
  const std::string begin = key + ":";
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (text.compare(at, begin.size(), begin) == 0) {
      const size_t word = text.find_first_not_of(" \t", at + begin.size());
      if (word == std::string::npos || word >= end) return std::nullopt;
      return text.substr(word, std::min(text.find_first_of(" \t\n", word), end) - word);
    }
    at = end + 1;
  }
  return std::nullopt;
}

}  // namespace elb::inspect
