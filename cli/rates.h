// SPDX-License-Identifier: Apache-2.0
// Two readings of GET /v1/counters made into rates, and a screen of them. Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codec/value.h"

namespace elb::cli {

/// {"interval_s", "listeners": [...], "members": [...], "drops": [...]}: what is in `after`, with "..._per_s" in place
/// of its sums, in "http" too. What is new or was counted anew since `before` has rates of 0; drops are those that
/// happen.
codec::Value rates_between(const codec::Value& before, const codec::Value& after);

/// The keys of --sort.
const std::vector<std::string>& rate_sort_keys();
/// Sorts listeners and members, the largest first (names: the first).
codec::Value sorted_rates(const codec::Value& rates, std::string_view key);

/// Totals, then listeners, requests of HTTP listeners, members and drops as tables, at most `height` lines (0: all).
std::string rates_screen(const codec::Value& rates, size_t height);

/// Rounded to a tenth, so that JSON stays readable; 0 where counting began anew.
codec::Value per_second(int64_t before, int64_t after, double seconds);

/// Also of a number that is a string; 0 of anything else.
double number(const codec::Value& value);

/// 1234.5 -> "1,235"; below ten with a decimal: "3.2".
std::string rate_text(double rate);

}  // namespace elb::cli
