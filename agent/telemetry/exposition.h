// SPDX-License-Identifier: Apache-2.0
// Exposition: the text that Prometheus reads, in its own format (0.0.4) or as OpenMetrics 1.0. All label values pass
// the one escape function here; none may come from traffic, so that the number of series is bounded by the
// configuration. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elb::telemetry {

enum class ExpositionFormat { kText, kOpenMetrics };

/// What the Accept header of a scrape asks for.
ExpositionFormat choose_format(std::string_view accept);
std::string_view content_type(ExpositionFormat format);

/// Backslash, double quote and line feed escaped; other control characters and broken UTF-8 become U+FFFD.
std::string escape_label(std::string_view value);

using Labels = std::vector<std::pair<std::string_view, std::string>>;

class Exposition {
 public:
  enum class Type { kCounter, kGauge, kHistogram };

  explicit Exposition(ExpositionFormat format) : format_(format) {}

  /// Begins a family; `name` without "_total". All its samples follow before the next family.
  void family(Type type, std::string_view name, std::string_view help);
  void sample(const Labels& labels, uint64_t value);
  void sample(const Labels& labels, double value);
  /// Of a histogram: "_bucket", "_sum" or "_count".
  void part(std::string_view suffix, const Labels& labels, double value);

  std::string finish() &&;

 private:
  void line(std::string_view suffix, const Labels& labels, std::string_view value);

  const ExpositionFormat format_;
  Type type_ = Type::kGauge;
  std::string name_;
  std::string out_;
};

}  // namespace elb::telemetry
