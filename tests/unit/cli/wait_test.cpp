// SPDX-License-Identifier: Apache-2.0
// --wait, on a clock that moves only while the command sleeps.
#include <gtest/gtest.h>

#include "unit/cli/support.h"

namespace elb::cli {
namespace {

const std::string kLb = "/v2.0/lbaas/loadbalancers";
const std::string kPools = "/v2.0/lbaas/pools";

std::string lb(const char* status) {
  return R"({"loadbalancer":{"id":")" + kId1 + R"(","name":"web","vip_address":"10.0.0.1","provisioning_status":")" +
         status + R"("}})";
}

TEST(Wait, CreateShowsTheObjectOnceItIsActive) {
  ScriptedAgent agent;
  agent.on("POST " + kLb, {{201, lb("PENDING_CREATE")}});
  agent.on("GET " + kLb + "/" + kId1, {{200, lb("PENDING_CREATE")}, {200, lb("PENDING_CREATE")}, {200, lb("ACTIVE")}});
  const Ran ran = run_elbctl({"lb", "create", "web", "--vip-address", "10.0.0.1", "--wait"}, agent);
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  EXPECT_NE(ran.out.find("provisioning_status  ACTIVE"), std::string::npos) << ran.out;
  EXPECT_EQ(agent.requests().size(), 5U);  // POST, three polls, the final look
}

TEST(Wait, GivesUpAtTheDeadline) {
  ScriptedAgent agent;
  agent.on("PUT " + kLb + "/" + kId1, lb("PENDING_UPDATE")).on("GET " + kLb + "/" + kId1, lb("PENDING_UPDATE"));
  const Ran ran = run_elbctl({"lb", "set", kId1, "--disable", "-w", "--timeout", "5"}, agent);
  EXPECT_EQ(ran.exit, Exit::kTimeout);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err,
            "elbctl: the load balancer did not become ACTIVE within 5 s; the change itself was accepted; see: elbctl "
            "status\n");
  // 20 ms doubling up to 500 ms: a handful of polls, not a storm.
  EXPECT_LT(agent.requests().size(), 20U);
  EXPECT_GT(agent.requests().size(), 8U);
}

TEST(Wait, AnErrorEndsIt) {
  ScriptedAgent agent;
  agent.on("PUT " + kLb + "/" + kId1, lb("PENDING_UPDATE")).on("GET " + kLb + "/" + kId1, lb("ERROR"));
  const Ran ran = run_elbctl({"lb", "set", kId1, "--disable", "-w"}, agent);
  EXPECT_EQ(ran.exit, Exit::kError);
  EXPECT_NE(ran.err.find("went to ERROR"), std::string::npos) << ran.err;
}

TEST(Wait, DeletedMeansGone) {
  ScriptedAgent agent;
  agent.on("DELETE " + kLb + "/" + kId1, {{204, ""}});
  agent.on("GET " + kLb + "/" + kId1, {{200, lb("ACTIVE")}, {200, lb("PENDING_DELETE")}, {404, "{}"}});
  const Ran ran = run_elbctl({"lb", "delete", kId1, "--wait"}, agent);
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  EXPECT_EQ(ran.err, "load balancer web deleted\n");
}

// A member knows its pool by the path, a pool its load balancer by reference.
TEST(Wait, MembersWaitForTheLoadBalancerOfTheirPool) {
  ScriptedAgent agent;
  const std::string members = kPools + "/" + kId2 + "/members";
  const std::string member = R"({"member":{"id":")" + kId3 + R"(","name":"m"}})";
  agent.on("POST " + members, {{201, member}}).on("GET " + members + "/" + kId3, member);
  agent.on("GET " + kPools + "/" + kId2,
           R"({"pool":{"id":")" + kId2 + R"(","loadbalancers":[{"id":")" + kId1 + R"("}]}})");
  agent.on("GET " + kLb + "/" + kId1, lb("ACTIVE"));
  const Ran ran = run_elbctl({"member", "add", kId2, "10.1.0.1:80", "--wait"}, agent);
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  const std::vector<std::string> expected = {
      "POST " + members + R"( {"member":{"address":"10.1.0.1","protocol_port":80}})", "GET " + kPools + "/" + kId2,
      "GET " + kLb + "/" + kId1, "GET " + members + "/" + kId3};
  EXPECT_EQ(agent.requests(), expected);
}

TEST(Wait, MonitorsFindTheirLoadBalancerThroughThePool) {
  ScriptedAgent agent;
  const std::string path = "/v2.0/lbaas/healthmonitors/" + kId3;
  agent.on("GET " + path, R"({"healthmonitor":{"id":")" + kId3 + R"(","pools":[{"id":")" + kId2 + R"("}]}})");
  agent.on("DELETE " + path, {{204, ""}});
  agent.on("GET " + kPools + "/" + kId2,
           R"({"pool":{"id":")" + kId2 + R"(","loadbalancers":[{"id":")" + kId1 + R"("}]}})");
  agent.on("GET " + kLb + "/" + kId1, {{200, lb("PENDING_UPDATE")}, {200, lb("ACTIVE")}});
  const Ran ran = run_elbctl({"hm", "delete", kId3, "--wait"}, agent);
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  const std::vector<std::string> expected = {"GET " + path, "GET " + kPools + "/" + kId2, "DELETE " + path,
                                             "GET " + kLb + "/" + kId1, "GET " + kLb + "/" + kId1};
  EXPECT_EQ(agent.requests(), expected);
}

// PL-09: a drained member keeps its open connections; --wait ends with the last of them.
TEST(Wait, DrainWaitsForTheLastConnection) {
  ScriptedAgent agent;
  const std::string member = kPools + "/" + kId2 + "/members/" + kId3;
  const std::string flows = "GET /v1/flows?member_id=" + kId3 + "&state=opening%2Cestablished%2Cclosing&limit=1";
  agent.on("GET " + member, R"({"member":{"id":")" + kId3 + R"("}})");
  agent.on("PUT " + member, R"({"member":{"id":")" + kId3 + R"(","weight":0}})");
  agent.on(flows, {{200, R"({"matched":2})"}, {200, R"({"matched":1})"}, {200, R"({"matched":0})"}});
  EXPECT_EQ(run_elbctl({"member", "drain", kId2, kId3, "--wait"}, agent).exit, Exit::kOk);
  agent.on(flows, R"({"matched":2})");
  const Ran late = run_elbctl({"member", "drain", kId2, kId3, "--wait", "--timeout", "1"}, agent);
  EXPECT_EQ(late.exit, Exit::kTimeout);
  EXPECT_EQ(late.err,
            "elbctl: the member was not idle within 1 s; connections still open: 2; it gets no new ones; see: "
            "elbctl flows --member-id " +
                kId3 + "\n");
}

}  // namespace
}  // namespace elb::cli
