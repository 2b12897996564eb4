// SPDX-License-Identifier: Apache-2.0
#include "tls/client_auth.h"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>

namespace elb::tls {
namespace {

// SHA-1 counts as 63 bits since its collisions are known, MD5 as 39. The guide's own procedure signs with SHA-1.
constexpr int kSignatureBitsMin = 63;
constexpr int kKeyBitsMin = 80;  // RSA-1024

/// Called for each certificate of the chain, the client's last. The topmost one is trusted as it is.
int verify(int ok, X509_STORE_CTX* context) {
  if (ok != 1) return ok;
  X509* certificate = X509_STORE_CTX_get_current_cert(context);
  const int depth = X509_STORE_CTX_get_error_depth(context);
  const int top = sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;
  int bits = 0;
  if (depth < top &&
      (X509_get_signature_info(certificate, nullptr, nullptr, &bits, nullptr) != 1 || bits < kSignatureBitsMin)) {
    X509_STORE_CTX_set_error(context, X509_V_ERR_CA_MD_TOO_WEAK);
    return 0;
  }
  if (EVP_PKEY_get_security_bits(X509_get0_pubkey(certificate)) < kKeyBitsMin) {
    X509_STORE_CTX_set_error(context, depth == 0 ? X509_V_ERR_EE_KEY_TOO_SMALL : X509_V_ERR_CA_KEY_TOO_SMALL);
    return 0;
  }
  return 1;
}

}  // namespace

Status require_client_certificate(SSL_CTX* context, const std::vector<std::string>& authorities,
                                  OSSL_LIB_CTX* library) {
  StorePtr store(X509_STORE_new());
  NameStackPtr names(sk_X509_NAME_new_null());
  if (!store || !names) return fail(ErrorCode::kInternal, take_error("out of memory"));
  for (size_t i = 0; i < authorities.size(); ++i) {
    const X509Ptr authority = parse_x509(authorities[i], library);
    X509_NAME* name = authority ? X509_NAME_dup(X509_get_subject_name(authority.get())) : nullptr;
    if (name == nullptr || X509_STORE_add_cert(store.get(), authority.get()) != 1) {
      X509_NAME_free(name);
      return invalid("client_ca", fmt::format("certificate {}: {}", i + 1, take_error("not a certificate")));
    }
    sk_X509_NAME_push(names.get(), name);
  }
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);  // an intermediate authority may be the trusted one
  SSL_CTX_set_cert_store(context, store.release());
  SSL_CTX_set_client_CA_list(context, names.release());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
  return {};
}

bool client_certificate_in_time(const SSL_SESSION* session) {
  X509* certificate = SSL_SESSION_get0_peer(const_cast<SSL_SESSION*>(session));
  return certificate == nullptr || X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

}  // namespace elb::tls
