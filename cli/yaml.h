// SPDX-License-Identifier: Apache-2.0
// A document that a user wrote, YAML or JSON, as a Value. The only user of libyaml. YAML as JSON has it: no anchors, no
// tags, one document, and of plain scalars only null, true, false and numbers are no texts, as YAML 1.2 says.
// Thread rule: a pure function.
#pragma once

#include <string_view>

#include "codec/value.h"

namespace elb::cli {

/// kInvalid tells the line. A text that begins with '{' is read as JSON.
Result<codec::Value> parse_document(std::string_view text);

}  // namespace elb::cli
