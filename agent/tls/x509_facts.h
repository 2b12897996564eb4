// SPDX-License-Identifier: Apache-2.0
// A parsed certificate's facts as plain values. Private to the room. Thread rule: pure functions.
#pragma once

#include <string>

#include "tls/certificate.h"
#include "tls/openssl.h"

namespace elb::tls {

CertificateFacts facts_of(X509* certificate);

/// RFC 4514 in UTF-8; control characters are escaped, so that it can be logged.
std::string name_text(const X509_NAME* name);

/// "RSA", "ECDSA" or what else OpenSSL calls the algorithm.
std::string algorithm_of(const EVP_PKEY* key);

std::string to_der(X509* certificate);

}  // namespace elb::tls
