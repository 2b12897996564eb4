// SPDX-License-Identifier: Apache-2.0
// LearnedCookies: which member gave a session's cookie (ST-08). Of fixed size: buckets of eight entries, in which the
// one that was not used for longest makes room. Keys are keyed hashes of pool and value: no session id is kept, and no
// client can aim at a bucket. Thread rule: safe from any thread; one lock for each of 64 groups of buckets.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace elb::proxy {

using CookieHash = std::array<uint64_t, 2>;

class LearnedCookies {
 public:
  /// A session without a request for so long is forgotten.
  static constexpr std::chrono::hours kIdle{24};

  /// 32 bytes for each of `entries`, which are rounded up to a power of two.
  explicit LearnedCookies(size_t entries = size_t{1} << 17);
  LearnedCookies(const LearnedCookies&) = delete;
  LearnedCookies& operator=(const LearnedCookies&) = delete;

  /// `member` is a hash of its id. Replaces what was known of the cookie.
  void put(const CookieHash& cookie, uint64_t member, int64_t unix_s);
  /// A hit counts as use.
  std::optional<uint64_t> find(const CookieHash& cookie, int64_t unix_s);

  /// Sessions that had to go though they were not idle: the table is too small.
  uint64_t evicted() const;

 private:
  static constexpr size_t kWays = 8;
  static constexpr size_t kLocks = 64;
  struct Entry {
    CookieHash cookie{};
    uint64_t member = 0;
    int64_t used = 0;  // unix seconds; 0: empty
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    uint64_t evicted = 0;
  };

  size_t bucket_of(const CookieHash& cookie) const { return cookie[0] & (buckets_ - 1); }
  Shard& shard_of(size_t bucket) { return shards_[bucket % kLocks]; }

  size_t buckets_;
  std::vector<Entry> entries_;
  std::array<Shard, kLocks> shards_;
};

}  // namespace elb::proxy
