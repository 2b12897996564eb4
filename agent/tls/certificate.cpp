// SPDX-License-Identifier: Apache-2.0
#include "tls/certificate.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls/chain_check.h"
#include "tls/key_check.h"
#include "tls/names.h"
#include "tls/x509_facts.h"

namespace elb::tls {
namespace {

constexpr std::string_view kCertificate = "certificate";

void warn(std::vector<Warning>& warnings, std::string_view field, std::string message) {
  warnings.push_back({std::string(field), std::move(message)});
}

/// TLS-06. Says which certificate of the chain the key does belong to, which is the usual mistake.
Status check_match(const std::vector<X509Ptr>& chain, EVP_PKEY* key) {
  for (size_t i = 0; i < chain.size(); ++i) {
    if (EVP_PKEY_eq(X509_get0_pubkey(chain[i].get()), key) != 1) continue;
    if (i == 0) return {};
    return invalid("private_key", fmt::format("belongs to certificate {} of the chain, not to the first: the server "
                                              "certificate must come first",
                                              i + 1));
  }
  return invalid("private_key", "does not match the certificate");
}

void warn_about_dates(const CertificateFacts& facts, size_t number, WallTime now, std::vector<Warning>& warnings) {
  if (facts.expired(now))
    warn(warnings, kCertificate,
         fmt::format("certificate {} ('{}') expired at {}", number, facts.subject, format_utc(facts.not_after)));
  if (now < facts.not_before)
    warn(warnings, kCertificate,
         fmt::format("certificate {} ('{}') is not valid before {}", number, facts.subject,
                     format_utc(facts.not_before)));
}

/// TLS-09, TLS-17.
Result<std::string> check_domain(std::string_view domain, const CertificateFacts& leaf) {
  if (domain.empty()) return std::string();
  auto canonical = parse_domain(domain, "domain");
  if (!canonical || names_cover(leaf.names, *canonical)) return canonical;
  return invalid(
      "domain",
      fmt::format("'{}' is not in the certificate, which is for {}; a wildcard stands for one level", *canonical,
                  leaf.names.empty() ? "no host name" : fmt::format("{}", fmt::join(leaf.names, ", "))));
}

std::vector<CertificateFacts> facts_of_all(const std::vector<X509Ptr>& chain) {
  std::vector<CertificateFacts> facts;
  facts.reserve(chain.size());
  for (const auto& certificate : chain) facts.push_back(facts_of(certificate.get()));
  return facts;
}

}  // namespace

Result<CheckedCertificate> check_server_certificate(std::string_view certificate, std::string_view private_key,
                                                    std::string_view domain, WallTime now) {
  CheckedCertificate checked;
  const auto chain = read_certificates(certificate);
  if (!chain) return pass_on(chain.error());
  auto key = read_private_key(private_key, checked.warnings);
  if (!key) return pass_on(key.error());
  if (auto status = check_match(*chain, key->key.get()); !status) return pass_on(status.error());
  if (auto status = check_order(*chain); !status) return pass_on(status.error());
  X509* leaf = chain->front().get();
  if (auto status = check_key_kind(X509_get0_pubkey(leaf), kCertificate, checked.warnings); !status)
    return pass_on(status.error());
  checked.chain = facts_of_all(*chain);
  auto canonical = check_domain(domain, checked.chain.front());
  if (!canonical) return pass_on(canonical.error());
  checked.domain = *canonical;
  for (size_t i = 0; i < checked.chain.size(); ++i) warn_about_dates(checked.chain[i], i + 1, now, checked.warnings);
  if (X509_check_purpose(leaf, X509_PURPOSE_SSL_SERVER, 0) == 0)
    warn(checked.warnings, kCertificate,
         "its key usage does not allow it to identify a server; clients will refuse it");
  checked.certificate = write_certificates(*chain);
  checked.private_key = std::move(key->pem);
  ERR_clear_error();
  return checked;
}

Result<CheckedCertificate> check_ca_certificates(std::string_view certificate, std::string_view private_key,
                                                 std::string_view domain, WallTime now) {
  CheckedCertificate checked;
  const auto authorities = read_certificates(certificate);
  if (!authorities) return pass_on(authorities.error());
  checked.chain = facts_of_all(*authorities);
  for (size_t i = 0; i < authorities->size(); ++i) {
    // A self-signed version 1 certificate, which the guide's procedure makes, counts as one (X-10, TLS-15).
    if (X509_check_ca((*authorities)[i].get()) == 0)
      return invalid(std::string(kCertificate), fmt::format("certificate {} ('{}') is not a certificate authority's",
                                                            i + 1, checked.chain[i].subject));
    warn_about_dates(checked.chain[i], i + 1, now, checked.warnings);
  }
  if (!private_key.empty())
    warn(checked.warnings, "private_key", "is ignored: clients are verified with the certificate alone");
  if (!domain.empty()) warn(checked.warnings, "domain", "is ignored: it belongs to server certificates");
  checked.certificate = write_certificates(*authorities);
  ERR_clear_error();
  return checked;
}

}  // namespace elb::tls
