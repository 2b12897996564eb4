// SPDX-License-Identifier: Apache-2.0
// TicketKeys: the keys that one listener makes of the shared secrets (HKDF with the listener's binding). A ticket of
// another listener, or of this one before its client authentication changed, is of an unknown key: a full handshake
// follows (CVE-2025-23419). Private to the room. Thread rule: the worker's thread.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tls/openssl.h"
#include "tls/ticket_secrets.h"

namespace elb::tls {

class TicketKeys {
 public:
  static constexpr size_t kNameBytes = 16;
  static constexpr size_t kIvBytes = 16;

  /// `library` outlives this object.
  static Result<TicketKeys> make(TicketSecretsPtr secrets, std::string_view binding, OSSL_LIB_CTX* library);
  TicketKeys(TicketKeys&&) = default;
  TicketKeys& operator=(TicketKeys&&) = default;
  ~TicketKeys();

  const TicketSecrets* secrets() const { return secrets_.get(); }

  /// What SSL_CTX_set_tlsext_ticket_key_evp_cb(3) wants of its callback, return value included.
  int seal(WallTime now, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const;
  int open(WallTime now, const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac) const;

 private:
  struct Key {
    std::array<unsigned char, kNameBytes> name;
    std::array<unsigned char, 32> cipher;  // AES-256-CBC
    std::array<unsigned char, 32> mac;     // HMAC-SHA-256
  };
  TicketKeys(TicketSecretsPtr secrets, OSSL_LIB_CTX* library) : secrets_(std::move(secrets)), library_(library) {}
  Status derive(std::string_view binding);

  TicketSecretsPtr secrets_;
  OSSL_LIB_CTX* library_;
  CipherPtr cipher_;
  std::vector<Key> keys_;  // one for each entry of the secrets
};

}  // namespace elb::tls
