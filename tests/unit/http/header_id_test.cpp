// SPDX-License-Identifier: Apache-2.0
#include "http/header_id.h"

#include <gtest/gtest.h>

#include <string>

#include "http/header_table.h"

namespace elb::http {
namespace {

TEST(HeaderId, EveryKnownNameIsFoundInAnyCase) {
  for (size_t i = 1; i < kHeaderIds; ++i) {
    const auto id = static_cast<HeaderId>(i);
    std::string name(name_of(id));
    EXPECT_EQ(header_id(name), id) << name;
    for (char& c : name) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(header_id(name), id) << name;
    name[0] = static_cast<char>(std::tolower(name[0]));
    EXPECT_EQ(header_id(name), id) << name;
  }
}

// Every byte of every known name replaced by every other: only its two cases keep the number.
TEST(HeaderId, NothingElseIsTakenForAKnownName) {
  for (size_t i = 1; i < kHeaderIds; ++i) {
    const std::string name(kHeaderNames[i]);
    for (size_t place = 0; place < name.size(); ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string changed = name;
        changed[place] = static_cast<char>(byte);
        bool known = false;
        std::string folded = changed;
        if (byte >= 'A' && byte <= 'Z') folded[place] = static_cast<char>(byte + 32);
        for (const std::string_view other : kHeaderNames) known |= !other.empty() && other == folded;
        ASSERT_EQ(header_id(changed) != HeaderId::kOther, known) << changed;
      }
    }
    EXPECT_EQ(header_id(name + "x"), HeaderId::kOther);
    EXPECT_EQ(header_id(name.substr(1)) == HeaderId::kOther, name.substr(1) != "te") << name;
  }
  EXPECT_EQ(header_id(""), HeaderId::kOther);
  EXPECT_EQ(header_id("x"), HeaderId::kOther);
  EXPECT_EQ(header_id(std::string(70'000, 'a')), HeaderId::kOther);
}

TEST(HeaderTable, FindsTheFirstByNumberOrName) {
  HeaderTable table;
  table.add(HeaderId::kHost, "Host", "a");
  table.add(HeaderId::kOther, "X-Own", "1");
  table.add(HeaderId::kHost, "host", "b");
  EXPECT_EQ(table.find(HeaderId::kHost)->value, "a");
  EXPECT_EQ(table.find("HOST")->value, "a");
  EXPECT_EQ(table.find("x-own")->value, "1");
  EXPECT_EQ(table.find("x-other"), nullptr);
  EXPECT_EQ(table.find(HeaderId::kCookie), nullptr);
  table.clear();
  EXPECT_EQ(table.find(HeaderId::kHost), nullptr);
  EXPECT_EQ(table.size(), 0U);
}

TEST(HeaderTable, IsFullAtItsCapacity) {
  HeaderTable table;
  for (size_t i = 0; i < HeaderTable::kCapacity; ++i) ASSERT_TRUE(table.add(HeaderId::kOther, "x", "y"));
  EXPECT_FALSE(table.add(HeaderId::kOther, "x", "y"));
  EXPECT_EQ(table.size(), HeaderTable::kCapacity);
}

}  // namespace
}  // namespace elb::http
