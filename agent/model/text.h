// SPDX-License-Identifier: Apache-2.0
// Text limits are in characters, not bytes (GEN-14): counts code points of strict UTF-8 (RFC 3629).
// Private to model/. Thread rule: pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace elb::model {

/// Code points in `text`; empty for bytes that are no UTF-8 (overlong forms and surrogates included).
std::optional<size_t> utf8_length(std::string_view text);

}  // namespace elb::model
