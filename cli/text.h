// SPDX-License-Identifier: Apache-2.0
// Text for terminals: how many columns UTF-8 text takes, padding, wrapping, and making names from the network harmless.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace elb::cli {

/// Columns on a terminal: 0 for combining marks, 2 for East Asian wide characters and emoji, 1 for the rest.
size_t display_width(std::string_view text);

/// `text` with spaces behind it up to `width` columns.
std::string padded(std::string_view text, size_t width);

/// Control characters and broken UTF-8 become U+FFFD: a name must not be able to steer the terminal.
std::string harmless(std::string_view text);

/// Lines of at most `width` columns, broken at spaces; a longer word stays whole. At least one line.
std::vector<std::string> wrapped(std::string_view text, size_t width);

/// Order for people: numbers inside the text count as numbers, so web-2 comes before web-10.
bool natural_less(std::string_view a, std::string_view b);

/// 1234567 -> "1,234,567".
std::string grouped(int64_t number);

/// Bytes with a binary unit: 999 B, 1.2 KiB, 34.0 MiB.
std::string human_bytes(int64_t bytes);

/// Seconds as the two largest units: 5 s, 1 m 20 s, 3 h 2 m, 2 d 4 h.
std::string human_seconds(int64_t seconds);

}  // namespace elb::cli
