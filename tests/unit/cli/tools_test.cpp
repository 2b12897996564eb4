// SPDX-License-Identifier: Apache-2.0
// Shows: FAQ-01.
// doctor, trace and top: what they print and how they end.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/rates.h"
#include "cli/text.h"
#include "cli/top_screen.h"
#include "unit/cli/support.h"

namespace elb::cli {
namespace {

using codec::Value;
using testing::HasSubstr;
using testing::Not;

std::string doctor_document(int errors) {
  std::string findings =
      R"({"severity":"ok","check":"link.lro","subject":"eth0","seen":"merges nothing","remedy":""},)"
      R"({"severity":"warning","check":"link.rss","subject":"eth0","seen":"has 1 queue","remedy":"ethtool -L eth0 combined 8"})";
  if (errors > 0)
    findings +=
        R"(,{"severity":"error","check":"link.program","subject":"eth1","seen":"runs nothing\u001b[2J","remedy":"do this"})";
  return R"({"errors":)" + std::to_string(errors) + R"(,"warnings":1,"ok":1,"findings":[)" + findings +
         R"(],"checklist":[{"question":"Is it healthy?","command":"elbctl status"}]})";
}

TEST(Doctor, ErrorsFirstEachWithItsRemedyAndTheChecklist) {
  ScriptedAgent agent;
  agent.on("GET /v1/doctor", doctor_document(1));
  const Ran ran = run_elbctl({"doctor"}, agent);
  EXPECT_EQ(ran.exit, Exit::kError);
  EXPECT_EQ(ran.out,
            "error    eth1: runs nothing\xEF\xBF\xBD[2J\n"
            "         $ do this\n"
            "warning  eth0: has 1 queue\n"
            "         $ ethtool -L eth0 combined 8\n"
            "\n"
            "1 errors, 1 warnings, 1 checks found nothing wrong\n"
            "\n"
            "If a service cannot be reached nevertheless, ask in this order:\n"
            "  1. Is it healthy?\n"
            "     $ elbctl status\n");
  EXPECT_THAT(ran.err, HasSubstr("1 error found"));
}

TEST(Doctor, WarningsAreNoFailure) {
  ScriptedAgent agent;
  agent.on("GET /v1/doctor", doctor_document(0));
  EXPECT_EQ(run_elbctl({"doctor"}, agent).exit, Exit::kOk);
  EXPECT_THAT(run_elbctl({"doctor", "--all"}, agent).out, HasSubstr("merges nothing"));
  EXPECT_THAT(run_elbctl({"doctor", "-o", "csv"}, agent).out,
              HasSubstr("warning,link.rss,eth0,has 1 queue,ethtool -L eth0 combined 8"));
}

TEST(Doctor, WithoutAnAgentTheKernelIsLookedAt) {
  const Ran ran = run_elbctl({"doctor", "--all", "--interface", "lo"}, "http://127.0.0.1:1");
  EXPECT_EQ(ran.exit, Exit::kTimeout);
  EXPECT_THAT(ran.out, HasSubstr("error    agent: "));
  EXPECT_THAT(ran.out, HasSubstr("kernel: is"));
  EXPECT_THAT(ran.out, HasSubstr("lo: is up"));
}

constexpr const char* kTrace =
    "GET /v1/trace?protocol=TCP&client=192.0.2.7&client_port=4000&vip=10.0.0.100&vip_port=80";

TEST(Trace, StepsAndVerdict) {
  ScriptedAgent agent;
  agent.on(kTrace, R"({"protocol":"TCP","client":"192.0.2.7:4000","vip":"10.0.0.100:80","verdict":"drop",
      "reason":"not_allowed","description":"the whitelist does not have it","existing":false,"member":null,
      "steps":[{"step":"flow","stop":false,"seen":"none"},{"step":"whitelist","stop":true,"seen":"not in list 3"}]})");
  const std::vector<std::string> words = {"trace", "tcp", "192.0.2.7:4000", "10.0.0.100:80"};
  const Ran ran = run_elbctl(words, agent);
  EXPECT_EQ(ran.exit, Exit::kOk);
  EXPECT_EQ(ran.out,
            "TCP 192.0.2.7:4000 -> 10.0.0.100:80\n"
            "  1. flow       none\n"
            "  2. whitelist  not in list 3\n"
            "dropped: not_allowed: the whitelist does not have it\n");
  std::vector<std::string> checking = words;
  checking.push_back("--check");
  EXPECT_EQ(run_elbctl(checking, agent).exit, Exit::kError);
}

TEST(Trace, RefusesWhatIsNoEndpoint) {
  ScriptedAgent agent;
  EXPECT_EQ(run_elbctl({"trace", "icmp", "192.0.2.7:1", "10.0.0.1:2"}, agent).exit, Exit::kUsage);
  EXPECT_EQ(run_elbctl({"trace", "tcp", "192.0.2.7", "10.0.0.1:2"}, agent).exit, Exit::kUsage);
  EXPECT_EQ(run_elbctl({"trace", "tcp", "192.0.2.7:1", "web"}, agent).exit, Exit::kUsage);
  EXPECT_TRUE(agent.requests().empty());
}

std::string counters(int64_t microseconds, int64_t connections, int64_t bytes, int64_t drops) {
  const std::string sums = R"("active":5,"inactive":1,"connections":)" + std::to_string(connections) +
                           R"(,"packets_in":0,"bytes_in":)" + std::to_string(bytes) +
                           R"(,"packets_out":0,"bytes_out":0,"refused":0})";
  return R"({"monotonic_us":)" + std::to_string(microseconds) +
         R"(,"listeners":[{"id":"l","name":"web-80","vip_address":"10.0.0.1","protocol":"TCP","protocol_port":80,)" +
         sums +
         R"(],"members":[{"id":"m","name":"web-1","address":"10.1.0.1","protocol_port":8080,"operating_status":"ONLINE",)" +
         sums + R"(],"drops":[{"reason":"no_port","drop":true,"packets":)" + std::to_string(drops) + "}]}";
}

TEST(Top, RatesBetweenTwoReadings) {
  ScriptedAgent agent;
  agent.on("GET /v1/counters", {{200, counters(1000000, 100, 0, 7)}, {200, counters(3000000, 500, 4096, 10)}});
  const Ran ran = run_elbctl({"top", "--once", "-o", "json"}, agent);
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  const auto line = Value::parse(ran.out);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->get("listeners").at(0).get("connections_per_s").text(), "200.0");
  EXPECT_EQ(line->get("members").at(0).get("bytes_in_per_s").text(), "2048.0");
  EXPECT_EQ(line->get("drops").at(0).get("packets_per_s").text(), "1.5");
}

std::string http_counters(int64_t microseconds, int64_t requests, int64_t slow) {
  return R"({"monotonic_us":)" + std::to_string(microseconds) +
         R"(,"listeners":[{"id":"l","name":"web","vip_address":"10.0.0.1","protocol":"HTTP","protocol_port":80,"active":1,)"
         R"("http":{"requests":)" +
         std::to_string(requests) + R"(,"status_2xx":)" + std::to_string(requests) +
         R"(,"request_us":5,"p50_us":7,"latency_us":{"16":1000,"1024":)" + std::to_string(requests) + R"(,"65536":)" +
         std::to_string(slow) + R"(}}}],"members":[],"drops":[]})";
}

TEST(Top, RequestsAndTheQuantilesOfTheInterval) {
  ScriptedAgent agent;
  agent.on("GET /v1/counters", {{200, http_counters(0, 100, 0)}, {200, http_counters(1000000, 190, 10)}});
  const auto line = Value::parse(run_elbctl({"top", "--once", "-o", "json"}, agent).out);
  ASSERT_TRUE(line);
  const Value http = line->get("listeners").at(0).get("http");
  EXPECT_EQ(http.get("requests_per_s").text(), "90.0");
  EXPECT_EQ(http.get("status_2xx_per_s").text(), "90.0");
  EXPECT_EQ(http.get("p50_us").as_int(), 1087) << "not the thousand of before";
  EXPECT_EQ(http.get("p99_us").as_int(), 69631);
  EXPECT_FALSE(http.has("request_us_per_s"));
  ScriptedAgent again;
  again.on("GET /v1/counters", {{200, http_counters(0, 100, 0)}, {200, http_counters(1000000, 190, 10)}});
  const Ran table = run_elbctl({"top", "--once", "--sort", "requests"}, again);
  EXPECT_THAT(table.out, HasSubstr("REQ/S"));
  EXPECT_THAT(table.out, HasSubstr("1.09 ms"));
  EXPECT_THAT(table.out, HasSubstr("70 ms"));
}

TEST(Top, CountersThatBeganAnewHaveNoRate) {
  const Value rates = rates_between(*Value::parse(counters(0, 900, 0, 0)), *Value::parse(counters(1000000, 3, 0, 0)));
  EXPECT_EQ(rates.get("listeners").at(0).get("connections_per_s").text(), "0.0");
  EXPECT_EQ(rates.get("drops").size(), 0U) << "nothing is dropped now";
}

TEST(Top, TablesForPipesAndInPlaceForTerminals) {
  ScriptedAgent agent;
  agent.on("GET /v1/counters", {{200, counters(1000000, 100, 0, 0)}, {200, counters(2000000, 350, 0, 0)}});
  const Ran piped = run_elbctl({"top", "--once"}, agent);
  EXPECT_THAT(piped.out, HasSubstr("LISTENER"));
  EXPECT_THAT(piped.out, HasSubstr("250"));
  EXPECT_THAT(piped.out, Not(HasSubstr("\x1b")));
  const Ran shown = run_elbctl({"top", "--rounds", "2"}, agent, {.terminal = true, .width = 60});
  EXPECT_THAT(shown.out, HasSubstr("\x1b[H"));
  EXPECT_EQ(run_elbctl({"top", "--interval", "0"}, agent).exit, Exit::kUsage);
  EXPECT_EQ(run_elbctl({"top", "--sort", "colour"}, agent).exit, Exit::kUsage);
}

/// So many of each, with names and addresses as long as they get.
Value crowd(int listeners, int members) {
  Value out = Value::object(), first = Value::array(), second = Value::array(), drops = Value::array();
  const std::string name = "\xC3\xA4 name that is longer than any terminal has room for \xE4\xB8\xAD\x1b[2J";
  const auto counted = [&](int i) {
    return Value()
        .set("name", fmt::format("{} {}", i, name))
        .set("protocol_port", 65535)
        .set("active", 123456789)
        .set("connections_per_s", 1e9)
        .set("bytes_in_per_s", 99999.0)
        .set("bytes_out_per_s", 0.0);
  };
  for (int i = 0; i < listeners; ++i)
    first.push(counted(i)
                   .set("vip_address", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")
                   .set("protocol", "TERMINATED_HTTPS")
                   .set("http", Value().set("requests_per_s", 5.0).set("p95_us", 12345)));
  for (int i = 0; i < members; ++i)
    second.push(counted(i).set("address", "10.0.0.1").set("operating_status", i == 0 ? "ERROR" : "ONLINE"));
  for (int i = 0; i < 9; ++i)
    drops.push(Value().set("reason", fmt::format("reason_{}", i)).set("drop", true).set("packets_per_s", 2.0));
  return out.set("listeners", std::move(first)).set("members", std::move(second)).set("drops", std::move(drops));
}

TEST(TopScreen, FitsExactlyWhateverThereIs) {
  for (const auto& [width, height] : {std::pair{80, 24}, {40, 12}, {200, 60}, {61, 17}})
    for (const int listeners : {0, 1, 8, 100})
      for (const int members : {0, 1, 8, 100}) {
        TopScreen screen("name");
        const auto lines =
            screen.lines(crowd(listeners, members), std::string(300, 't'), size_t(width), size_t(height));
        EXPECT_EQ(lines.size(), size_t(height)) << width << " " << listeners << " " << members;
        for (const std::string& line : lines) {
          EXPECT_LE(display_width(line), size_t(width)) << line;
          EXPECT_EQ(line.find('\x1b'), std::string::npos) << "a name steers the terminal";
        }
      }
}

TEST(TopScreen, HasAllThatMattersIn80Columns) {
  TopScreen screen("name");
  std::string text;
  for (const std::string& line : screen.lines(crowd(3, 3), "top", 80, 24)) text += line + "\n";
  for (const char* part :
       {"CONN/S", "ACTIVE", "REQ/S", "P95", "IN/S", "OUT/S", "STATE", "LISTENERS", "MEMBERS", "ERROR", "12ms", "100k",
        "1.0G", "members: 2 up, 1 down", "DROPS  18 packets/s", "reason_0", "q quit", "by name"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(TopScreen, KeysScrollSortAndEnd) {
  TopScreen screen("name");
  const Value rates = crowd(50, 50);
  const auto row = [&](size_t line) { return screen.lines(rates, "top", 80, 24)[line]; };
  EXPECT_TRUE(row(5).starts_with("0 "));
  EXPECT_TRUE(screen.press("jj\x1b[B"));
  EXPECT_TRUE(row(5).starts_with("3 ")) << row(5);
  EXPECT_TRUE(screen.press("\x1b[Ak"));
  EXPECT_TRUE(row(5).starts_with("1 "));
  EXPECT_TRUE(screen.press(std::string(500, ' ')));
  EXPECT_THAT(row(3), HasSubstr(">LISTENERS 46-50/50")) << row(3);
  const std::string last = row(5);
  EXPECT_TRUE(screen.press("k"));
  EXPECT_NE(row(5), last) << "the end is where it stopped";
  EXPECT_TRUE(screen.press("\t"));
  EXPECT_THAT(row(3), Not(HasSubstr(">")));
  EXPECT_TRUE(screen.press("s"));
  EXPECT_EQ(screen.sort(), rate_sort_keys().front());
  EXPECT_TRUE(screen.press("\x1bZ?"));
  for (const char* key : {"q", "\x03", "jjq"}) EXPECT_FALSE(screen.press(key)) << key;
}

TEST(TopScreen, NumbersAreShort) {
  for (const auto& [number, text] : {std::pair{0.0, "0"},
                                     {0.04, "0"},
                                     {7.46, "7.5"},
                                     {9.96, "10"},
                                     {999.4, "999"},
                                     {999.6, "1.0k"},
                                     {34567.0, "35k"},
                                     {1234567.0, "1.2M"},
                                     {9.99e11, "999G"},
                                     {1e30, "lots"}})
    EXPECT_EQ(cell_number(number), text);
}

TEST(Rates, TextOfARate) {
  EXPECT_EQ(rate_text(0), "0");
  EXPECT_EQ(rate_text(3.24), "3.2");
  EXPECT_EQ(rate_text(9.96), "10");
  EXPECT_EQ(rate_text(1234567.8), "1,234,568");
}

}  // namespace
}  // namespace elb::cli
