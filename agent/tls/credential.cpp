// SPDX-License-Identifier: Apache-2.0
#include "tls/credential.h"

#include "tls/pem.h"

namespace elb::tls {

Result<CredentialPtr> read_credential(std::string id, std::string_view certificate, std::string_view private_key) {
  auto certificates = parse_pem(certificate, "certificate");
  if (!certificates) return pass_on(certificates.error());
  auto keys = parse_pem(private_key, "private_key");
  if (!keys) return pass_on(keys.error());
  auto credential = std::make_shared<Credential>();
  credential->id = std::move(id);
  for (auto& block : *certificates) credential->chain.push_back(std::move(block.bytes));
  credential->key = Secret(std::move(keys->front().bytes));
  for (auto& key : *keys) wipe(key.bytes);
  return credential;
}

}  // namespace elb::tls
