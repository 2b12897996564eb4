// SPDX-License-Identifier: Apache-2.0
#include "model/text.h"

#include <gtest/gtest.h>

namespace elb::model {
namespace {

TEST(Utf8Length, CountsCharactersNotBytes) {
  EXPECT_EQ(utf8_length(""), 0U);
  EXPECT_EQ(utf8_length("web"), 3U);
  EXPECT_EQ(utf8_length("\xC3\xA9"), 1U);                  // e acute
  EXPECT_EQ(utf8_length("\xE8\xB4\x9F\xE8\xBD\xBD"), 2U);  // two Chinese characters
  EXPECT_EQ(utf8_length("a\xF0\x9F\x9A\x80z"), 3U);        // beyond the basic plane
  EXPECT_EQ(utf8_length("\xF4\x8F\xBF\xBF"), 1U);          // U+10FFFF, the last
  EXPECT_EQ(utf8_length(std::string_view("\0", 1)), 1U);
}

TEST(Utf8Length, RefusesWhatIsNoUtf8) {
  for (const char* text : {"\x80", "\xC3", "\xC3(", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\xAF",
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xE8\xB4"})
    EXPECT_FALSE(utf8_length(text)) << text;
}

}  // namespace
}  // namespace elb::model
