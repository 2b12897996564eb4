// SPDX-License-Identifier: Apache-2.0
// KeyedHash: HMAC-SHA-256 (RFC 2104) with one key, for names that outsiders can neither make nor read (the proxy's
// cookies). Thread rule: immutable; digest() from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

namespace elb::tls {

class KeyedHash {
 public:
  using Digest = std::array<uint8_t, 32>;

  explicit KeyedHash(std::span<const uint8_t> key);
  KeyedHash(KeyedHash&&) noexcept;
  KeyedHash& operator=(KeyedHash&&) noexcept;
  ~KeyedHash();

  /// Of the parts one behind the other; whoever needs to tell ("ab", "c") from ("a", "bc") gives lengths as parts too.
  Digest digest(std::initializer_list<std::string_view> parts) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Compares without telling by its time where the difference is.
bool equal_secrets(std::string_view a, std::string_view b);

}  // namespace elb::tls
