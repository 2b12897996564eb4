// SPDX-License-Identifier: Apache-2.0
// SHA-256 and its HMAC. Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace elb::tls {

std::string sha256(std::string_view data);                             // 32 bytes
std::string hmac_sha256(std::string_view key, std::string_view data);  // 32 bytes
std::string to_hex(std::string_view bytes);                            // lower case

}  // namespace elb::tls
