// SPDX-License-Identifier: Apache-2.0
// Shows: LB-16. The list of load balancers as a file for a spreadsheet.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cli/support.h"

namespace elb::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kListenersPath = "/v2.0/lbaas/listeners";
constexpr const char* kLoadBalancers = R"({"loadbalancers":[
  {"id":"11111111-1111-4111-8111-111111111111","name":"shop, north","vip_address":"10.0.0.10","provisioning_status":"ACTIVE","operating_status":"ONLINE",
   "created_at":"2026-11-01T10:00:00","tags":["a=1","b=2"],"vip_bandwidth":10,"eip":"203.0.113.7","publicips":[{"publicip_address":"203.0.113.7","bandwidth":100}],
   "listeners":[{"id":"l1"},{"id":"l2"}]},
  {"id":"22222222-2222-4222-8222-222222222222","name":"inner","vip_address":"10.0.0.11","provisioning_status":"ACTIVE","operating_status":"ONLINE",
   "created_at":"2026-11-02T10:00:00","tags":[],"vip_bandwidth":5,"publicips":[],"listeners":[]}]})";
constexpr const char* kListeners =
    R"({"listeners":[{"id":"l1","protocol":"HTTPS","protocol_port":443},{"id":"l2","protocol":"HTTP","protocol_port":80}]})";

std::string listed(const std::string& format, const std::string& more = "") {
  ScriptedAgent agent;
  agent.on("GET /v2.0/lbaas/loadbalancers" + more, kLoadBalancers);
  agent.on(std::string("GET ") + kListenersPath, kListeners);
  std::vector<std::string> words = {"loadbalancer", "list", "-o", format};
  if (!more.empty()) words.insert(words.end(), {"--filter", "operating_status=ONLINE"});
  const Ran ran = run_elbctl(words, agent);
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  return ran.out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  return lines;
}

TEST(ExportList, LB_16_HasARowForEachAndTheColumnsOfTheConsole) {
  const auto lines = lines_of(listed("csv"));
  ASSERT_EQ(lines.size(), 3U) << "a head and two load balancers";
  for (const char* column : {"id", "name", "status", "vip", "eip", "bandwidth", "type", "ports", "tags", "created"})
    EXPECT_THAT("," + lines[0] + ",", HasSubstr(fmt::format(",{},", column)));
  for (const char* cell : {"\"shop, north\"", "10.0.0.10", "203.0.113.7", "public", "HTTPS/443 HTTP/80", "100", "a=1",
                           "2026-11-01T10:00:00"})
    EXPECT_THAT(lines[1], HasSubstr(cell));
  EXPECT_THAT(lines[2], HasSubstr("private"));
}

TEST(ExportList, LB_16_FiltersAreRespected) {
  EXPECT_EQ(lines_of(listed("csv", "?operating_status=ONLINE")).size(), 3U);
}

TEST(ExportList, LB_16_JsonAndYamlHaveWhatTheApiHas) {
  EXPECT_THAT(listed("json"), HasSubstr("203.0.113.7"));
  EXPECT_THAT(listed("yaml"), HasSubstr("203.0.113.7"));
}

}  // namespace
}  // namespace elb::cli
