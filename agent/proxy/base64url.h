// SPDX-License-Identifier: Apache-2.0
// Base64 for cookie values: RFC 4648 section 5, without padding. Thread rule: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace elb::proxy {

std::string to_base64url(std::string_view bytes);

/// False unless `text` is the one spelling of exactly as many bytes as `out` holds.
bool from_base64url(std::string_view text, std::span<char> out);

}  // namespace elb::proxy
