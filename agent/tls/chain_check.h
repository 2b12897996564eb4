// SPDX-License-Identifier: Apache-2.0
// The certificates among uploaded PEM blocks, and whether each was issued by the next (TLS-04, TLS-07).
// Private to the room. Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tls/openssl.h"

namespace elb::tls {

/// The certificates of the text, in its order; at least one.
Result<std::vector<X509Ptr>> read_certificates(std::string_view text);

/// kInvalid with the field "certificate" unless each certificate was issued by the next one.
Status check_order(const std::vector<X509Ptr>& chain);

/// One after the other, in 64 columns.
std::string write_certificates(const std::vector<X509Ptr>& chain);

}  // namespace elb::tls
