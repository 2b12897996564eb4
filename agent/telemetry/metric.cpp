// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metric.h"

#include <algorithm>

namespace elb::telemetry {

std::optional<Metric> find_metric(std::string_view id) {
  for (size_t i = 0; i < kMetricCount; ++i)
    if (kMetrics[i].id == id) return static_cast<Metric>(i);
  return std::nullopt;
}

void Sample::merge(const Sample& other) {
  if (other.n == 0) return;
  min = n == 0 ? other.min : std::min(min, other.min);
  max = n == 0 ? other.max : std::max(max, other.max);
  n += other.n;
  sum += other.sum;
}

}  // namespace elb::telemetry
