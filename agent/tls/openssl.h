// SPDX-License-Identifier: Apache-2.0
// OpenSSL's objects as RAII values, and its error queue as text. Private to the room: nothing outside sees the library.
// Thread rule: as for OpenSSL's own objects; the error queue is the calling thread's.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace elb::tls {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using LibraryPtr = std::unique_ptr<OSSL_LIB_CTX, Deleter<OSSL_LIB_CTX_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Deleter<SSL_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, Deleter<EVP_CIPHER_free>>;

inline void free_stack(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }
inline void free_names(STACK_OF(X509_NAME) * stack) { sk_X509_NAME_pop_free(stack, X509_NAME_free); }
using X509StackPtr = std::unique_ptr<STACK_OF(X509), Deleter<free_stack>>;
using NameStackPtr = std::unique_ptr<STACK_OF(X509_NAME), Deleter<free_names>>;

/// The reason of the newest entry of this thread's error queue, lower case; empties the queue. `otherwise` if empty.
std::string take_error(std::string_view otherwise);

/// Parses one certificate; null if it is none. Bytes behind it (OpenSSL's "trusted" form) are ignored. `library` may
/// be null: the process's default one.
X509Ptr parse_x509(std::string_view der, OSSL_LIB_CTX* library);

/// Parses an unencrypted private key in PKCS#1, PKCS#8 or SEC1 form; null if it is none.
KeyPtr parse_key(std::string_view der, OSSL_LIB_CTX* library);

}  // namespace elb::tls
