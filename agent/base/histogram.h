// SPDX-License-Identifier: Apache-2.0
// Histogram of times in microseconds: log-linear buckets, 16 for each doubling, so that a quantile is off by at most 1
// part in 16, from 1 us to more than an hour, in 4 KB. Thread rule: one writer, any readers.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace elb {

inline constexpr unsigned kHistogramBits = 4;     // 16 buckets in each doubling
inline constexpr unsigned kHistogramTopBit = 32;  // everything from 2^32 us (72 minutes) on shares the last bucket
inline constexpr size_t kHistogramBuckets = ((kHistogramTopBit - kHistogramBits) + 1) * (size_t{1} << kHistogramBits);

/// Values below 16 have a bucket each.
constexpr size_t histogram_bucket(uint64_t value) {
  constexpr uint64_t kLinear = uint64_t{1} << kHistogramBits;
  if (value < kLinear) return static_cast<size_t>(value);
  const auto width = static_cast<unsigned>(std::bit_width(value));
  if (width > kHistogramTopBit) return kHistogramBuckets - 1;
  const unsigned shift = width - 1 - kHistogramBits;
  return (static_cast<size_t>(shift) << kHistogramBits) + static_cast<size_t>(value >> shift);
}

/// The smallest value of a bucket.
constexpr uint64_t histogram_floor(size_t bucket) {
  constexpr size_t kLinear = size_t{1} << kHistogramBits;
  if (bucket < kLinear) return bucket;
  const size_t shift = bucket / kLinear - 1;
  return (uint64_t{kLinear} + bucket % kLinear) << shift;
}

struct HistogramSums {
  std::array<uint64_t, kHistogramBuckets> buckets{};

  uint64_t count() const;
  /// The largest value of the bucket in which the quantile (0 to 1) lies; 0 when empty.
  uint64_t quantile(double q) const;
};

class Histogram {
 public:
  void record(uint64_t value) {
    std::atomic<uint64_t>& bucket = buckets_[histogram_bucket(value)];
    bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void add_to(HistogramSums& sums) const;

 private:
  std::array<std::atomic<uint64_t>, kHistogramBuckets> buckets_{};
};

}  // namespace elb
