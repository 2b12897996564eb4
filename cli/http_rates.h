// SPDX-License-Identifier: Apache-2.0
// The "http" of a listener in GET /v1/counters: rates between two readings, quantiles of the requests between them, and
// both as a table. Thread rule: pure functions.
#pragma once

#include <string>

#include "cli/table.h"
#include "codec/value.h"

namespace elb::cli {

/// "..._per_s" in place of the sums; of a listener p50_us, p95_us and p99_us of the requests in between (0: there were
/// none).
codec::Value http_rates_between(const codec::Value& before, const codec::Value& after, double seconds);

Table http_rates_table();
/// `rates` is of a listener, with "http" in it.
void add_http_rates(Table& table, const std::string& name, const codec::Value& rates);

/// A reading as plain numbers by name, for elbctl listener stats.
codec::Value http_totals(const codec::Value& http);

/// 1234 -> "1.23 ms".
std::string microseconds_text(int64_t microseconds);

}  // namespace elb::cli
