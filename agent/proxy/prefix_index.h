// SPDX-License-Identifier: Apache-2.0
// PrefixIndex: the longest of many prefixes of a text (FP-08). The prefixes are sorted, and each knows the longest
// other one that is a prefix of itself. All that lie between the wanted one and the text begin with the wanted one; so
// the search ends at the last entry not above the text, and the wanted one is that entry or one of its ancestors:
// one binary search and a few steps up, whatever their number.
//   prefixes /a, /a/b, /a/b/x; text /a/c: the last entry not above it is /a/b/x, no prefix of it; nor is its parent
//   /a/b; that one's parent /a is.
// Thread rule: immutable after build().
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace elb::proxy {

class PrefixIndex {
 public:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  /// Of equal prefixes the first that was added counts.
  void add(std::string prefix, size_t value) { entries_.push_back({std::move(prefix), value, kNone}); }

  void build() {
    const auto less = [](const Entry& a, const Entry& b) { return a.prefix < b.prefix; };
    const auto same = [](const Entry& a, const Entry& b) { return a.prefix == b.prefix; };
    std::stable_sort(entries_.begin(), entries_.end(), less);
    entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
    for (size_t i = 1; i < entries_.size(); ++i) entries_[i].parent = ancestor_of(entries_[i].prefix, i - 1);
  }

  /// Value of the longest prefix of `text`, or kNone.
  size_t longest(std::string_view text) const {
    const auto above = [](std::string_view wanted, const Entry& entry) { return wanted < entry.prefix; };
    const auto next = std::upper_bound(entries_.begin(), entries_.end(), text, above);
    if (next == entries_.begin()) return kNone;
    const size_t found = ancestor_of(text, static_cast<size_t>(next - entries_.begin()) - 1);
    return found == kNone ? kNone : entries_[found].value;
  }

 private:
  struct Entry {
    std::string prefix;
    size_t value;
    size_t parent;
  };

  /// The first from `at` upwards that is a prefix of `text`.
  size_t ancestor_of(std::string_view text, size_t at) const {
    while (at != kNone && !text.starts_with(entries_[at].prefix)) at = entries_[at].parent;
    return at;
  }

  std::vector<Entry> entries_;
};

}  // namespace elb::proxy
