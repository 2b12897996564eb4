// SPDX-License-Identifier: Apache-2.0
// The only file of the room that sees RE2.
#include <fmt/core.h>
#include <re2/re2.h>

#include "model/validate_parts.h"

namespace elb::model {

Status check_regex(std::string_view field, std::string_view text) {
  re2::RE2::Options options(re2::RE2::Latin1);  // as the proxy compiles it: header values need not be UTF-8
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemoryMax);
  const re2::RE2 regex(re2::StringPiece(text.data(), text.size()), options);
  if (regex.ok()) return {};
  return invalid(std::string(field), fmt::format("'{}' is no regular expression: {} (syntax of RE2: no "
                                                 "back-references, no look-around)",
                                                 text, regex.error()));
}

}  // namespace elb::model
