// SPDX-License-Identifier: Apache-2.0
// OpenSSL's security level is 0 here, and each list is given in full instead. A level would decide about protocols,
// ciphers, keys, and signatures on certificates alike: TLS 1.0 needs level 0, and so do the SHA-1 certificates of the
// guide's own procedure (TLS-14, TLS-15), which tls-1-2 has to serve as well. What a level would have refused is
// refused by these lists, by the checks of an upload (certificate.h) and by the verification of clients
// (client_auth.cpp).
#include "tls/policy.h"

#include <string>

namespace elb::tls {
namespace {

// AES-128 first: 148 us for a handshake where AES-256 with SHA-384 costs 157 (docs/adr/0016).
constexpr const char* kSuites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kStrict =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// The older suites of the vendor's policies, for clients that know nothing better.
constexpr const char* kCompatible =
    ":ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:"
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
    "AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA256:AES256-SHA256:AES128-SHA:AES256-SHA";

// Server's preference: ECDSA costs less than half of RSA.
constexpr const char* kSignatures =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";
constexpr const char* kOldSignatures = ":ECDSA+SHA1:RSA+SHA1";  // TLS 1.2 clients of 2008

// No P-384: a client that asks for it first would cost ten times the CPU.
constexpr const char* kGroups = "X25519:P-256";

int oldest_protocol(SecurityPolicy policy) {
  switch (policy) {
    case SecurityPolicy::kTls10:
      return TLS1_VERSION;
    case SecurityPolicy::kTls11:
      return TLS1_1_VERSION;
    case SecurityPolicy::kTls12:
    case SecurityPolicy::kTls12Strict:
      return TLS1_2_VERSION;
  }
  return TLS1_2_VERSION;
}

}  // namespace

Status apply_policy(SSL_CTX* context, SecurityPolicy policy) {
  const bool old = policy == SecurityPolicy::kTls10 || policy == SecurityPolicy::kTls11;
  const std::string ciphers = policy == SecurityPolicy::kTls12Strict ? kStrict : std::string(kStrict) + kCompatible;
  const std::string signatures = old ? std::string(kSignatures) + kOldSignatures : kSignatures;
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_set_min_proto_version(context, oldest_protocol(policy)) != 1 ||
      SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(context, kSuites13) != 1 || SSL_CTX_set_cipher_list(context, ciphers.c_str()) != 1 ||
      SSL_CTX_set1_sigalgs_list(context, signatures.c_str()) != 1 || SSL_CTX_set1_groups_list(context, kGroups) != 1 ||
      SSL_CTX_set_num_tickets(context, 1) != 1)
    return fail(ErrorCode::kInternal, take_error("OpenSSL refuses the policy"));
  return {};
}

}  // namespace elb::tls
