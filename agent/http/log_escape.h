// SPDX-License-Identifier: Apache-2.0
// What a peer says, written into logs so that it stays data (S12): no byte of it can end a line, a field or a string.
// Thread rule: pure functions; the caller owns the string.
#pragma once

#include <string>
#include <string_view>

namespace elb::http {

/// For text logs with quoted fields: '"', '\', control bytes and everything from 0x7f on become \xHH. What is left is
/// printable ASCII.
void append_log_text(std::string& out, std::string_view text);

/// The inside of a JSON string (RFC 8259 7): valid UTF-8 stays, control characters become \u00HH, each byte that is no
/// UTF-8 becomes U+FFFD.
void append_json_text(std::string& out, std::string_view text);

}  // namespace elb::http
