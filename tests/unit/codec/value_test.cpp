// SPDX-License-Identifier: Apache-2.0
#include "codec/value.h"

#include <gtest/gtest.h>

#include <chrono>

namespace elb::codec {
namespace {

std::string message_of(std::string_view text) {
  const auto value = Value::parse(text);
  return value ? "accepted" : value.error().to_string();
}

ErrorCode code_of(std::string_view text) {
  const auto value = Value::parse(text);
  return value ? ErrorCode::kInternal : value.error().code;
}

TEST(Value, KeepsOrderOfKeysAndRoundTrips) {
  const std::string text = R"({"z":1,"a":[true,null,-3,1.5,"x\"y"],"m":{}})";
  const auto value = Value::parse(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->dump(), text);
  EXPECT_EQ(value->keys(), (std::vector<std::string>{"z", "a", "m"}));
}

TEST(Value, BuildsDocuments) {
  Value list;
  list.push(1).push("two").push(Value());
  Value object;
  object.set("list", list).set("flag", true).set("flag", false).set("big", uint64_t{18446744073709551615U});
  EXPECT_EQ(object.dump(), R"({"list":[1,"two",null],"flag":false,"big":18446744073709551615})");
  EXPECT_EQ(object.get("list").size(), 3U);
  EXPECT_EQ(object.get("list").at(1).as_string(), "two");
  EXPECT_TRUE(object.get("list").at(3).is_null());
  EXPECT_TRUE(object.get("none").is_null());
  EXPECT_TRUE(object.has("flag"));
  EXPECT_FALSE(object.has("none"));
}

TEST(Value, CopiesAreIndependentAndMovedFromIsNull) {
  Value a;
  a.set("k", 1);
  Value b = a;
  b.set("k", 2);
  EXPECT_EQ(a.get("k").as_int(), 1);
  const Value c = std::move(b);
  EXPECT_TRUE(b.is_null());  // NOLINT(bugprone-use-after-move): the promise under test
  EXPECT_EQ(c.get("k").as_int(), 2);
  EXPECT_FALSE(a == c);
  EXPECT_TRUE(Value() == Value());
}

TEST(Value, TextIsForPeople) {
  EXPECT_EQ(Value("a b").text(), "a b");
  EXPECT_EQ(Value().text(), "");
  EXPECT_EQ(Value(true).text(), "true");
  EXPECT_EQ(Value(7).text(), "7");
  EXPECT_EQ(Value::array().push(1).text(), "[1]");
}

TEST(Value, IntegersAreNeitherFloatsNorStringsNorTooLong) {
  EXPECT_EQ(Value::parse("9223372036854775807")->integer(), INT64_MAX);
  EXPECT_EQ(Value::parse("-9223372036854775808")->integer(), INT64_MIN);
  EXPECT_EQ(Value::parse("9223372036854775808")->integer(), std::nullopt);
  EXPECT_EQ(Value::parse("18446744073709551616")->integer(), std::nullopt);
  EXPECT_EQ(Value::parse("1.0")->integer(), std::nullopt);
  EXPECT_EQ(Value::parse("1e3")->integer(), std::nullopt);
  EXPECT_EQ(Value::parse("\"1\"")->integer(), std::nullopt);
  EXPECT_EQ(Value::parse("true")->integer(), std::nullopt);
}

TEST(Value, RefusesWhatIsNotJson) {
  for (const std::string_view text :
       {"",        " ",        "{",     "}",         "[1,]",   "{\"a\":1,}", "{a:1}",      "{'a':1}", "nul",
        "NaN",     "Infinity", "01",    "+1",        ".5",     "1.",         "1 2",        "{} x",    "\"\t\"",
        "\"\\x\"", "// c\n1",  "[1 2]", "{\"a\" 1}", "\"open", "1e999",      "\"\\ud800\""}) {
    EXPECT_EQ(code_of(text), ErrorCode::kInvalid) << text;
  }
  EXPECT_NE(message_of("{\"a\":1,}").find("byte 8"), std::string::npos) << message_of("{\"a\":1,}");
}

TEST(Value, RefusesBytesAfterNul) {
  EXPECT_EQ(code_of(std::string_view("{}\0{", 4)), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(std::string_view("{}\0", 3)), ErrorCode::kInvalid);
}

TEST(Value, RefusesBadUtf8) {
  for (const std::string_view text :
       {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xe2\x82\""}) {
    EXPECT_EQ(code_of(text), ErrorCode::kInvalid) << text;
  }
  EXPECT_EQ(Value::parse("\"\xe4\xb8\xad\"")->as_string(), "\xe4\xb8\xad");
}

TEST(Value, RefusesDuplicateKeysAtAnyDepth) {
  EXPECT_EQ(message_of(R"({"a":1,"b":2,"a":3})"), "duplicate key 'a'");
  EXPECT_EQ(message_of(R"([{"x":{"y":1,"\u0079":2}}])"), "duplicate key 'y'");
  EXPECT_TRUE(Value::parse(R"({"a":{"a":1},"b":{"a":2}})"));
}

TEST(Value, DepthLimitIsExact) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(Value::parse(nested(32)));
  EXPECT_EQ(message_of(nested(33)), "nested deeper than 32 levels");
  EXPECT_EQ(code_of(nested(10'000)), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(std::string(1'000'000, '[')), ErrorCode::kInvalid);
  std::string objects;
  for (int i = 0; i < 10'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(message_of(objects), "nested deeper than 32 levels");
}

TEST(Value, SizeLimitIsExact) {
  EXPECT_TRUE(Value::parse("\"" + std::string(kMaxDocumentBytes - 2, 'a') + "\""));
  EXPECT_EQ(code_of("\"" + std::string(kMaxDocumentBytes - 1, 'a') + "\""), ErrorCode::kTooLarge);
  EXPECT_EQ(code_of(std::string(10'000'000, ' ')), ErrorCode::kTooLarge);
  EXPECT_TRUE(Value::parse("\"" + std::string(10'000'000, 'a') + "\"", 16 << 20));
}

TEST(Value, AClientMayRaiseTheSizeLimit) {
  const std::string text = "\"" + std::string(kMaxDocumentBytes, 'a') + "\"";
  EXPECT_TRUE(Value::parse(text, text.size()));
  EXPECT_FALSE(Value::parse(text, text.size() - 1));
}

// The library's own object insertion is linear per key: this document would take minutes.
TEST(Value, ManyKeysCostLinearTime) {
  std::string text = "{";
  for (int i = 0; text.size() < kMaxDocumentBytes - 20; ++i) text += fmt::format("{}\"{:x}\":0", i ? "," : "", i);
  text += "}";
  const auto start = std::chrono::steady_clock::now();
  const auto value = Value::parse(text);
  const auto took = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(value);
  EXPECT_GT(value->size(), 80'000U);
  EXPECT_LT(took, std::chrono::seconds(3));
}

TEST(Value, YamlQuotesWhatCouldBeMistaken) {
  Value inner;
  inner.set("name", "m 1").set("weight", 10).set("tags", Value::array()).set("up", true);
  Value root;
  root.set("members", Value::array().push(inner).push("no").push("10")).set("empty", Value::object());
  root.set("text", "a: b").set("none", Value()).set("x", "1.5").set("y", "it's").set("nested", inner);
  EXPECT_EQ(root.to_yaml(),
            "members:\n- name: m 1\n  weight: 10\n  tags: []\n  up: true\n- \"no\"\n- \"10\"\nempty: {}\n"
            "text: \"a: b\"\nnone: null\nx: \"1.5\"\n\"y\": \"it's\"\nnested:\n  name: m 1\n  weight: 10\n"
            "  tags: []\n  up: true\n");
  EXPECT_EQ(Value("a").to_yaml(), "a\n");
  EXPECT_EQ(Value::array().to_yaml(), "[]\n");
  EXPECT_EQ(Value::array().push(Value::array().push(1).push(2)).to_yaml(), "- - 1\n  - 2\n");
}

}  // namespace
}  // namespace elb::codec
