// SPDX-License-Identifier: Apache-2.0
//
// Each member prefers the places in an order of its own: offset + k * skip modulo the size, which visits every place
// since the size is prime. Members take turns, each takes its next preferred place that is still free.
#include "algo/maglev.h"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace elb::algo {

namespace {

constexpr uint32_t kFree = UINT32_MAX;

/// FNV-1a, then a mixer: names differ in few characters at their ends.
uint64_t hash_of(std::string_view name, uint64_t salt) {
  uint64_t hash = 0xCBF29CE484222325ULL ^ salt;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3ULL;
  hash = (hash ^ hash >> 32) * 0x9FB21C651E98DF25ULL;
  hash = (hash ^ hash >> 29) * 0xC2B2AE3D27D4EB4FULL;
  return hash ^ hash >> 32;
}

struct Turns {
  uint32_t member = 0;
  uint64_t place = 0, skip = 0;
};

}  // namespace

std::vector<uint32_t> build_maglev(std::span<const std::string> names, size_t size) {
  if (names.empty() || size < 2) return {};
  std::vector<uint32_t> order(names.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return names[a] < names[b]; });
  std::vector<Turns> turns;
  turns.reserve(order.size());
  for (const uint32_t member : order)
    turns.push_back(
        {member, hash_of(names[member], 0) % size, hash_of(names[member], 0x9E3779B97F4A7C15ULL) % (size - 1) + 1});

  std::vector<uint32_t> table(size, kFree);
  for (size_t taken = 0;;) {
    for (Turns& turn : turns) {
      while (table[turn.place] != kFree) turn.place = (turn.place + turn.skip) % size;
      table[turn.place] = turn.member;
      if (++taken == size) return table;
    }
  }
}

std::vector<uint32_t> build_maglev(std::span<const std::string> names) {
  return build_maglev(names, names.size() <= kMaglevFew ? kMaglevSmall : kMaglevLarge);
}

}  // namespace elb::algo
