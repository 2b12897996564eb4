// SPDX-License-Identifier: Apache-2.0
// Shows: LOG-04, LOG-05. What the proxy writes the agent can take apart again, whatever clients and members put into
// it.
#include "logs/log_line.h"

#include <gtest/gtest.h>

#include <map>

#include "codec/value.h"
#include "logs/log_otlp.h"
#include "logs/log_search.h"
#include "logs/log_syslog.h"
#include "unit/logs/sample_lines.h"

namespace elb::logs {
namespace {

TEST(LogLine, EveryFieldIsFound_LOG04) {
  const std::string text = test::line({});
  const std::string whole = text + " client_left";
  const auto line = LogLine::parse(whole);
  ASSERT_TRUE(line);
  EXPECT_EQ((*line)[kStatus], "200");
  EXPECT_EQ((*line)[kRequest], "GET http://www.test.com/a?b=c HTTP/1.1");
  EXPECT_EQ((*line)[kUserAgent], "curl/8 (x; y)");
  EXPECT_EQ((*line)[kRtt], "250");
  EXPECT_EQ(line->loadbalancer_id(), "LB");
  EXPECT_EQ(line->time_ms(), 1'700'000'000'123);
  EXPECT_EQ(line->end(), "client_left");
  EXPECT_EQ(line->guide_part(), text);
  EXPECT_EQ(LogLine::parse(text)->end(), "");
}

TEST(LogLine, HostileBytesStayInTheirField_LOG04) {
  std::string bytes;
  for (int i = 1; i < 256; ++i) bytes += static_cast<char>(i);
  for (int round = 0; round < 3; ++round) {
    const std::string agent = round == 0 ? bytes : round == 1 ? "\" 200 \"" + bytes : "]\"\\x22 - \n" + bytes;
    const std::string text = test::line({.agent = agent, .target = "/" + agent, .method = agent, .sni = agent});
    const auto line = LogLine::parse(text);
    ASSERT_TRUE(line) << agent;
    EXPECT_EQ(unescape((*line)[kUserAgent]), agent);
    EXPECT_EQ((*line)[kStatus], "200");
    EXPECT_EQ(unescape((*line)[kSni]), agent);
    std::string json;
    append_json(*line, json);
    EXPECT_TRUE(codec::Value::parse(json)) << json;
    EXPECT_EQ(json.find('\n'), std::string::npos);
  }
}

TEST(LogLine, APieceOfALineIsNone) {
  const std::string text = test::line({});
  for (size_t size = 0; size + 4 < text.size(); ++size) EXPECT_FALSE(LogLine::parse(text.substr(0, size))) << size;
  EXPECT_FALSE(LogLine::parse(text + " a b"));
  EXPECT_FALSE(LogLine::parse(text + text));
}

TEST(LogLine, JsonHasNumbersAndNoDashes_LOG01) {
  std::string json;
  const std::string text = test::line({.agent = "caf\xc3\xa9 \xff\""}) + " retried";
  append_json(*LogLine::parse(text), json);
  const auto value = codec::Value::parse(json);
  ASSERT_TRUE(value) << json;
  EXPECT_EQ(value->get("status").as_int(), 200);
  EXPECT_EQ(value->get("http_user_agent").as_string(), "caf\xc3\xa9 \xef\xbf\xbd\"");
  EXPECT_EQ(value->get("termination").as_string(), "retried");
  EXPECT_FALSE(value->has("certificate_id"));
}

TEST(LogSyslog, IsAMessageOfRfc5424_LOG01) {
  const std::string text = test::line({}) + " done";
  const SyslogOptions options{false, "h", "514", "node1"};
  const std::string message = syslog_message(options, *LogLine::parse(text), {"g", "s", "P"});
  EXPECT_TRUE(message.starts_with(
      "<134>1 2023-11-14T22:13:20.123Z node1 elb - access [elb@32473 loadbalancer=\"LB\" stream=\"g/s\" project=\"T\" "
      "termination=\"done\"] 1700000000.123 "))
      << message;
  EXPECT_TRUE(message.ends_with(" 250"));
}

TEST(LogSyslog, UrlsAreChecked) {
  EXPECT_EQ(parse_syslog("udp://10.0.0.1")->port, "514");
  EXPECT_EQ(parse_syslog("tcp://[2001:db8::1]:6514")->host, "2001:db8::1");
  EXPECT_TRUE(parse_syslog("tcp://log.test:6514")->tcp);
  for (const char* bad : {"", "log.test", "udp://", "udp://h:", "udp://h:x", "http://h"})
    EXPECT_FALSE(parse_syslog(bad)) << bad;
}

/// Against the JSON mapping of opentelemetry/proto/logs/v1: 64-bit numbers are text, times are nanoseconds.
TEST(LogOtlp, IsAnExportLogsServiceRequest_LOG01) {
  LogBatch batch;
  batch.text = test::line({.agent = "a\"\\\x01\xff"}) + " member_reset";
  batch.routes.push_back({"g", "s", "P"});
  batch.entries.push_back({*LogLine::parse(batch.text), 0});
  const auto request = codec::Value::parse(otlp_request(batch, batch.entries, "node1"));
  ASSERT_TRUE(request) << request.error().to_string();
  const auto resource = request->get("resourceLogs").at(0);
  EXPECT_EQ(resource.get("resource").get("attributes").at(0).get("value").get("stringValue").as_string(), "elb");
  const auto record = resource.get("scopeLogs").at(0).get("logRecords").at(0);
  EXPECT_EQ(record.get("timeUnixNano").as_string(), "1700000000123000000");
  EXPECT_EQ(record.get("severityNumber").as_int(), 9);
  std::map<std::string, codec::Value> attributes;
  for (size_t i = 0; i < record.get("attributes").size(); ++i) {
    const auto one = record.get("attributes").at(i);
    attributes[one.get("key").as_string()] = one.get("value");
  }
  EXPECT_EQ(attributes.at("http.response.status_code").get("intValue").as_string(), "200");
  EXPECT_EQ(attributes.at("client.address").get("stringValue").as_string(), "10.1.0.11");
  EXPECT_EQ(attributes.at("elb.termination").get("stringValue").as_string(), "member_reset");
  EXPECT_EQ(attributes.at("user_agent.original").get("stringValue").as_string(), "a\"\\\x01\xef\xbf\xbd");
  EXPECT_EQ(attributes.at("elb.request_time").get("doubleValue").type(), codec::Value::Type::kNumber);
}

TEST(LogSearch, FiltersAreAnded_LOG03) {
  const std::string text = test::line({}) + " retried";
  const auto line = LogLine::parse(text);
  LogQuery query;
  EXPECT_FALSE(matches(query, *line, text)) << "of no load balancer that the caller sees";
  query.loadbalancers = {"LB"};
  EXPECT_TRUE(matches(query, *line, text));
  query.client = "10.1.0.11";
  query.text = "WWW.test";
  query.termination = "retried";
  query.status_min = query.status_max = 200;
  query.from_ms = query.to_ms = 1'700'000'000'123;
  EXPECT_TRUE(matches(query, *line, text));
  const auto without = [&](auto change) {
    LogQuery other = query;
    change(other);
    return matches(other, *line, text);
  };
  EXPECT_FALSE(without([](LogQuery& q) { q.client = "10.1.0.1"; }));
  EXPECT_FALSE(without([](LogQuery& q) { q.text = "nowhere"; }));
  EXPECT_FALSE(without([](LogQuery& q) { q.termination = "done"; }));
  EXPECT_FALSE(without([](LogQuery& q) { q.status_max = 199; }));
  EXPECT_FALSE(without([](LogQuery& q) { q.from_ms += 1; }));
  EXPECT_FALSE(without([](LogQuery& q) { q.to_ms -= 1; }));
  EXPECT_FALSE(without([](LogQuery& q) { q.listener = "other"; }));
}

}  // namespace
}  // namespace elb::logs
