// SPDX-License-Identifier: Apache-2.0
#include "cli/http_rates.h"

#include <fmt/core.h>

#include <charconv>

#include "base/histogram.h"
#include "cli/rates.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

constexpr std::pair<const char*, double> kQuantiles[] = {{"p50_us", 0.5}, {"p95_us", 0.95}, {"p99_us", 0.99}};

uint64_t from_text(const std::string& text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

HistogramSums between(const Value& before, const Value& after) {
  HistogramSums sums;
  for (const std::string& floor : after.keys()) {
    const int64_t more = after.get(floor).as_int() - before.get(floor).as_int();
    if (more > 0) sums.buckets[histogram_bucket(from_text(floor))] += static_cast<uint64_t>(more);
  }
  return sums;
}

}  // namespace

Value http_rates_between(const Value& before, const Value& after, double seconds) {
  Value out = Value::object();
  for (const std::string& key : after.keys()) {
    if (key.ends_with("_us")) continue;
    out.set(key + "_per_s",
            before.has(key) ? per_second(before.get(key).as_int(), after.get(key).as_int(), seconds) : Value(0.0));
  }
  if (!after.has("latency_us")) return out;
  const HistogramSums sums = between(before.get("latency_us"), after.get("latency_us"));
  for (const auto& [key, quantile] : kQuantiles) out.set(key, before.is_object() ? sums.quantile(quantile) : 0);
  return out;
}

Table http_rates_table() {
  return Table(
      {"HTTP", "REQ/S", "2XX", "3XX", "4XX", "5XX", "499", "MALFORMED", "RETRIES", "TLS/S", "P50", "P95", "P99"});
}

void add_http_rates(Table& table, const std::string& name, const Value& rates) {
  const Value http = rates.get("http");
  std::vector<std::string> row = {name};
  for (const char* key : {"requests", "status_2xx", "status_3xx", "status_4xx", "status_5xx", "status_499", "malformed",
                          "retries", "handshakes"})
    row.push_back(rate_text(number(http.get(std::string(key) + "_per_s"))));
  for (const auto& [key, quantile] : kQuantiles) row.push_back(microseconds_text(http.get(key).as_int()));
  table.add(std::move(row));
}

Value http_totals(const Value& http) {
  Value out = Value::object();
  for (const std::string& key : http.keys())
    if (!http.get(key).is_object()) out.set(key, http.get(key));
  return out;
}

std::string microseconds_text(int64_t microseconds) {
  if (microseconds <= 0) return "-";
  if (microseconds < 1000) return fmt::format("{} us", microseconds);
  const double milliseconds = static_cast<double>(microseconds) / 1000;
  if (milliseconds < 10) return fmt::format("{:.2f} ms", milliseconds);
  if (milliseconds < 1000) return fmt::format("{:.0f} ms", milliseconds);
  return fmt::format("{:.1f} s", milliseconds / 1000);
}

}  // namespace elb::cli
