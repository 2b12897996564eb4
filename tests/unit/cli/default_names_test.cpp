// SPDX-License-Identifier: Apache-2.0
// Shows: GEN-15. What is created without a name is called by its kind and four characters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cli/support.h"

namespace elb::cli {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

const std::string kRoot = "/v2.0/lbaas/";

/// What was posted last.
std::string posted(const std::string& line, const std::string& collection, const std::string& envelope) {
  ScriptedAgent agent;
  agent.on("GET " + kRoot + "loadbalancers/" + kId1, R"({"loadbalancer":{"id":")" + kId1 + R"("}})");
  agent.on("GET " + kRoot + "listeners/" + kId1, R"({"listener":{"id":")" + kId1 + R"("}})");
  agent.on("GET " + kRoot + "pools/" + kId1, R"({"pool":{"id":")" + kId1 + R"("}})");
  agent.on("POST " + kRoot + collection, {{201, R"({")" + envelope + R"(":{"id":")" + kId2 + R"("}})"}});
  const Ran ran = run_elbctl(shell_words(line), agent);
  EXPECT_EQ(ran.exit, Exit::kOk) << line << ": " << ran.err;
  return agent.requests().back();
}

TEST(DefaultNames, GEN_15_AreTheKindAndFourCharacters) {
  EXPECT_THAT(posted("loadbalancer create --subnet " + kId1, "loadbalancers", "loadbalancer"),
              MatchesRegex(".*\"name\":\"elb-[0-9a-z]{4}\".*"));
  EXPECT_THAT(posted("listener create --lb " + kId1 + " --protocol TCP --port 80", "listeners", "listener"),
              MatchesRegex(".*\"name\":\"listener-[0-9a-z]{4}\".*"));
  EXPECT_THAT(posted("pool create --lb " + kId1 + " --protocol TCP --algorithm ROUND_ROBIN", "pools", "pool"),
              MatchesRegex(".*\"name\":\"server_group-[0-9a-z]{4}\".*"));
  EXPECT_THAT(posted("l7policy create --listener " + kId1 + " --pool " + kId1, "l7policies", "l7policy"),
              MatchesRegex(".*\"name\":\"forwarding_policy-[0-9a-z]{4}\".*"));
  EXPECT_THAT(posted("l7policy create --listener " + kId1 + " --to-listener " + kId1, "l7policies", "l7policy"),
              MatchesRegex(".*\"name\":\"redirect-[0-9a-z]{4}\".*"));
}

TEST(DefaultNames, TwoAreNotTheSame) {
  const std::string line = "listener create --lb " + kId1 + " --protocol TCP --port 80";
  EXPECT_NE(posted(line, "listeners", "listener"), posted(line, "listeners", "listener"));
}

TEST(DefaultNames, AGivenOneStays) {
  EXPECT_THAT(posted("listener create web --lb " + kId1 + " --protocol TCP --port 80", "listeners", "listener"),
              HasSubstr(R"("name":"web")"));
}

}  // namespace
}  // namespace elb::cli
