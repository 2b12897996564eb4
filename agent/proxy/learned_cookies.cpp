// SPDX-License-Identifier: Apache-2.0
#include "proxy/learned_cookies.h"

#include <algorithm>
#include <bit>
#include <span>

namespace elb::proxy {
namespace {

constexpr int64_t kIdleSeconds = std::chrono::seconds(LearnedCookies::kIdle).count();

}  // namespace

LearnedCookies::LearnedCookies(size_t entries)
    : buckets_(std::bit_ceil(std::max(entries, kWays)) / kWays), entries_(buckets_ * kWays) {}

void LearnedCookies::put(const CookieHash& cookie, uint64_t member, int64_t unix_s) {
  const size_t bucket = bucket_of(cookie);
  Shard& shard = shard_of(bucket);
  const std::lock_guard lock(shard.mutex);
  const std::span<Entry> ways(&entries_[bucket * kWays], kWays);
  auto place = std::find_if(ways.begin(), ways.end(), [&](const Entry& entry) { return entry.cookie == cookie; });
  if (place == ways.end()) {
    const auto older = [](const Entry& a, const Entry& b) { return a.used < b.used; };
    place = std::min_element(ways.begin(), ways.end(), older);
    if (place->used != 0 && unix_s - place->used < kIdleSeconds) ++shard.evicted;
  }
  *place = {cookie, member, unix_s};
}

std::optional<uint64_t> LearnedCookies::find(const CookieHash& cookie, int64_t unix_s) {
  const size_t bucket = bucket_of(cookie);
  const std::lock_guard lock(shard_of(bucket).mutex);
  for (Entry& entry : std::span<Entry>(&entries_[bucket * kWays], kWays)) {
    if (entry.used == 0 || entry.cookie != cookie || unix_s - entry.used >= kIdleSeconds) continue;
    entry.used = std::max(entry.used, unix_s);
    return entry.member;
  }
  return std::nullopt;
}

uint64_t LearnedCookies::evicted() const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.evicted;
  }
  return sum;
}

}  // namespace elb::proxy
