// SPDX-License-Identifier: Apache-2.0
// The private key among uploaded PEM blocks (TLS-05, TLS-06, X-9), and which keys may serve at all.
// Private to the room. Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tls/certificate.h"
#include "tls/openssl.h"

namespace elb::tls {

struct PrivateKey {
  KeyPtr key;
  std::string pem;  // in 64 columns
};

/// The first key of the text. Further keys are told as a warning; an encrypted or unreadable first one is an error.
Result<PrivateKey> read_private_key(std::string_view text, std::vector<Warning>& warnings);

/// kInvalid with `field` unless clients can use the key: RSA of 1024 to 8192 bits, ECDSA on P-256, P-384 or P-521.
Status check_key_kind(EVP_PKEY* key, std::string_view field, std::vector<Warning>& warnings);

}  // namespace elb::tls
