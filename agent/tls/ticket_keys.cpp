// SPDX-License-Identifier: Apache-2.0
#include "tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstring>

namespace elb::tls {
namespace {

// Return values of the callback.
constexpr int kFailed = -1;
constexpr int kUnknownKey = 0;
constexpr int kUse = 1;
constexpr int kUseAndRenew = 2;  // the client gets a new ticket, of the present key

using KdfPtr = std::unique_ptr<EVP_KDF, Deleter<EVP_KDF_free>>;
using KdfCtxPtr = std::unique_ptr<EVP_KDF_CTX, Deleter<EVP_KDF_CTX_free>>;

OSSL_PARAM octets(const char* key, std::string_view bytes) {
  return OSSL_PARAM_construct_octet_string(key, const_cast<char*>(bytes.data()), bytes.size());
}

OSSL_PARAM sha256(const char* key) {
  static char name[] = "SHA256";  // OSSL_PARAM wants char*, and does not write
  return OSSL_PARAM_construct_utf8_string(key, name, 0);
}

bool set_mac(EVP_MAC_CTX* mac, const std::array<unsigned char, 32>& key) {
  const OSSL_PARAM params[] = {octets(OSSL_MAC_PARAM_KEY, {reinterpret_cast<const char*>(key.data()), key.size()}),
                               sha256(OSSL_MAC_PARAM_DIGEST), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

}  // namespace

TicketKeys::~TicketKeys() {
  for (auto& key : keys_) OPENSSL_cleanse(&key, sizeof key);
}

Result<TicketKeys> TicketKeys::make(TicketSecretsPtr secrets, std::string_view binding, OSSL_LIB_CTX* library) {
  TicketKeys keys(std::move(secrets), library);
  if (auto status = keys.derive(binding); !status) return pass_on(status.error());
  return keys;
}

Status TicketKeys::derive(std::string_view binding) {
  cipher_.reset(EVP_CIPHER_fetch(library_, "AES-256-CBC", nullptr));
  const KdfPtr hkdf(EVP_KDF_fetch(library_, "HKDF", nullptr));
  const KdfCtxPtr context(hkdf ? EVP_KDF_CTX_new(hkdf.get()) : nullptr);
  if (!cipher_ || !context) return fail(ErrorCode::kInternal, take_error("AES-256-CBC and HKDF are not available"));
  const std::string info = "elb session ticket " + std::string(binding);
  keys_.reserve(secrets_->entries().size());
  for (const auto& entry : secrets_->entries()) {
    const OSSL_PARAM params[] = {
        sha256(OSSL_KDF_PARAM_DIGEST),
        octets(OSSL_KDF_PARAM_KEY, {reinterpret_cast<const char*>(entry.secret.data()), entry.secret.size()}),
        octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
    Key& key = keys_.emplace_back();
    static_assert(sizeof(Key) == 80, "one derivation fills the key");
    EVP_KDF_CTX_reset(context.get());
    if (EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(&key), sizeof key, params) != 1)
      return fail(ErrorCode::kInternal, take_error("the ticket key cannot be derived"));
  }
  return {};
}

int TicketKeys::seal(WallTime now, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) const {
  const Key& key = keys_[secrets_->current(now)];
  std::memcpy(name, key.name.data(), kNameBytes);
  const bool sealed = RAND_bytes_ex(library_, iv, kIvBytes, 0) == 1 &&
                      EVP_EncryptInit_ex2(cipher, cipher_.get(), key.cipher.data(), iv, nullptr) == 1 &&
                      set_mac(mac, key.mac);
  return sealed ? kUse : kFailed;
}

int TicketKeys::open(WallTime now, const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                     EVP_MAC_CTX* mac) const {
  const uint64_t epoch = secrets_->epoch_at(now);
  for (size_t i = 0; i < keys_.size(); ++i) {
    const Key& key = keys_[i];
    if (std::memcmp(name, key.name.data(), kNameBytes) != 0) continue;
    // Overdue rotation must not make tickets live longer; a peer's clock may be one epoch ahead.
    const uint64_t issued = secrets_->entries()[i].epoch;
    if (issued + 1 < epoch) return kUnknownKey;
    if (EVP_DecryptInit_ex2(cipher, cipher_.get(), key.cipher.data(), iv, nullptr) != 1 || !set_mac(mac, key.mac))
      return kFailed;
    return i == secrets_->current(now) ? kUse : kUseAndRenew;
  }
  return kUnknownKey;
}

}  // namespace elb::tls
