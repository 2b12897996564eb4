// SPDX-License-Identifier: Apache-2.0
#include "unit/tls/forge.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>

namespace elb::test {
namespace {

constexpr const char* kPassword = "secret";

EVP_PKEY* raw(const KeyHandle& key) { return static_cast<EVP_PKEY*>(key.get()); }

void must(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

template <class Write>
std::string written(Write write) {
  BIO* bio = BIO_new(BIO_s_mem());
  must(write(bio) > 0, "write");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string result(text, static_cast<size_t>(size));
  BIO_free(bio);
  return result;
}

EVP_PKEY* generate(KeyKind kind) {
  switch (kind) {
    case KeyKind::kEc:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    case KeyKind::kEc384:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384");
    case KeyKind::kEcOther:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "secp256k1");
    case KeyKind::kRsa:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<size_t>(2048));
    case KeyKind::kRsa1024:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<size_t>(1024));
    case KeyKind::kRsa512:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<size_t>(512));
    case KeyKind::kEd25519:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  }
  return nullptr;
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  must(extension != nullptr, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void add_extensions(X509* certificate, X509* issuer, const Request& request) {
  if (request.version1) return;
  add_extension(certificate, issuer, NID_basic_constraints, request.authority ? "critical,CA:TRUE" : "CA:FALSE");
  std::string names;
  for (const auto& name : request.names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
  if (!names.empty()) add_extension(certificate, issuer, NID_subject_alt_name, names);
  if (request.extended_usage != nullptr) add_extension(certificate, issuer, NID_ext_key_usage, request.extended_usage);
}

}  // namespace

KeyHandle make_key(KeyKind kind, int number) {
  static std::mutex mutex;
  static std::map<std::pair<KeyKind, int>, KeyHandle> made;
  const std::lock_guard lock(mutex);
  KeyHandle& key = made[{kind, number}];
  if (!key) key = KeyHandle(generate(kind), [](void* pkey) { EVP_PKEY_free(static_cast<EVP_PKEY*>(pkey)); });
  must(key != nullptr, "key");
  return key;
}

std::string key_pem(const KeyHandle& key) {
  return written(
      [&](BIO* bio) { return PEM_write_bio_PKCS8PrivateKey(bio, raw(key), nullptr, nullptr, 0, nullptr, nullptr); });
}

std::string traditional_key_pem(const KeyHandle& key) {
  return written([&](BIO* bio) {
    return PEM_write_bio_PrivateKey_traditional(bio, raw(key), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string encrypted_key_pem(const KeyHandle& key, bool traditional) {
  return written([&](BIO* bio) {
    auto* password = const_cast<char*>(kPassword);
    return traditional
               ? PEM_write_bio_PrivateKey_traditional(bio, raw(key), EVP_aes_128_cbc(), nullptr, 0, nullptr, password)
               : PEM_write_bio_PKCS8PrivateKey(bio, raw(key), EVP_aes_128_cbc(), nullptr, 0, nullptr, password);
  });
}

std::string key_der(const KeyHandle& key) {
  return written([&](BIO* bio) { return i2d_PrivateKey_bio(bio, raw(key)); });
}

Issued issue(const Request& request, const Issued* issuer) {
  static std::atomic<long> next_serial{1000};
  Issued issued;
  issued.key = make_key(request.kind, request.key_number);
  issued.serial = request.serial != 0 ? request.serial : ++next_serial;
  X509* certificate = X509_new();
  issued.x509 = std::shared_ptr<void>(certificate, [](void* x509) { X509_free(static_cast<X509*>(x509)); });
  X509_set_version(certificate, request.version1 ? X509_VERSION_1 : X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), issued.serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 86400L * request.from_days);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * request.to_days);
  X509_set_pubkey(certificate, raw(issued.key));
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("ELB"), -1, -1, 0);
  if (!request.common_name.empty())
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(request.common_name.data()),
                               static_cast<int>(request.common_name.size()), -1, 0);
  auto* signer = issuer != nullptr ? static_cast<X509*>(issuer->x509.get()) : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  add_extensions(certificate, signer, request);
  const EVP_MD* digest = request.kind == KeyKind::kEd25519 ? nullptr : EVP_get_digestbyname(request.digest);
  must(X509_sign(certificate, raw(issuer != nullptr ? issuer->key : issued.key), digest) > 0, "sign");
  issued.certificate = written([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
  issued.private_key = key_pem(issued.key);
  issued.der = written([&](BIO* bio) { return i2d_X509_bio(bio, certificate); });
  return issued;
}

Issued issue_for(const std::string& name, KeyKind kind) {
  Request request;
  request.common_name = name;
  request.names = {name};
  request.kind = kind;
  return issue(request);
}

tls::CredentialPtr credential(const std::string& id, const Issued& issued, const std::string& chain) {
  auto made = tls::read_credential(id, issued.certificate + chain, issued.private_key);
  must(made.has_value(), "credential");
  return *made;
}

}  // namespace elb::test
