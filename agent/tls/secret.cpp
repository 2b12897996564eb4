// SPDX-License-Identifier: Apache-2.0
#include "tls/secret.h"

#include <openssl/crypto.h>

namespace elb::tls {

void wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

// Swapped, not moved: the bytes stay in one place, which is wiped at the end. (Only a string of less than 16 bytes,
// which no key is, would be copied.)
Secret::Secret(std::string bytes) { bytes_.swap(bytes); }

Secret::Secret(Secret&& other) noexcept { bytes_.swap(other.bytes_); }

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe(bytes_);
  bytes_.swap(other.bytes_);
  return *this;
}

Secret::~Secret() { wipe(bytes_); }

}  // namespace elb::tls
