// SPDX-License-Identifier: Apache-2.0
// Kindness to typing fingers: verb-first order as kubectl has it, and the nearest known word for an unknown one.
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace elb::cli {

/// ", did you mean 'listener'?" or "" when nothing known is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

/// True when `word` is one of `options` and its value is the next word ("-o" but not "-ojson" or "--output=json").
bool takes_next_word(std::string_view word, const std::vector<Option>& options);

/// "get lb web" -> "lb show web", "get lb" -> "lb list", "delete pool p" -> "pool delete p". `words` begin with what
/// would be the noun; anything else comes back unchanged.
std::vector<std::string> noun_first(std::vector<std::string> words);

}  // namespace elb::cli
