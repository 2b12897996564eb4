// SPDX-License-Identifier: Apache-2.0
#include "tls/key_check.h"

#include <fmt/format.h>

#include "tls/pem.h"
#include "tls/x509_facts.h"

namespace elb::tls {
namespace {

constexpr int kRsaBitsMin = 1024;
constexpr int kRsaBitsAdvised = 2048;
constexpr int kRsaBitsMax = 8192;  // a signature with more costs 10 ms and is anybody's to ask for
constexpr std::string_view kKeyField = "private_key";

bool is_key(const PemBlock& block) { return block.label.ends_with("PRIVATE KEY"); }

std::string kind_of(const PemBlock& block) {
  return block.label.starts_with("EC") ? "ec" : block.label.starts_with("RSA") ? "rsa" : "pkey";
}

Status check_curve(EVP_PKEY* key, std::string_view field) {
  char name[64] = "";
  size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name, sizeof name, &size) != 1) return invalid(std::string(field), "names no curve");
  const std::string_view curve(name, size);
  if (curve == "prime256v1" || curve == "P-256" || curve == "secp384r1" || curve == "P-384" || curve == "secp521r1" ||
      curve == "P-521")
    return {};
  return invalid(std::string(field), fmt::format("has an EC key on {}; P-256, P-384 and P-521 are supported", curve));
}

}  // namespace

Result<PrivateKey> read_private_key(std::string_view text, std::vector<Warning>& warnings) {
  if (text.empty()) return invalid(std::string(kKeyField), "is required");  // TLS-01
  const auto blocks = parse_pem(text, kKeyField);
  if (!blocks) return pass_on(blocks.error());
  const PemBlock* first = nullptr;
  size_t ignored = 0;
  for (const auto& block : *blocks) {
    if (!is_key(block)) continue;  // EC PARAMETERS, or a certificate that was exported with the key
    if (first != nullptr)
      ++ignored;
    else
      first = &block;
  }
  if (first == nullptr) {
    const std::string format = foreign_format(text);
    return invalid(std::string(kKeyField),
                   format.empty() ? fmt::format("has no private key, only {}", blocks->front().label) : format);
  }
  if (first->encrypted)
    return invalid(std::string(kKeyField),
                   fmt::format("line {}: the key is encrypted; remove the password: openssl {} -in encrypted.pem "
                               "-out privatekey.pem",
                               first->line, kind_of(*first)));
  if (const std::string format = foreign_format(text); !format.empty() && first->label == "OPENSSH PRIVATE KEY")
    return invalid(std::string(kKeyField), format);
  KeyPtr key = parse_key(first->bytes, nullptr);
  if (!key)
    return invalid(std::string(kKeyField),
                   fmt::format("line {}: not a private key: {}", first->line, take_error("unknown form")));
  if (ignored > 0)
    warnings.push_back({std::string(kKeyField), fmt::format("{} more private key{} ignored: only the server "
                                                            "certificate's is needed",
                                                            ignored, ignored == 1 ? " is" : "s are")});
  return PrivateKey{std::move(key), write_pem(first->label, first->bytes)};
}

Status check_key_kind(EVP_PKEY* key, std::string_view field, std::vector<Warning>& warnings) {
  const std::string algorithm = algorithm_of(key);
  const int bits = EVP_PKEY_get_bits(key);
  if (algorithm == "ECDSA") return check_curve(key, field);
  if (algorithm != "RSA")
    return invalid(std::string(field), fmt::format("has a key of type {}; RSA and EC are supported", algorithm));
  if (bits < kRsaBitsMin || bits > kRsaBitsMax)
    return invalid(std::string(field),
                   fmt::format("has an RSA key of {} bits; {} to {} are supported", bits, kRsaBitsMin, kRsaBitsMax));
  if (bits < kRsaBitsAdvised)
    warnings.push_back({std::string(field),
                        fmt::format("the RSA key has only {} bits; today's browsers want {}", bits, kRsaBitsAdvised)});
  return {};
}

}  // namespace elb::tls
