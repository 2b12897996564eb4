// SPDX-License-Identifier: Apache-2.0
// Shows: PL-06, X-27 (a consistent table, not one of fragments).
#include "algo/maglev.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace elb::algo {
namespace {

std::vector<std::string> members(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(fmt::format("10.0.{}.{}:8080", i / 250, 1 + i % 250));
  return names;
}

/// Places whose member is another one, of those that belonged to members that are in both.
struct Moved {
  size_t all = 0, survivors = 0;
};
Moved compare(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  const auto a = build_maglev(before, kMaglevSmall), b = build_maglev(after, kMaglevSmall);
  Moved moved;
  for (size_t place = 0; place < a.size(); ++place) {
    const std::string& was = before[a[place]];
    if (was == after[b[place]]) continue;
    ++moved.all;
    moved.survivors += std::find(after.begin(), after.end(), was) != after.end();
  }
  return moved;
}

TEST(Maglev, SizesArePrime) {
  for (const size_t size : {kMaglevSmall, kMaglevLarge})
    for (size_t divisor = 2; divisor * divisor <= size; ++divisor) ASSERT_NE(size % divisor, 0U);
}

TEST(Maglev, SizeFollowsTheNumberOfMembers) {
  EXPECT_EQ(build_maglev(members(100)).size(), kMaglevSmall);
  EXPECT_EQ(build_maglev(members(101)).size(), kMaglevLarge);
}

TEST(Maglev, EdgesOfTheNumberOfMembers) {
  EXPECT_TRUE(build_maglev({}).empty());
  const auto one = build_maglev(members(1), 7);
  EXPECT_EQ(one, std::vector<uint32_t>(7, 0));
  EXPECT_EQ(build_maglev(members(20), 7).size(), 7U) << "more members than places";
}

TEST(Maglev, PL06_PlacesAreSharedEvenly) {
  for (const size_t count : {2U, 3U, 10U, 64U, 100U, 500U, 1000U}) {
    const auto table = build_maglev(members(count));
    std::map<uint32_t, size_t> places;
    for (const uint32_t member : table) ++places[member];
    ASSERT_EQ(places.size(), count);
    for (const auto& [member, share] : places) {
      EXPECT_GE(share, table.size() / count) << "of " << count;
      EXPECT_LE(share, table.size() / count + 1) << "of " << count;
    }
  }
}

TEST(Maglev, PL06_RemovingOneOfTenMovesItsOwnAndFewOthers) {
  const auto before = members(10);
  for (size_t removed = 0; removed < before.size(); ++removed) {
    auto after = before;
    after.erase(after.begin() + static_cast<ptrdiff_t>(removed));
    const Moved moved = compare(before, after);
    EXPECT_LE(moved.all, kMaglevSmall * 12 / 100) << removed;
    EXPECT_LE(moved.survivors, kMaglevSmall * 2 / 100) << removed;
  }
}

TEST(Maglev, PL06_AddingOneTakesItsShareAndLittleMore) {
  const Moved moved = compare(members(10), members(11));
  EXPECT_GE(moved.all, kMaglevSmall / 12);
  EXPECT_LE(moved.all, kMaglevSmall * 12 / 100);
}

TEST(Maglev, DoesNotDependOnTheOrderOfMembers) {
  auto names = members(10);
  const auto straight = build_maglev(names);
  auto reversed = names;
  std::reverse(reversed.begin(), reversed.end());
  const auto turned = build_maglev(reversed);
  for (size_t place = 0; place < straight.size(); ++place) ASSERT_EQ(names[straight[place]], reversed[turned[place]]);
}

}  // namespace
}  // namespace elb::algo
