// SPDX-License-Identifier: Apache-2.0
#include "tls/openssl.h"

#include <openssl/err.h>

#include <algorithm>
#include <cctype>

namespace elb::tls {
namespace {

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string take_error(std::string_view otherwise) {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = error != 0 ? ERR_reason_error_string(error) : nullptr;
  std::string text(reason != nullptr ? std::string_view(reason) : otherwise);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

X509Ptr parse_x509(std::string_view der, OSSL_LIB_CTX* library) {
  ERR_clear_error();
  // d2i fills the object that it is given, which belongs to the wanted library, and frees it when it fails.
  X509* x509 = X509_new_ex(library, nullptr);
  const unsigned char* position = bytes(der);
  if (x509 == nullptr || d2i_X509(&x509, &position, static_cast<long>(der.size())) == nullptr) return nullptr;
  return X509Ptr(x509);
}

KeyPtr parse_key(std::string_view der, OSSL_LIB_CTX* library) {
  ERR_clear_error();
  const unsigned char* position = bytes(der);
  return KeyPtr(d2i_AutoPrivateKey_ex(nullptr, &position, static_cast<long>(der.size()), library, nullptr));
}

}  // namespace elb::tls
