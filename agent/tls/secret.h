// SPDX-License-Identifier: Apache-2.0
// Secret: bytes that are wiped when they go (private keys, ticket keys). Thread rule: a value; moved, never copied.
#pragma once

#include <string>
#include <string_view>

namespace elb::tls {

/// Overwrites the characters so that no compiler leaves it out, and empties the string.
void wipe(std::string& text);

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  std::string_view view() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace elb::tls
