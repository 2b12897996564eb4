// SPDX-License-Identifier: Apache-2.0
// traceparent as the W3C recommendation Trace Context has it.
#include "http/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace elb::http {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kParent = "00f067aa0ba902b7";
const std::string kGood = "00-" + kTrace + "-" + kParent + "-01";

TEST(TraceParent, ids_and_flag_are_read) {
  const auto parsed = parse_traceparent(kGood);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->trace_id, kTrace);
  EXPECT_EQ(parsed->parent_id, kParent);
  EXPECT_TRUE(parsed->sampled);
  for (const auto& [flags, sampled] :
       {std::pair{"00", false}, {"02", false}, {"03", true}, {"fe", false}, {"ff", true}}) {
    const auto one = parse_traceparent(kGood.substr(0, 53) + flags);
    ASSERT_TRUE(one) << flags;
    EXPECT_EQ(one->sampled, sampled) << flags;
  }
}

TEST(TraceParent, versions_to_come_are_read_as_far_as_they_are_known) {
  const std::string rest = kGood.substr(2);
  EXPECT_TRUE(parse_traceparent("cc" + rest));
  EXPECT_TRUE(parse_traceparent("cc" + rest + "-what-comes"));
  EXPECT_TRUE(parse_traceparent("01" + rest + "-"));
  EXPECT_FALSE(parse_traceparent("cc" + rest + ".what"));
  EXPECT_FALSE(parse_traceparent("00" + rest + "-what")) << "version 00 has nothing more";
  EXPECT_FALSE(parse_traceparent("ff" + rest)) << "never a version";
}

TEST(TraceParent, what_is_invalid_is_none) {
  for (size_t size = 0; size < kGood.size(); ++size) EXPECT_FALSE(parse_traceparent(kGood.substr(0, size))) << size;
  for (size_t i = 0; i < kGood.size(); ++i)
    for (const char c : {'g', 'A', ' ', '_', '\0'}) {
      std::string bad = kGood;
      bad[i] = c;
      EXPECT_FALSE(parse_traceparent(bad)) << bad;
    }
  EXPECT_FALSE(parse_traceparent("00-" + std::string(32, '0') + "-" + kParent + "-01"));
  EXPECT_FALSE(parse_traceparent("00-" + kTrace + "-" + std::string(16, '0') + "-01"));
  EXPECT_FALSE(parse_traceparent(kGood + " "));
}

TEST(TraceParent, several_are_none) {
  HeaderTable headers;
  EXPECT_FALSE(find_traceparent(headers));
  headers.add(HeaderId::kOther, "x-other", kGood);
  headers.add(HeaderId::kOther, "TraceParent", kGood);
  ASSERT_TRUE(find_traceparent(headers));
  EXPECT_EQ(find_traceparent(headers)->trace_id, kTrace);
  headers.add(HeaderId::kOther, "traceparent", kGood);
  EXPECT_FALSE(find_traceparent(headers));
}

TEST(TraceHeaders, what_is_replaced) {
  const Header parent{"TRACEPARENT", "x", HeaderId::kOther}, state{"tracestate", "x", HeaderId::kOther};
  const Header other{"traceparents", "x", HeaderId::kOther};
  EXPECT_FALSE(is_replaced(parent, TraceHeaders::kKeep));
  EXPECT_FALSE(is_replaced(state, TraceHeaders::kKeep));
  EXPECT_TRUE(is_replaced(parent, TraceHeaders::kReplaceParent));
  EXPECT_FALSE(is_replaced(state, TraceHeaders::kReplaceParent));
  EXPECT_TRUE(is_replaced(parent, TraceHeaders::kReplaceBoth));
  EXPECT_TRUE(is_replaced(state, TraceHeaders::kReplaceBoth));
  EXPECT_FALSE(is_replaced(other, TraceHeaders::kReplaceBoth));
}

}  // namespace
}  // namespace elb::http
