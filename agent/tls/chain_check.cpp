// SPDX-License-Identifier: Apache-2.0
#include "tls/chain_check.h"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include "tls/pem.h"
#include "tls/x509_facts.h"

namespace elb::tls {
namespace {

constexpr std::string_view kChainField = "certificate";
constexpr size_t kChainMax = 20;  // more is a bundle of authorities, not a chain; OpenSSL's clients stop at 100

bool is_certificate(const PemBlock& block) {
  return block.label == "CERTIFICATE" || block.label == "X509 CERTIFICATE" || block.label == "TRUSTED CERTIFICATE";
}

bool issued(X509* issuer, X509* subject) {
  return X509_check_issued(issuer, subject) == X509_V_OK && X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
}

}  // namespace

Result<std::vector<X509Ptr>> read_certificates(std::string_view text) {
  if (text.empty()) return invalid(std::string(kChainField), "is required");
  const auto blocks = parse_pem(text, kChainField);
  if (!blocks) return pass_on(blocks.error());
  std::vector<X509Ptr> chain;
  for (const auto& block : *blocks) {
    if (!is_certificate(block)) continue;  // a key that was exported with it is not ours to keep here
    X509Ptr x509 = parse_x509(block.bytes, nullptr);
    if (!x509 || X509_get0_pubkey(x509.get()) == nullptr)
      return invalid(std::string(kChainField),
                     fmt::format("line {}: not a certificate: {}", block.line, take_error("unknown form")));
    chain.push_back(std::move(x509));
  }
  if (chain.size() > kChainMax)
    return invalid(std::string(kChainField),
                   fmt::format("has {} certificates, at most {} are allowed", chain.size(), kChainMax));
  if (!chain.empty()) return chain;
  const std::string format = foreign_format(text);
  return invalid(std::string(kChainField),
                 format.empty() ? fmt::format("has no certificate, only {}", blocks->front().label) : format);
}

Status check_order(const std::vector<X509Ptr>& chain) {
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    if (issued(chain[i + 1].get(), chain[i].get())) continue;
    return invalid(std::string(kChainField),
                   fmt::format("certificate {} ('{}') was not issued by certificate {} ('{}'); the order is server "
                               "certificate, intermediates, root",
                               i + 1, name_text(X509_get_subject_name(chain[i].get())), i + 2,
                               name_text(X509_get_subject_name(chain[i + 1].get()))));
  }
  return {};
}

std::string write_certificates(const std::vector<X509Ptr>& chain) {
  std::string text;
  for (const auto& certificate : chain) text += write_pem("CERTIFICATE", to_der(certificate.get()));
  return text;
}

}  // namespace elb::tls
