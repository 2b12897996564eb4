// SPDX-License-Identifier: Apache-2.0
// Quotas (LB-20, chapter 18): each limit at one below, at it, and one above.
#include <fmt/core.h>

#include "identity/quotas.h"
#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using ::testing::HasSubstr;

class QuotaTest : public ApiTest {
 protected:
  /// Members of a tree, in one request.
  Answer post_tree(const std::string& project, int pools, int members) {
    std::string text;
    for (int i = 0; i < pools; ++i) {
      std::string list;
      for (int j = 0; j < members; ++j)
        list += fmt::format(R"({}{{"address":"198.51.100.9","protocol_port":{}}})", j == 0 ? "" : ",", j + 1);
      text +=
          fmt::format(R"({}{{"protocol":"TCP","lb_algorithm":"ROUND_ROBIN","members":[{}]}})", i == 0 ? "" : ",", list);
    }
    return post("loadbalancers",
                fmt::format(R"({{"loadbalancer":{{"vip_subnet_id":"{}","project_id":"{}","pools":[{}]}}}})", kVipSubnet,
                            project, text));
  }
};

TEST_F(QuotaTest, LB20_The51stLoadBalancerIsRefusedAndARaiseHelps) {
  const auto make = [&] {
    return post("loadbalancers",
                fmt::format(R"({{"loadbalancer":{{"vip_subnet_id":"{}","project_id":"p"}}}})", kVipSubnet));
  };
  for (int i = 0; i < 50; ++i) ASSERT_EQ(make().status, 201) << i;
  const uint64_t before = revision();
  const Answer refused = make();
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body.get("field").as_string(), "loadbalancer");
  EXPECT_EQ(refused.body.get("error_code").as_string(), "ELB.9807");
  EXPECT_THAT(refused.fault(), HasSubstr("quota has been met"));
  EXPECT_EQ(revision(), before);
  EXPECT_NE(make_lb("of nobody"), "") << "another project has its own";
  ASSERT_EQ(put("quotas/p", R"({"quota":{"loadbalancer":51}})").status, 202);
  EXPECT_EQ(make().status, 201);
  EXPECT_EQ(make().status, 403);
}

TEST_F(QuotaTest, LB20_The101stListenerIsRefusedWhereverItIs) {
  const std::string first = make_lb("a"), second = make_lb("b");
  for (int port = 1; port <= 100; ++port) make_listener(port % 2 == 0 ? first : second, port);
  const std::string body = R"({{"listener":{{"loadbalancer_id":"{}","protocol":"TCP","protocol_port":200}}}})";
  EXPECT_EQ(post("listeners", fmt::format(fmt::runtime(body), first)).status, 403);
  EXPECT_EQ(put("quotas/none", R"({"quota":{"listener":101}})").status, 202);
  EXPECT_EQ(post("listeners", fmt::format(fmt::runtime(body), first)).status, 201);
}

TEST_F(QuotaTest, OneTreeCountsAsTheSumOfItsParts) {
  EXPECT_EQ(put("quotas/p", R"({"quota":{"member":6,"pool":2}})").status, 202);
  EXPECT_EQ(post_tree("p", 2, 4).status, 403);
  EXPECT_EQ(post_tree("p", 3, 1).status, 403);
  EXPECT_EQ(post_tree("p", 2, 3).status, 201);
  EXPECT_EQ(post_tree("p", 0, 0).status, 201);
  EXPECT_EQ(post_tree("p", 1, 0).status, 403);
}

TEST_F(QuotaTest, WhatIsThereAlreadyStaysWhenAQuotaIsLowered) {
  const std::string lb = make_lb();
  make_lb("second");
  EXPECT_EQ(put("quotas/none", R"({"quota":{"loadbalancer":1}})").status, 202);
  EXPECT_EQ(put("loadbalancers/" + lb, R"({"loadbalancer":{"name":"x"}})").status, 200);
  EXPECT_EQ(post("loadbalancers", fmt::format(R"({{"loadbalancer":{{"vip_subnet_id":"{}"}}}})", kVipSubnet)).status,
            403);
  EXPECT_EQ(del("loadbalancers/" + lb).status, 204);
}

TEST_F(QuotaTest, QuotasAreShownChangedAndReset) {
  const Answer defaults = get("quotas/defaults");
  EXPECT_EQ(defaults.body.get("quota").get("loadbalancer").as_int(), 50);
  EXPECT_EQ(defaults.body.get("quota").get("load_balancer").as_int(), 50);
  EXPECT_EQ(defaults.body.get("quota").get("listener").as_int(), 100);
  EXPECT_EQ(defaults.body.get("quota").get("pool").as_int(), 500);
  EXPECT_EQ(defaults.body.get("quota").get("member").as_int(), 500);
  EXPECT_EQ(defaults.body.get("quota").get("certificate").as_int(), 120);
  EXPECT_EQ(defaults.body.get("quota").get("l7policy").as_int(), 500);
  EXPECT_EQ(defaults.body.get("quota").get("health_monitor").as_int(), -1);
  const Answer changed = put("/v2.0/quotas/p", R"({"quota":{"load_balancer":60,"listener":-1}})");
  EXPECT_EQ(changed.status, 202);
  EXPECT_EQ(changed.body.get("quota").get("loadbalancer").as_int(), 60);
  EXPECT_EQ(get("quotas/p").body.get("quota").get("listener").as_int(), -1);
  EXPECT_EQ(get("quotas").body.get("quotas").at(0).get("project_id").as_string(), "p");
  EXPECT_EQ(put("quotas/p", R"({"quota":{"listener":null}})").body.get("quota").get("listener").as_int(), 100);
  EXPECT_EQ(del("quotas/p").status, 204);
  EXPECT_EQ(get("quotas/p").body.get("quota").get("loadbalancer").as_int(), 50);
  EXPECT_EQ(put("quotas/p", R"({"quota":{"loadbalancer":-2}})").status, 400);
  EXPECT_EQ(put("quotas/p", R"({"quota":{"loadbalancer":1,"load_balancer":2}})").status, 400);
  EXPECT_EQ(put("quotas/p", R"({"quota":{"nonsense":1}})").status, 400);
}

/// Each quota that is a number: one below it, at it, and one above.
template <class T>
void expect_limit(model::Kind kind, int64_t most) {
  const identity::Quotas quotas = identity::default_quotas();
  for (const int64_t there : {most - 1, most, most + 1}) {
    model::Model model;
    for (int64_t i = 0; i < there; ++i) {
      T resource;
      resource.id = std::to_string(i);
      resource.project_id = "p";
      model.table<T>()[resource.id] = std::make_shared<const T>(resource);
    }
    T foreign;
    foreign.project_id = "other";
    model.table<T>()["other"] = std::make_shared<const T>(foreign);
    EXPECT_EQ(identity::count(model, kind, "p"), there);
    const Status status = identity::check_quota(model, "p", {{kind, 1}}, quotas);
    EXPECT_EQ(status.has_value(), there <= most) << model::to_string(kind) << " " << there;
    if (!status) {
      EXPECT_EQ(status.error().code, ErrorCode::kQuota);
    }
  }
}

TEST(Quotas, LB20_EachDefaultHoldsAtItsNumber) {
  expect_limit<model::LoadBalancer>(model::Kind::kLoadBalancer, 50);
  expect_limit<model::Listener>(model::Kind::kListener, 100);
  expect_limit<model::Pool>(model::Kind::kPool, 500);
  expect_limit<model::Member>(model::Kind::kMember, 500);
  expect_limit<model::L7Policy>(model::Kind::kL7Policy, 500);
  expect_limit<model::Certificate>(model::Kind::kCertificate, 120);
}

TEST(Quotas, DefaultsAreGivenAsText) {
  identity::Quotas quotas = identity::default_quotas();
  ASSERT_TRUE(identity::apply_quotas("loadbalancer=60,listener=-1", quotas));
  EXPECT_EQ(quotas.at("loadbalancer"), 60);
  EXPECT_EQ(quotas.at("listener"), -1);
  EXPECT_EQ(quotas.at("pool"), 500);
  for (const char* text : {"loadbalancer", "loadbalancer=", "loadbalancer=-2", "thing=1", "loadbalancer=1x"})
    EXPECT_FALSE(identity::apply_quotas(text, quotas)) << text;
}

}  // namespace
}  // namespace elb::test
