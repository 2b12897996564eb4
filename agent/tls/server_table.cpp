// SPDX-License-Identifier: Apache-2.0
#include "tls/server_table.h"

#include <fmt/format.h>

#include <array>

#include "tls/names.h"
#include "tls/openssl.h"
#include "tls/pem.h"

namespace elb::tls {
namespace {

constexpr size_t kKeyKinds = 2;  // RSA, ECDSA

struct PolicyName {
  SecurityPolicy policy;
  std::string_view name;
};
constexpr std::array kPolicies{
    PolicyName{SecurityPolicy::kTls10, "tls-1-0"}, PolicyName{SecurityPolicy::kTls11, "tls-1-1"},
    PolicyName{SecurityPolicy::kTls12, "tls-1-2"}, PolicyName{SecurityPolicy::kTls12Strict, "tls-1-2-strict"}};

/// SHA-256 over the parts, each with its length before it, so that no two lists of parts look alike.
Result<std::string> hash_parts(const std::vector<std::string_view>& parts) {
  std::string text;
  for (const auto part : parts) text += fmt::format("{}:{}", part.size(), part);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) != 1)
    return fail(ErrorCode::kInternal, take_error("SHA-256 is not available"));
  return std::string(reinterpret_cast<const char*>(digest), size);
}

}  // namespace

std::string_view to_string(SecurityPolicy policy) {
  for (const auto& known : kPolicies)
    if (known.policy == policy) return known.name;
  return kPolicies[2].name;
}

Result<SecurityPolicy> parse_security_policy(std::string_view name, std::string_view field) {
  for (const auto& known : kPolicies)
    if (known.name == name) return known.policy;
  return invalid(std::string(field),
                 fmt::format("must be tls-1-0, tls-1-1, tls-1-2 or tls-1-2-strict, is '{:.64}'", name));
}

Result<std::shared_ptr<const ServerTable>> ServerTable::make(ServerSettings settings) {
  std::shared_ptr<ServerTable> table(new ServerTable(std::move(settings)));
  if (auto status = table->fill(); !status) return pass_on(status.error());
  return table;
}

Status ServerTable::fill() {
  if (settings_.certificates.empty())
    return invalid("certificates", "an HTTPS listener needs a certificate");  // TLS-11
  if (settings_.certificates.size() > kKeyKinds)
    return invalid("certificates", "at most two are allowed: one with an RSA and one with an EC key");
  if (!settings_.client_ca.empty()) {
    auto blocks = parse_pem(settings_.client_ca, "client_ca");
    if (!blocks) return pass_on(blocks.error());
    for (auto& block : *blocks) client_ca_.push_back(std::move(block.bytes));
  }
  std::vector<std::string_view> parts{settings_.listener_id, client_ca_.empty() ? "anybody" : "certificate"};
  parts.insert(parts.end(), client_ca_.begin(), client_ca_.end());
  auto binding = hash_parts(parts);
  if (!binding) return pass_on(binding.error());
  binding_ = std::move(*binding);

  auto context = hash_parts({binding_, "default"});
  if (!context) return pass_on(context.error());
  default_ = {settings_.certificates, std::move(*context)};
  by_name_.reserve(settings_.sni.size());
  for (size_t i = 0; i < settings_.sni.size(); ++i) {
    const std::string field = fmt::format("sni[{}].domain", i);
    auto domain = parse_domain(settings_.sni[i].domain, field);
    if (!domain) return pass_on(domain.error());
    Identity& identity = by_name_[*domain];
    if (identity.credentials.size() == kKeyKinds)
      return invalid(field, fmt::format("'{}' has two certificates already", *domain));
    if (identity.credentials.empty()) {
      context = hash_parts({binding_, "name", *domain});
      if (!context) return pass_on(context.error());
      identity.session_context = std::move(*context);
    }
    identity.credentials.push_back(settings_.sni[i].credential);
  }
  return {};
}

const Identity& ServerTable::find(std::string_view host) const {
  if (by_name_.empty() || host.empty()) return default_;
  if (const auto exact = by_name_.find(std::string(host)); exact != by_name_.end()) return exact->second;
  const auto wildcard = by_name_.find(wildcard_of(host));
  return wildcard == by_name_.end() ? default_ : wildcard->second;
}

}  // namespace elb::tls
