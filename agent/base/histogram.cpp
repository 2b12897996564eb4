// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

#include <cmath>
#include <numeric>

namespace elb {

void Histogram::add_to(HistogramSums& sums) const {
  for (size_t i = 0; i < kHistogramBuckets; ++i) sums.buckets[i] += buckets_[i].load(std::memory_order_relaxed);
}

uint64_t HistogramSums::count() const { return std::accumulate(buckets.begin(), buckets.end(), uint64_t{0}); }

uint64_t HistogramSums::quantile(double q) const {
  const uint64_t total = count();
  if (total == 0) return 0;
  const auto rank = static_cast<uint64_t>(std::ceil(q * static_cast<double>(total)));
  uint64_t seen = 0;
  for (size_t i = 0; i < kHistogramBuckets; ++i) {
    seen += buckets[i];
    if (buckets[i] != 0 && seen >= rank) return histogram_floor(i + 1) - 1;
  }
  return histogram_floor(kHistogramBuckets) - 1;
}

}  // namespace elb
