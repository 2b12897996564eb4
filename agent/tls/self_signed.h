// SPDX-License-Identifier: Apache-2.0
// A certificate that a server gives itself where the user has none: for the API's own TLS. Clients have to be given it
// as the authority they trust. Thread rule: pure function, draws from OpenSSL's random generator.
#pragma once

#include <span>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace elb::tls {

struct SelfSigned {
  std::string certificate;  // PEM
  std::string private_key;  // PEM
};

/// `names`: host names and addresses that it is good for, the first is its subject too. ECDSA P-256, ten years.
Result<SelfSigned> make_self_signed(std::span<const std::string> names, WallTime now);

}  // namespace elb::tls
