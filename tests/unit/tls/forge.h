// SPDX-License-Identifier: Apache-2.0
// Forge: certificates and keys made while the test runs, so that none in the tree ever expires.
// Thread rule: values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tls/credential.h"

namespace elb::test {

enum class KeyKind { kEc, kEc384, kEcOther, kRsa, kRsa1024, kRsa512, kEd25519 };

/// An EVP_PKEY. RSA keys take long to make: one of each kind and number is made in a process.
using KeyHandle = std::shared_ptr<void>;
KeyHandle make_key(KeyKind kind, int number = 0);
std::string key_pem(const KeyHandle& key);              // PKCS#8
std::string traditional_key_pem(const KeyHandle& key);  // PKCS#1 or SEC1
std::string encrypted_key_pem(const KeyHandle& key, bool traditional);
std::string key_der(const KeyHandle& key);  // PKCS#1 or SEC1

struct Request {
  std::string common_name = "www.example.com";
  std::vector<std::string> names;  // of the SAN; empty: no SAN
  KeyKind kind = KeyKind::kEc;
  int key_number = 0;
  bool authority = false;
  int from_days = -1;
  int to_days = 30;
  const char* digest = "SHA256";
  bool version1 = false;  // no extensions, as `openssl x509 -req` makes them
  const char* extended_usage = nullptr;
  long serial = 0;  // 0: the next free one
};

struct Issued {
  std::shared_ptr<void> x509;
  KeyHandle key;
  std::string certificate;  // PEM
  std::string private_key;  // PEM
  std::string der;
  long serial = 0;
};

/// Signed by `issuer`, or by itself.
Issued issue(const Request& request, const Issued* issuer = nullptr);

/// An EC certificate for the name, self-signed; enough for most tests.
Issued issue_for(const std::string& name, KeyKind kind = KeyKind::kEc);

tls::CredentialPtr credential(const std::string& id, const Issued& issued, const std::string& chain = {});

}  // namespace elb::test
