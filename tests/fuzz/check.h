// SPDX-License-Identifier: Apache-2.0
// Claim: what a fuzz target expects. Prints claim and input and aborts when it is not so, in every build.
// Thread rule: any.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace elb::fuzz {

/// `bytes` in C's notation.
inline std::string quoted(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else if (c >= 0x20 && c < 0x7f && c != '\\' && c != '"') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

inline void claim(bool holds, std::string_view what, std::string_view input) {
  if (holds) return;
  std::fprintf(stderr, "violation: %.*s\ninput: \"%s\"\n", static_cast<int>(what.size()), what.data(),
               quoted(input).c_str());
  std::abort();
}

/// Memory of exactly these bytes, so that ASan sees a read beyond them.
class Exactly {
 public:
  explicit Exactly(std::string_view bytes) : bytes_(std::make_unique<char[]>(bytes.size())), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), bytes_.get());
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
};

}  // namespace elb::fuzz
