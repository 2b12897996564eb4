// SPDX-License-Identifier: Apache-2.0
// Shows: MB-06.
#include "dataplane/index_allocator.h"

#include <gtest/gtest.h>

#include <string>

namespace elb::dataplane {
namespace {

using Allocator = IndexAllocator<std::string>;
const auto kNobody = [](uint32_t) { return false; };
const auto kKeepNone = [](const std::string&) { return false; };

TEST(IndexAllocator, KeepsAKeysIndexAndHandsOutTheLowestFree) {
  Allocator allocator(1, 10);
  EXPECT_EQ(allocator.assign("a"), 1U);
  EXPECT_EQ(allocator.assign("b"), 2U);
  EXPECT_EQ(allocator.assign("a"), 1U);
  EXPECT_EQ(allocator.owner(2), "b");
}

TEST(IndexAllocator, AnIndexInQuarantineIsNotHandedOut) {
  Allocator allocator(0, 2);
  allocator.assign("a");
  allocator.assign("b");
  allocator.release_others([](const std::string& key) { return key == "b"; });
  EXPECT_TRUE(allocator.retire(1000, kNobody).empty()) << "the kernel may still hold it";
  allocator.start_quarantine(7);
  EXPECT_EQ(allocator.assign("c"), std::nullopt);
  EXPECT_TRUE(allocator.retire(8, kNobody).empty()) << "sweep 8 may have begun before the last packet chose the member";
  EXPECT_TRUE(allocator.retire(9, [](uint32_t index) { return index == 0; }).empty()) << "a flow still holds it";
  EXPECT_EQ(allocator.assign("c"), std::nullopt);
  const auto retired = allocator.retire(10, kNobody);
  ASSERT_EQ(retired.size(), 1U);
  EXPECT_EQ(retired[0].first, "a");
  EXPECT_EQ(allocator.assign("c"), 0U);
}

TEST(IndexAllocator, MB06_AKeyThatReturnsFromQuarantineHasItsOldIndex) {
  Allocator allocator(0, 9);
  allocator.assign("a");
  allocator.assign("b");
  allocator.release_others(kKeepNone);
  allocator.start_quarantine(1);
  EXPECT_TRUE(allocator.is_released("b"));
  EXPECT_EQ(allocator.assign("b"), 1U);
  EXPECT_FALSE(allocator.is_released("b"));
  EXPECT_EQ(allocator.retire(100, kNobody).size(), 1U) << "only a";
}

TEST(IndexAllocator, AReleasedKeyStaysInTheQuarantineThatItBegan) {
  Allocator allocator(0, 9);
  allocator.assign("a");
  allocator.release_others(kKeepNone);
  allocator.start_quarantine(1);
  allocator.release_others(kKeepNone);
  allocator.start_quarantine(50);  // the next snapshot does not start it anew
  EXPECT_EQ(allocator.retire(3, kNobody).size(), 1U);
}

TEST(IndexAllocator, AdoptsIndexesAndFillsTheGapsLater) {
  Allocator allocator(1, 6);
  EXPECT_TRUE(allocator.adopt("x", 4));
  EXPECT_TRUE(allocator.adopt("y", 2));
  EXPECT_TRUE(allocator.adopt("y", 2)) << "the same again is no contradiction";
  EXPECT_FALSE(allocator.adopt("y", 3)) << "a key has one index";
  EXPECT_FALSE(allocator.adopt("z", 4)) << "an index has one key";
  EXPECT_FALSE(allocator.adopt("z", 6)) << "out of range";
  EXPECT_FALSE(allocator.adopt("z", 0)) << "out of range";
  EXPECT_EQ(allocator.assign("a"), 1U);
  EXPECT_EQ(allocator.assign("b"), 3U);
  EXPECT_EQ(allocator.assign("c"), 5U);
  EXPECT_EQ(allocator.assign("d"), std::nullopt);
}

}  // namespace
}  // namespace elb::dataplane
