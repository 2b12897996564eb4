// SPDX-License-Identifier: Apache-2.0
// Client authentication (TLS-14): which authorities are trusted, and what is refused of their certificates beyond
// X.509's own rules. Private to the room. Thread rule: pure functions on the caller's object.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "tls/openssl.h"

namespace elb::tls {

/// From now on the context demands a client certificate from one of the authorities (DER).
Status require_client_certificate(SSL_CTX* context, const std::vector<std::string>& authorities, OSSL_LIB_CTX* library);

/// Whether a resumed session's client certificate, if it has one, is still within its dates. OpenSSL looks at them in
/// the full handshake only.
bool client_certificate_in_time(const SSL_SESSION* session);

}  // namespace elb::tls
