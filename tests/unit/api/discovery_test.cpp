// SPDX-License-Identifier: Apache-2.0
// What clients ask first, and all the paths that lead to the same resource.
#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using DiscoveryTest = ApiTest;

TEST_F(DiscoveryTest, VersionDocuments) {
  const codec::Value versions = get("/").body.get("versions");
  EXPECT_EQ(versions.at(0).get("id").as_string(), "v2.0");
  EXPECT_EQ(versions.at(versions.size() - 1).get("status").as_string(), "CURRENT");
  EXPECT_TRUE(versions.at(0).get("links").at(0).get("href").as_string().ends_with("/v2"));
  for (const std::string path : {"/v2", "/v2.0", "/v2/", "/load-balancer/v2.0"}) {
    EXPECT_EQ(get(path).body.get("version").get("status").as_string(), "CURRENT") << path;
  }
}

TEST_F(DiscoveryTest, AllSpellingsLeadToTheSameResource) {
  const std::string id = make_lb();
  const std::string expected = get("/v2.0/lbaas/loadbalancers/" + id).text;
  for (const std::string base :
       {"/v2/lbaas", "/v2.0", "/v2", "/load-balancer/v2.0/lbaas", "/load-balancer/v2/lbaas", "/v2/8f1d/elb"}) {
    EXPECT_EQ(get(base + "/loadbalancers/" + id).text, expected) << base;
  }
  EXPECT_EQ(get("/v2.0/lbaas/loadbalancers/" + id + "/").text, expected);
  for (const std::string path : {"/v3/lbaas/loadbalancers", "/lbaas/loadbalancers", "/v2.0/lbaas",
                                 "/v2.0/lbaas/nothing", "/v2.0/lbaas/loadbalancers/a/b", "/v1", "/x"}) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body.get("faultcode").as_string(), "Client") << path;
  }
}

TEST_F(DiscoveryTest, WrongMethodsSayWhichAreRight) {
  const Answer answer = call("PATCH", "loadbalancers", "{}");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("Allow"), "GET, HEAD, POST");
  EXPECT_EQ(call("DELETE", "loadbalancers").status, 405);
  EXPECT_EQ(call("POST", "loadbalancers/" + kNobody, "{}").header("Allow"), "GET, HEAD, PUT, DELETE");
  EXPECT_EQ(call("POST", "quotas/p", "{}").header("Allow"), "GET, HEAD, PUT, DELETE");
}

TEST_F(DiscoveryTest, HeadHasHeadersOnly) {
  const Answer answer = call("HEAD", "loadbalancers");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text, "");
  EXPECT_NE(answer.header("Content-Length"), "0");
}

TEST_F(DiscoveryTest, SubnetsAndNetworks) {
  const codec::Value subnets = get("/v2.0/subnets").body.get("subnets");
  EXPECT_EQ(subnets.size(), 3U);
  EXPECT_EQ(subnets.at(0).get("gateway_ip").as_string(), "192.0.2.1");
  EXPECT_EQ(get("/v2.0/subnets?id=" + kMemberSubnet).body.get("subnets").at(0).get("cidr").as_string(),
            "198.51.100.0/24");
  EXPECT_EQ(get("/v2.0/subnets?name=vips").body.get("subnets").size(), 1U);
  EXPECT_EQ(get("/v2.0/subnets?name=none").body.get("subnets").size(), 0U);
  EXPECT_EQ(get("/v2.0/subnets/" + kVipSubnet).body.get("subnet").get("name").as_string(), "vips");
  EXPECT_EQ(get("/v2.0/subnets/none").status, 404);
  EXPECT_EQ(get("/v2.0/networks?id=" + kVipNetwork).body.get("networks").at(0).get("subnets").dump(),
            "[\"" + kVipSubnet + "\"]");
  EXPECT_EQ(get("/v2.0/networks/" + kVipNetwork).status, 200);
  EXPECT_EQ(get("/v2.0/subnets?ip_version=6").body.get("subnets").at(0).get("cidr").as_string(), "2001:db8:1::/64");
  const codec::Value outside = get("/v2.0/networks?router:external=True").body.get("networks");
  ASSERT_EQ(outside.size(), 1U);
  EXPECT_EQ(outside.at(0).get("name").as_string(), "public");
}

TEST_F(DiscoveryTest, QuotasAndProviders) {
  for (const std::string path : {"/v2.0/lbaas/quotas/defaults", "/v2.0/quotas/p", "/v2/lbaas/quotas/p"}) {
    const codec::Value quota = get(path).body.get("quota");
    EXPECT_EQ(quota.get("loadbalancer").as_int(), 50) << path;
    EXPECT_EQ(quota.get("load_balancer").as_int(), 50) << path;
  }
  EXPECT_EQ(get("providers").body.get("providers").at(0).get("name").as_string(), "elb");
  const Answer made = post("loadbalancers", R"({"loadbalancer":{"vip_address":"192.0.2.9","provider":"octavia"}})");
  EXPECT_EQ(made.body.get("loadbalancer").get("provider").as_string(), "octavia") << made.text;
}

}  // namespace
}  // namespace elb::test
