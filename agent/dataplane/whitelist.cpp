// SPDX-License-Identifier: Apache-2.0
#include "dataplane/whitelist.h"

#include <algorithm>
#include <cstring>

namespace elb::dataplane {

namespace {

std::array<uint8_t, 16> bytes_of(const elb_ip& ip) {
  std::array<uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &ip, sizeof ip);
  return bytes;
}

}  // namespace

Whitelist::Whitelist(std::vector<Cidr> entries) : entries_(std::move(entries)) {
  std::sort(entries_.begin(), entries_.end());
  entries_.erase(std::unique(entries_.begin(), entries_.end()), entries_.end());
  std::vector<std::pair<Bytes, Bytes>> ranges;
  for (const Cidr& entry : entries_) {
    const elb_addr_key key = abi_prefix(entry.address, entry.prefix);
    Bytes first = bytes_of(key.addr), last = first;
    for (uint32_t bit = key.prefix_len; bit < 128; ++bit) last[bit / 8] |= static_cast<uint8_t>(0x80U >> bit % 8);
    ranges.emplace_back(first, last);
  }
  std::sort(ranges.begin(), ranges.end());
  // Two prefixes are apart, or one is in the other, which sorts before it or begins with it.
  for (const auto& range : ranges) {
    if (!ranges_.empty() && range.first <= ranges_.back().second)
      ranges_.back().second = std::max(ranges_.back().second, range.second);
    else
      ranges_.push_back(range);
  }
}

bool Whitelist::has(const elb_ip& client) const {
  const Bytes address = bytes_of(client);
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                      [](const Bytes& wanted, const auto& range) { return wanted < range.first; });
  return after != ranges_.begin() && address <= std::prev(after)->second;
}

}  // namespace elb::dataplane
