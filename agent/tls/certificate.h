// SPDX-License-Identifier: Apache-2.0
// What a user uploads as certificate and private key, checked and brought into one form (requirements TLS-01 to TLS-09,
// TLS-17, TLS-18). Errors carry the field at fault: "certificate", "private_key" or "domain".
// Thread rule: pure functions and values. Time is passed in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace elb::tls {

struct CertificateFacts {
  std::string subject;  // RFC 4514, control characters escaped
  std::string issuer;
  std::string serial;       // lower case hex, without leading zeros
  std::string fingerprint;  // SHA-256 over the DER, lower case hex
  std::string algorithm;    // "RSA" or "ECDSA"
  int bits = 0;             // of the key
  WallTime not_before;
  WallTime not_after;              // expire_time
  std::vector<std::string> names;  // canonical: DNS names of the SAN, then the CN if it is a host name; no duplicates

  bool expired(WallTime now) const { return now > not_after; }
};

struct Warning {
  std::string field;
  std::string message;
};

struct CheckedCertificate {
  std::string certificate;              // PEM in 64 columns, as ordered by the user
  std::string private_key;              // PKCS#1, PKCS#8 or SEC1 as given, 64 columns; empty for CA certificates
  std::string domain;                   // canonical; empty if none was given
  std::vector<CertificateFacts> chain;  // leaf first; of CA certificates all that were given
  std::vector<Warning> warnings;        // accepted, but the user should know
};

/// Certificate chain and private key of a server. `domain` may be empty (needed for SNI only).
Result<CheckedCertificate> check_server_certificate(std::string_view certificate, std::string_view private_key,
                                                    std::string_view domain, WallTime now);

/// Certificates of the authorities that may have issued a client's certificate. A private key or a domain is ignored
/// with a warning.
Result<CheckedCertificate> check_ca_certificates(std::string_view certificate, std::string_view private_key,
                                                 std::string_view domain, WallTime now);

}  // namespace elb::tls
