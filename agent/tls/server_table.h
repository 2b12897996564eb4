// SPDX-License-Identifier: Apache-2.0
// ServerTable: everything that TLS has to know of one listener: policy, certificates by name, client authentication.
// A change of the configuration makes a new table; connections keep the one they began with (TLS-10).
// Thread rule: immutable, shared by all workers as shared_ptr<const ServerTable>.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "tls/credential.h"

namespace elb::tls {

/// Oldest protocol that is spoken; TLS 1.3 always is (TLS-16). "Strict": forward secrecy and AEAD ciphers only.
enum class SecurityPolicy { kTls10, kTls11, kTls12, kTls12Strict };

std::string_view to_string(SecurityPolicy policy);  // "tls-1-2-strict"
Result<SecurityPolicy> parse_security_policy(std::string_view name, std::string_view field);

struct SniCertificate {
  std::string domain;  // a host name or "*." and a host name
  CredentialPtr credential;
};

struct ServerSettings {
  std::string listener_id;
  SecurityPolicy policy = SecurityPolicy::kTls12;
  bool http2 = true;                        // offered by ALPN before HTTP/1.1
  std::vector<CredentialPtr> certificates;  // of clients that name no host, or an unknown one; RSA and ECDSA at most
  std::vector<SniCertificate> sni;          // a domain may be there twice, with an RSA and an ECDSA certificate
  std::string client_ca;  // PEM; not empty: clients must have a certificate from one of these (TLS-14)
};

/// What a client gets to see for one name.
struct Identity {
  std::vector<CredentialPtr> credentials;  // one or two; of two with the same kind of key the first is used
  std::string session_context;             // 32 bytes: a session is resumed only with the identity that it began with
};

class ServerTable {
 public:
  /// kInvalid with a path such as "sni[3].domain".
  static Result<std::shared_ptr<const ServerTable>> make(ServerSettings settings);

  /// Exact name, then the wildcard one level above it, then the default (TLS-12). `host` in canonical form or empty.
  const Identity& find(std::string_view host) const;

  const ServerSettings& settings() const { return settings_; }
  const std::vector<std::string>& client_ca() const { return client_ca_; }  // DER
  /// Tells apart listeners and the authorities they trust; part of what ticket keys are made of (CVE-2025-23419).
  const std::string& binding() const { return binding_; }

 private:
  explicit ServerTable(ServerSettings settings) : settings_(std::move(settings)) {}
  Status fill();

  ServerSettings settings_;
  std::vector<std::string> client_ca_;
  std::string binding_;
  Identity default_;
  std::unordered_map<std::string, Identity> by_name_;  // wildcards under "*.example.com"
};

}  // namespace elb::tls
