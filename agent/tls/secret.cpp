// SPDX-License-Identifier: Apache-2.0
#include "tls/secret.h"

#include <openssl/crypto.h>

#include <utility>

namespace elb::tls {

void wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

Secret::Secret(std::string bytes) : bytes_(std::move(bytes)) { wipe(bytes); }

// A short string is copied, not moved: what is left behind is wiped as well.
Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { wipe(other.bytes_); }

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe(bytes_);
  bytes_ = std::move(other.bytes_);
  wipe(other.bytes_);
  return *this;
}

Secret::~Secret() { wipe(bytes_); }

}  // namespace elb::tls
