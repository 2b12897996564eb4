// SPDX-License-Identifier: Apache-2.0
#include "cli/text.h"

#include <gtest/gtest.h>

namespace elb::cli {
namespace {

TEST(Text, WidthCountsColumnsNotBytes) {
  EXPECT_EQ(display_width("web"), 3U);
  EXPECT_EQ(display_width("Zürich"), 6U);
  EXPECT_EQ(display_width("e\u0301"), 1U);  // e and a combining acute accent
  EXPECT_EQ(display_width("負荷"), 4U);
  EXPECT_EQ(display_width("🚀"), 2U);
  EXPECT_EQ(padded("負荷", 6), "負荷  ");
  EXPECT_EQ(padded("long", 2), "long");
}

TEST(Text, NamesCannotSteerTheTerminal) {
  EXPECT_EQ(harmless("a\x1b[2Jb"), "a\uFFFD[2Jb");
  EXPECT_EQ(harmless("a\nb\tc"), "a\uFFFDb\uFFFDc");
  EXPECT_EQ(harmless("a\u202Eb"), "a\uFFFDb");                  // right-to-left override
  EXPECT_EQ(harmless("a\u009Bb"), "a\uFFFDb");                  // C1: CSI
  EXPECT_EQ(harmless("\xC0\xAF"), "\uFFFD\uFFFD");              // overlong slash
  EXPECT_EQ(harmless("\xED\xA0\x80x"), "\uFFFD\uFFFD\uFFFDx");  // surrogate
  EXPECT_EQ(harmless("\xE2\x82"), "\uFFFD\uFFFD");              // cut off
  EXPECT_EQ(harmless("Zürich 負荷 🚀"), "Zürich 負荷 🚀");
}

TEST(Text, WrapsAtSpaces) {
  EXPECT_EQ(wrapped("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrapped("incomprehensible", 5), (std::vector<std::string>{"incomprehensible"}));
  EXPECT_EQ(wrapped("", 5), (std::vector<std::string>{""}));
}

TEST(Text, NaturalOrder) {
  EXPECT_TRUE(natural_less("web-2", "web-10"));
  EXPECT_FALSE(natural_less("web-10", "web-2"));
  EXPECT_TRUE(natural_less("10.1.0.9", "10.1.0.10"));
  EXPECT_TRUE(natural_less("a", "ab"));
  EXPECT_FALSE(natural_less("a", "a"));
  EXPECT_FALSE(natural_less("a007", "a7"));
  EXPECT_TRUE(natural_less("a7b", "a07c"));
  EXPECT_TRUE(natural_less("2", "a"));
}

TEST(Text, NumbersForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-123456), "-123,456");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KiB");
  EXPECT_EQ(human_bytes(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(human_bytes(1288490189), "1.2 GiB");
  EXPECT_EQ(human_seconds(59), "59 s");
  EXPECT_EQ(human_seconds(80), "1 m 20 s");
  EXPECT_EQ(human_seconds(3 * 3600 + 120), "3 h 2 m");
  EXPECT_EQ(human_seconds(2 * 86400 + 4 * 3600), "2 d 4 h");
}

}  // namespace
}  // namespace elb::cli
