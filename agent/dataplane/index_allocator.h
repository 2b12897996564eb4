// SPDX-License-Identifier: Apache-2.0
// IndexAllocator: gives keys small integers that stay with them. Flows in the kernel hold such indexes long after a
// listener or member was removed, so a released index is handed out again only when sweeps of the flow table have shown
// that nobody holds it. A released key that returns before that gets its old index back. Thread rule: one thread (the
// reconciler's).
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace elb::dataplane {

/// A sweep that begins after a release may still miss a packet that chose its member just before: two are waited for.
inline constexpr uint64_t kSweepsOfQuarantine = 2;

template <class Key>
class IndexAllocator {
 public:
  /// Indexes first .. end - 1.
  IndexAllocator(uint32_t first, uint32_t end) : next_(first), end_(end) {}

  /// Takes over what an earlier agent decided; false if the key or the index is taken otherwise or out of range.
  bool adopt(const Key& key, uint32_t index) {
    if (const auto known = find(key)) return *known == index;
    if (index >= end_ || owners_.count(index) > 0) return false;
    if (index >= next_) {
      for (; next_ < index; ++next_) free_.insert(next_);
      ++next_;
    } else if (free_.erase(index) == 0) {
      return false;
    }
    entries_[key] = {index, std::nullopt};
    owners_[index] = key;
    return true;
  }

  /// The key's index, the lowest free one for a new key; nothing when all are taken or in quarantine.
  std::optional<uint32_t> assign(const Key& key) {
    if (const auto known = entries_.find(key); known != entries_.end()) {
      known->second.released.reset();
      return known->second.index;
    }
    uint32_t index = next_;
    if (!free_.empty()) {
      index = *free_.begin();
      free_.erase(free_.begin());
    } else if (next_ < end_) {
      ++next_;
    } else {
      return std::nullopt;
    }
    entries_[key] = {index, std::nullopt};
    owners_[index] = key;
    return index;
  }

  /// Releases every key that `keep` does not name. Its quarantine begins with start_quarantine(), once the kernel does
  /// not hold the index where a packet could pick it up.
  void release_others(const std::function<bool(const Key&)>& keep) {
    for (auto& [key, entry] : entries_)
      if (!entry.released && !keep(key)) entry.released = kNotYet;
  }
  /// `sweeps_begun`: sweeps started so far.
  void start_quarantine(uint64_t sweeps_begun) {
    for (auto& [key, entry] : entries_)
      if (entry.released == kNotYet) entry.released = sweeps_begun;
  }

  /// Keys whose quarantine is over: enough sweeps began and ended since the release, and `in_use` is false for the
  /// index. They are free from here on.
  std::vector<std::pair<Key, uint32_t>> retire(uint64_t sweeps_ended, const std::function<bool(uint32_t)>& in_use) {
    std::vector<std::pair<Key, uint32_t>> retired;
    for (auto it = entries_.begin(); it != entries_.end();) {
      const Entry entry = it->second;
      if (!entry.released || *entry.released == kNotYet || sweeps_ended < *entry.released + kSweepsOfQuarantine ||
          in_use(entry.index)) {
        ++it;
        continue;
      }
      retired.emplace_back(it->first, entry.index);
      owners_.erase(entry.index);
      free_.insert(entry.index);
      it = entries_.erase(it);
    }
    return retired;
  }

  std::optional<uint32_t> find(const Key& key) const {
    const auto it = entries_.find(key);
    return it == entries_.end() ? std::nullopt : std::optional(it->second.index);
  }
  std::optional<Key> owner(uint32_t index) const {
    const auto it = owners_.find(index);
    return it == owners_.end() ? std::nullopt : std::optional(it->second);
  }
  bool is_released(const Key& key) const {
    const auto it = entries_.find(key);
    return it != entries_.end() && it->second.released.has_value();
  }
  const std::map<uint32_t, Key>& owners() const { return owners_; }

 private:
  static constexpr uint64_t kNotYet = UINT64_MAX;
  struct Entry {
    uint32_t index = 0;
    std::optional<uint64_t> released;  // sweeps begun when the quarantine started
  };

  uint32_t next_;  // never handed out from here on
  const uint32_t end_;
  std::map<Key, Entry> entries_;
  std::map<uint32_t, Key> owners_;
  std::set<uint32_t> free_;
};

}  // namespace elb::dataplane
