// SPDX-License-Identifier: Apache-2.0
// Small files of /proc as text and numbers. Private to inspect. Thread rule: pure reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace elb::inspect {

/// The whole file, without the newline at its end; nothing if it can not be read.
std::optional<std::string> read_text(const std::string& path);
/// The first number in it.
std::optional<int64_t> read_number(const std::string& path);
/// The word behind "key:" at the beginning of a line: "0000003fffffffff" of "CapEff:".
std::optional<std::string> field_of(const std::string& text, const std::string& key);

}  // namespace elb::inspect
