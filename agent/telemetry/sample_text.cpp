// SPDX-License-Identifier: Apache-2.0
// A point's samples as text: "n sum min max" for each metric in the order of the catalogue, ';' between them; "n" alone
// for zeros, nothing for a metric that the object does not have.
#include <fmt/core.h>

#include <charconv>

#include "telemetry/series_store.h"

namespace elb::telemetry {
namespace {

template <class T>
T take(std::string_view& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return {};
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return value;
}

}  // namespace

std::string encode_samples(const ObjectPoint& point) {
  std::string out;
  for (const auto& sample : point.samples) {
    if (sample && sample->min == 0 && sample->max == 0 && sample->sum == 0) {
      out += fmt::format("{}", sample->n);
    } else if (sample) {
      out += fmt::format("{} {:.9g} {:.9g} {:.9g}", sample->n, sample->sum, sample->min, sample->max);
    }
    out += ';';
  }
  return out;
}

void decode_samples(std::string_view text, ObjectPoint& point) {
  for (size_t metric = 0; metric < kMetricCount && !text.empty(); ++metric) {
    const size_t end = std::min(text.find(';'), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    point.samples[metric].reset();
    if (part.empty()) continue;
    Sample sample;
    sample.n = take<uint32_t>(part);
    if (!part.empty()) {
      sample.sum = take<double>(part);
      sample.min = take<double>(part);
      sample.max = take<double>(part);
    }
    if (sample.n > 0) point.samples[metric] = sample;
  }
}

}  // namespace elb::telemetry
