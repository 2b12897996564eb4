// SPDX-License-Identifier: Apache-2.0
// The strict parser behind Value::parse(). Private to codec: it shows the JSON library.
// Thread rule: a pure function.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"

namespace elb::codec {

/// Errors as Value::parse() promises. `root` is unspecified after an error.
Status parse_json(std::string_view text, size_t max_bytes, nlohmann::ordered_json& root);

}  // namespace elb::codec
