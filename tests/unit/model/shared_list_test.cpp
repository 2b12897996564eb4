// SPDX-License-Identifier: Apache-2.0
#include "model/shared_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace elb::model {
namespace {

using List = SharedList<std::string>;

TEST(SharedList, CopiesShareUntilOneIsWrittenTo) {
  List one{"a", "b", "c"};
  List other = one;
  EXPECT_TRUE(one.shares_all(other));
  other[1] += "!";
  EXPECT_EQ(std::as_const(one)[1], "b");
  EXPECT_EQ(std::as_const(other)[1], "b!");
  EXPECT_TRUE(one.shares(other, 0));
  EXPECT_FALSE(one.shares(other, 1));
  EXPECT_FALSE(one.shares_all(other));
  const std::string* const place = &std::as_const(other)[1];
  other[1] += "!";
  EXPECT_EQ(&std::as_const(other)[1], place) << "its own already";
}

TEST(SharedList, EqualIsNotShared) {
  const List one{"a"}, other{"a"};
  EXPECT_FALSE(one.shares(other, 0));
  EXPECT_EQ(one.front(), other.back());
}

TEST(SharedList, IteratesLikeAVector) {
  const List list{"a", "c", "e"};
  EXPECT_EQ(std::ranges::lower_bound(list, std::string("b")) - list.begin(), 1);
  EXPECT_EQ(*(list.end() - 1), "e");
  EXPECT_EQ(list.begin()[2], "e");
  EXPECT_LT(list.begin(), list.end());
  std::string all;
  for (const std::string& item : list) all += item;
  EXPECT_EQ(all, "ace");
  EXPECT_EQ(List().begin(), List().end());
}

}  // namespace
}  // namespace elb::model
