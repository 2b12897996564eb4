// SPDX-License-Identifier: Apache-2.0
#include "tls/keyed_hash.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstdlib>

#include "tls/openssl.h"

namespace elb::tls {
namespace {

using MacPtr = std::unique_ptr<EVP_MAC, Deleter<EVP_MAC_free>>;
using MacContextPtr = std::unique_ptr<EVP_MAC_CTX, Deleter<EVP_MAC_CTX_free>>;

// Only for want of memory or of SHA-256 itself: no state to go on in.
void require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

/// Keyed once; each digest begins with a copy.
struct KeyedHash::State {
  MacContextPtr keyed;
};

KeyedHash::KeyedHash(std::span<const uint8_t> key) : state_(std::make_unique<State>()) {
  const MacPtr mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  require(mac != nullptr);
  state_->keyed.reset(EVP_MAC_CTX_new(mac.get()));
  std::string name = "SHA256";
  const std::array<OSSL_PARAM, 2> params = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), name.size()), OSSL_PARAM_construct_end()};
  require(state_->keyed != nullptr && EVP_MAC_init(state_->keyed.get(), key.data(), key.size(), params.data()) == 1);
}

KeyedHash::KeyedHash(KeyedHash&&) noexcept = default;
KeyedHash& KeyedHash::operator=(KeyedHash&&) noexcept = default;
KeyedHash::~KeyedHash() = default;

KeyedHash::Digest KeyedHash::digest(std::initializer_list<std::string_view> parts) const {
  const MacContextPtr context(EVP_MAC_CTX_dup(state_->keyed.get()));
  require(context != nullptr);
  for (const std::string_view part : parts)
    require(EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(part.data()), part.size()) == 1);
  Digest digest;
  size_t size = 0;
  require(EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1 && size == digest.size());
  return digest;
}

bool equal_secrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace elb::tls
