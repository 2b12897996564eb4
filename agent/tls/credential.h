// SPDX-License-Identifier: Apache-2.0
// Credential: one server certificate with chain and key, as bytes that are ready to be parsed. All workers of a process
// share it; each parses it for itself at the first connection that needs it (docs/adr/0016), so that a listener with
// thousands of them starts at once. Thread rule: immutable, shared as shared_ptr<const Credential>.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tls/secret.h"

namespace elb::tls {

struct Credential {
  std::string id;                  // of the certificate resource, for the access log
  std::vector<std::string> chain;  // DER, leaf first
  Secret key;                      // DER
};

using CredentialPtr = std::shared_ptr<const Credential>;

/// From what check_server_certificate() returned: only the PEM is undone here, nothing is checked again.
Result<CredentialPtr> read_credential(std::string id, std::string_view certificate, std::string_view private_key);

}  // namespace elb::tls
