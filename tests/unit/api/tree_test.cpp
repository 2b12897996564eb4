// SPDX-License-Identifier: Apache-2.0
// Shows: GEN-01, LS-04.
// Whole trees in one POST: all of it or nothing, and errors that name the nested field.
#include <fmt/core.h>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using TreeTest = ApiTest;

std::string pool(const std::string& name, const std::string& members, const std::string& more = "") {
  return fmt::format(R"({{"name":"{}","protocol":"TCP","lb_algorithm":"ROUND_ROBIN","members":[{}]{}}})", name, members,
                     more);
}

std::string load_balancer(const std::string& inside) {
  return fmt::format(R"({{"loadbalancer":{{"name":"tree","project_id":"p","vip_subnet_id":"{}",{}}}}})", kVipSubnet,
                     inside);
}

const std::string kTwoMembers =
    R"({"address":"198.51.100.10","protocol_port":80,"weight":10},{"address":"198.51.100.11","protocol_port":80})";
const std::string kMonitor = R"(,"healthmonitor":{"type":"TCP","delay":2,"timeout":1,"max_retries":2})";

TEST_F(TreeTest, GEN01_LS04_WholeTreeInOnePost) {
  const uint64_t before = revision();
  const Answer made = post(
      "loadbalancers",
      load_balancer(R"("listeners":[{"name":"l1","protocol":"TCP","protocol_port":80,"default_pool":{"name":"p1"}},)"
                    R"({"name":"l2","protocol":"TCP","protocol_port":81,"default_pool":)" +
                    pool("p2", R"({"address":"198.51.100.12","protocol_port":1})") +
                    R"(},{"name":"l3","protocol":"TCP","protocol_port":82,"default_pool":{"name":"p1"}}],"pools":[)" +
                    pool("p1", kTwoMembers, kMonitor) + "]"));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(revision(), before + 1);
  const codec::Value lb = made.body.get("loadbalancer");
  EXPECT_EQ(lb.get("listeners").size(), 3U);
  EXPECT_EQ(lb.get("pools").size(), 2U);
  const codec::Value listeners = get("listeners?sort=name").body.get("listeners");
  EXPECT_EQ(column(listeners, "name"), (std::vector<std::string>{"l1", "l2", "l3"}));
  EXPECT_EQ(listeners.at(0).get("default_pool_id"), listeners.at(2).get("default_pool_id"));
  EXPECT_EQ(column(listeners, "project_id"), (std::vector<std::string>{"p", "p", "p"}));
  const std::string p1 = listeners.at(0).get("default_pool_id").as_string();
  EXPECT_EQ(get("pools/" + p1 + "/members").body.get("members").size(), 2U);
  EXPECT_FALSE(get("pools/" + p1).body.get("pool").get("healthmonitor_id").is_null());

  const codec::Value tree = get("loadbalancers/" + lb.get("id").as_string() + "/status").body.get("statuses");
  EXPECT_EQ(tree.get("loadbalancer").get("listeners").size(), 3U);
}

TEST_F(TreeTest, NestedErrorsNameTheirPathAndChangeNothing) {
  struct Case {
    std::string inside;
    int status;
    std::string field;
  };
  const std::string listener = R"("listeners":[{"protocol":"TCP","protocol_port":80)";
  const std::vector<Case> cases = {
      {"\"pools\":[" + pool("a", R"({"address":"198.51.100.1","protocol_port":1,"weight":101})") + "]", 400,
       "pools[0].members[0].weight"},
      {"\"pools\":[" + pool("a", kTwoMembers) + "," + pool("b", kTwoMembers + ",7") + "]", 400, "pools[1].members[2]"},
      {"\"pools\":[" + pool("a", kTwoMembers + "," + kTwoMembers) + "]", 409, "pools[0].members[2]"},
      {"\"pools\":[" + pool("a", "", R"(,"healthmonitor":{"type":"TCP","delay":0})") + "]", 400,
       "pools[0].healthmonitor.delay"},
      {"\"pools\":[" + pool("a", "", R"(,"healthmonitor":{"type":"PING"})") + "]", 501, "pools[0].healthmonitor.type"},
      {"\"pools\":[" + pool("a", "", R"(,"loadbalancer_id":"x")") + "]", 400, "pools[0].loadbalancer_id"},
      {listener + R"(,"default_pool":{"name":"none"}}])", 400, "listeners[0].default_pool.name"},
      {listener + R"(,"default_pool":{"name":"a"}}],"pools":[)" + pool("a", "") + "," + pool("a", "") + "]", 400,
       "listeners[0].default_pool.name"},
      {listener + R"(,"default_pool":)" + pool("p", "{}") + "}]", 400, "listeners[0].default_pool.members[0].address"},
      {listener + R"(},{"protocol":"TCP","protocol_port":80}])", 409, "protocol_port"},
      {listener + R"(,"bogus":1}])", 400, "listeners[0].bogus"},
      {listener + R"(,"tags":[1]}])", 400, "listeners[0].tags[0]"},
      {listener + R"(,"name":")" + std::string(256, 'n') + "\"}]", 400, "listeners[0].name"},
      {R"("listeners":[{"protocol":"UDP","protocol_port":80,"default_pool":)" + pool("p", "") + "}]", 400,
       "listeners[0].default_pool.protocol"},
      {R"("listeners":{})", 400, "listeners"},
      {R"("pools":"x")", 400, "pools"},
  };
  make_lb("before");
  const std::string before = configuration();
  for (const Case& item : cases) {
    const Answer answer = post("loadbalancers", load_balancer(item.inside));
    EXPECT_EQ(answer.status, item.status) << item.inside << "\n" << answer.text;
    EXPECT_EQ(answer.body.get("field").as_string(), item.field) << item.inside << "\n" << answer.text;
    EXPECT_EQ(configuration(), before) << item.inside;
  }
}

TEST_F(TreeTest, ListenerWithNestedPool) {
  const std::string lb = make_lb();
  const std::string id = make_listener(lb, 80, "TCP", ",\"default_pool\":" + pool("nested", kTwoMembers, kMonitor));
  const std::string pool_id = get("listeners/" + id).body.get("listener").get("default_pool_id").as_string();
  EXPECT_EQ(get("pools/" + pool_id).body.get("pool").get("members").size(), 2U);
  const std::string before = configuration();
  const Answer refused =
      post("listeners", fmt::format(R"({{"listener":{{"loadbalancer_id":"{}","protocol":"TCP","protocol_port":81,
        "default_pool_id":"{}","default_pool":{}}}}})",
                                    lb, pool_id, pool("x", "")));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(configuration(), before);
}

TEST_F(TreeTest, PoolWithNestedMembersAndMonitor) {
  const std::string lb = make_lb();
  const Answer made = post(
      "pools",
      fmt::format(
          R"({{"pool":{{"loadbalancer_id":"{}","protocol":"TCP","lb_algorithm":"ROUND_ROBIN","members":[{}]{}}}}})", lb,
          kTwoMembers, kMonitor));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body.get("pool").get("members").size(), 2U);
}

}  // namespace
}  // namespace elb::test
