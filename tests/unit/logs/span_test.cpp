// SPDX-License-Identifier: Apache-2.0
// Spans of traced requests: from the proxy's line to what a collector gets, and what becomes of those that are lost.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "codec/value.h"
#include "logs/log_hub.h"
#include "logs/log_otlp.h"
#include "logs/span_otlp.h"
#include "unit/logs/sample_lines.h"

namespace elb::logs {
namespace {

using codec::Value;

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpan = "00f067aa0ba902b7";
const std::string kParent = "b7ad6b7169203331";

std::string span_line(const test::Sample& sample = {}, const std::string& parent = kParent,
                      const std::string& end = "done") {
  return fmt::format("#span {} {} {} 1700000000123456 2500 {} {} {}", kTrace, kSpan, parent, test::line(sample), end,
                     kTrace);
}

Value spans_of(const std::vector<std::string>& lines) {
  const LogBatchPtr batch = span_batch(lines);
  const auto request = Value::parse(otlp_spans(batch->entries, "n1"));
  EXPECT_TRUE(request);
  return request ? request->get("resourceSpans").at(0).get("scopeSpans").at(0).get("spans") : Value();
}

std::map<std::string, std::string> attributes_of(const Value& span) {
  std::map<std::string, std::string> found;
  const Value list = span.get("attributes");
  for (size_t i = 0; i < list.size(); ++i) {
    const Value value = list.at(i).get("value");
    for (const std::string& type : value.keys()) found[list.at(i).get("key").text()] = value.get(type).text();
  }
  return found;
}

TEST(Span, SaysWhatTheConventionsSay) {
  const Value span = spans_of({span_line()}).at(0);
  EXPECT_EQ(span.get("traceId").text(), kTrace);
  EXPECT_EQ(span.get("spanId").text(), kSpan);
  EXPECT_EQ(span.get("parentSpanId").text(), kParent);
  EXPECT_EQ(span.get("name").text(), "GET");
  EXPECT_EQ(span.get("kind").as_int(), 2);
  EXPECT_EQ(span.get("startTimeUnixNano").text(), "1700000000123456000");
  EXPECT_EQ(span.get("endTimeUnixNano").text(), "1700000000125956000");
  EXPECT_FALSE(span.get("status").has("code"));
  auto found = attributes_of(span);
  EXPECT_EQ(found["http.request.method"], "GET");
  EXPECT_EQ(found["url.scheme"], "http");
  EXPECT_EQ(found["url.path"], "/a");
  EXPECT_EQ(found["url.query"], "b=c");
  EXPECT_EQ(found["server.address"], "www.test.com");
  EXPECT_EQ(found["server.port"], "443");
  EXPECT_EQ(found["client.address"], "10.1.0.11");
  EXPECT_EQ(found["client.port"], "4711");
  EXPECT_EQ(found["network.protocol.version"], "1.1");
  EXPECT_EQ(found["http.response.status_code"], "200");
  EXPECT_EQ(found["user_agent.original"], "curl/8 (x; y)");
  EXPECT_EQ(found["elb.loadbalancer_id"], "LB");
  EXPECT_EQ(found["elb.termination"], "done");
  EXPECT_FALSE(found.contains("elb.member")) << "there was none";
  EXPECT_FALSE(found.contains("error.type"));
}

TEST(Span, WhatBeganHereHasNoParent) { EXPECT_FALSE(spans_of({span_line({}, "-")}).at(0).has("parentSpanId")); }

TEST(Span, ServersFaultsAreErrors) {
  const struct {
    uint16_t status;
    const char* end;
    const char* error;
  } kCases[] = {{200, "done", ""},
                {404, "done", ""},
                {499, "client_left", ""},
                {503, "no_member", "503"},
                {200, "member_reset", "member_reset"},
                {200, "stalled", "stalled"}};
  for (const auto& one : kCases) {
    const Value span = spans_of({span_line({.status = one.status}, kParent, one.end)}).at(0);
    EXPECT_EQ(attributes_of(span)["error.type"], one.error) << one.status << one.end;
    EXPECT_EQ(span.get("status").has("code"), *one.error != '\0') << one.status << one.end;
  }
}

TEST(Span, HostileBytesStayData) {
  std::string bytes;
  for (int i = 1; i < 256; ++i) bytes += static_cast<char>(i);
  const Value span = spans_of({span_line({.agent = bytes, .target = "/" + bytes, .method = "a b\"" + bytes})}).at(0);
  auto found = attributes_of(span);
  EXPECT_EQ(span.get("name").text(), "HTTP");
  EXPECT_EQ(found["http.request.method"], "_OTHER");
  EXPECT_TRUE(found["http.request.method_original"].starts_with("a b\"\x01"));
}

TEST(Span, WhatIsNoneIsLeftOut) {
  const std::string good = span_line();
  EXPECT_EQ(spans_of({"#span ", "#span a b c 1 2 " + test::line({}), good.substr(0, good.size() / 2),
                      "#span " + kTrace + " " + kSpan + " - -1 2 " + test::line({}) + " done", good})
                .size(),
            1U);
}

TEST(LogLine, ALineKnowsItsTrace) {
  const std::string text = test::line({}) + " done " + kTrace;
  const auto line = LogLine::parse(text);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->trace(), kTrace);
  EXPECT_EQ(line->end(), "done");
  EXPECT_EQ(line->guide_part(), test::line({})) << "the 32 fields stay as they are";
  std::string json;
  append_json(*line, json);
  EXPECT_EQ(Value::parse(json)->get("trace_id").text(), kTrace);
  LogBatch batch{{}, {{"g", "s", "P"}}, {{*line, 0}}};
  const auto request = Value::parse(otlp_request(batch, batch.entries, "n1"));
  const Value record = request->get("resourceLogs").at(0).get("scopeLogs").at(0).get("logRecords").at(0);
  EXPECT_EQ(record.get("traceId").text(), kTrace);
  EXPECT_FALSE(LogLine::parse(text + " more"));
  EXPECT_FALSE(LogLine::parse(test::line({}) + " done " + kTrace.substr(1)));
}

class Collector final : public LogOutlet {
 public:
  std::string_view name() const override { return "trace"; }
  Status deliver(const LogBatch& batch, bool) override {
    const std::lock_guard lock(mutex_);
    for (const LogBatch::Entry& entry : batch.entries) seen_.emplace_back(entry.span.id);
    return {};
  }
  size_t seen() const {
    const std::lock_guard lock(mutex_);
    return seen_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> seen_;
};

TEST(LogHub, SpansGoToTheirOwnSinkAndLossesAreCounted) {
  auto made = std::make_unique<Collector>();
  const Collector& collector = *made;
  LogHub hub([](std::string_view) { return std::optional<LogRoute>(LogRoute{"g", "s", ""}); }, {}, {}, std::move(made));
  const Fd pipe = hub.make_pipe();
  const std::string text = span_line() + "\n" + test::line({}) + " done " + kTrace + "\n#lostspans 3\n#lost 2\n";
  ASSERT_EQ(::write(pipe.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  for (int i = 0; i < 1000 && (collector.seen() < 1 || hub.counts().lost_spans < 3); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const LogCounts counts = hub.counts();
  EXPECT_EQ(collector.seen(), 1U);
  EXPECT_EQ(counts.lines, 1U) << "a span is no line of the log";
  EXPECT_EQ(counts.unknown, 0U);
  EXPECT_EQ(counts.lost, 2U);
  EXPECT_EQ(counts.lost_spans, 3U);
  ASSERT_TRUE(counts.spans);
  EXPECT_EQ(counts.spans->lost, 0U);
  EXPECT_EQ(LogLine::parse(hub.recent(0).at(0).text)->trace(), kTrace);
}

}  // namespace
}  // namespace elb::logs
