// SPDX-License-Identifier: Apache-2.0
// Shows: LB-04, LB-19, MB-10.
// Where the guide contradicts itself or the vendor's API: what this API does of it (X-...), as far as the API decides
// it.
#include <fmt/core.h>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using codec::Value;

class ContradictionTest : public ApiTest {
 protected:
  ContradictionTest() : ApiTest(true) {}

  Answer persistence(const std::string& protocol, const std::string& algorithm, const std::string& sticky) {
    return post("pools", fmt::format(R"({{"pool":{{"loadbalancer_id":"{}","protocol":"{}","lb_algorithm":"{}",
        "session_persistence":{}}}}})",
                                     lb_, protocol, algorithm, sticky));
  }
  const std::string lb_ = make_lb();
};

TEST_F(ContradictionTest, X_1_X_3_DurationsOfBothProtocolsAndTheirDefaults) {
  for (const std::string protocol : {"TCP", "UDP"}) {
    const auto minutes = [&](int count) {
      return persistence(protocol, "ROUND_ROBIN",
                         fmt::format(R"({{"type":"SOURCE_IP","persistence_timeout":{}}})", count));
    };
    EXPECT_EQ(minutes(0).status, 400);
    for (const int good : {1, 59, 60}) EXPECT_EQ(minutes(good).status, 201) << protocol << good;
    EXPECT_EQ(minutes(61).status, 400);
    const Answer made = persistence(protocol, "ROUND_ROBIN", R"({"type":"SOURCE_IP"})");
    EXPECT_EQ(made.body.get("pool").get("session_persistence").get("persistence_timeout").as_int(), 1) << made.text;
  }
  for (const int good : {1, 1439, 1440})
    EXPECT_EQ(
        persistence("HTTP", "ROUND_ROBIN", fmt::format(R"({{"type":"HTTP_COOKIE","persistence_timeout":{}}})", good))
            .status,
        201);
  EXPECT_EQ(persistence("HTTP", "ROUND_ROBIN", R"({"type":"HTTP_COOKIE","persistence_timeout":1441})").status, 400);
}

TEST_F(ContradictionTest, X_2_TheHashIsStickyByItself) {
  const Answer accepted = persistence("TCP", "SOURCE_IP", R"({"type":"SOURCE_IP"})");
  EXPECT_EQ(accepted.status, 201);
  EXPECT_EQ(accepted.body.get("pool").get("warnings").size(), 1U);
  EXPECT_EQ(persistence("TCP", "SOURCE_IP", R"({"type":"SOURCE_IP","persistence_timeout":1})").status, 400);
  EXPECT_EQ(persistence("TCP", "LEAST_CONNECTIONS", R"({"type":"SOURCE_IP"})").status, 400);
}

TEST_F(ContradictionTest, X_4_ATimeoutBeyondTheIntervalIsKeptAndCountsAsTheInterval) {
  const std::string pool = make_lone_pool(lb_);
  const Answer plain = get("healthmonitors/" + create("healthmonitors", "healthmonitor",
                                                      fmt::format(R"("pool_id":"{}","type":"TCP")", pool)));
  const Value monitor = plain.body.get("healthmonitor");
  EXPECT_EQ(monitor.get("delay").as_int(), 5);
  EXPECT_EQ(monitor.get("timeout").as_int(), 3);
  EXPECT_EQ(monitor.get("max_retries").as_int(), 3);
  const Value longer = put("healthmonitors/" + monitor.get("id").as_string(), R"({"healthmonitor":{"timeout":10}})")
                           .body.get("healthmonitor");
  EXPECT_EQ(longer.get("timeout").as_int(), 10);
  EXPECT_EQ(longer.get("effective_timeout").as_int(), 5);
}

TEST_F(ContradictionTest, X_13_AListenerTakesItsEmptyPoolAlong) {
  const std::string listener = make_listener(lb_, 80), pool = make_pool(listener);
  const std::string member = make_member(pool, "198.51.100.7", 80);
  EXPECT_EQ(del("listeners/" + listener).status, 409);
  EXPECT_EQ(del("pools/" + pool + "/members/" + member).status, 204);
  EXPECT_EQ(del("listeners/" + listener).status, 204);
  EXPECT_EQ(del("pools/" + pool).status, 404) << "which clients take for done";
}

TEST_F(ContradictionTest, X_14_ALoadBalancerWithChildrenIs400AndNamesThem) {
  const std::string listener = make_listener(lb_, 80);
  const Answer refused = del("loadbalancers/" + lb_);
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.fault().find(listener), std::string::npos);
  EXPECT_EQ(del("loadbalancers/" + lb_ + "?cascade=true").status, 204);
}

TEST_F(ContradictionTest, X_20_APoolServesSeveralListenersOfItsLoadBalancer) {
  const std::string first = make_listener(lb_, 80), pool = make_pool(first);
  EXPECT_EQ(put("listeners/" + make_listener(lb_, 81), R"({"listener":{"default_pool_id":")" + pool + R"("}})").status,
            200);
  const std::string elsewhere = make_listener(make_lb("other"), 80);
  EXPECT_EQ(put("listeners/" + elsewhere, R"({"listener":{"default_pool_id":")" + pool + R"("}})").status, 400);
}

TEST_F(ContradictionTest, X_21_TheSamePathMayStandUnderAnotherDomain) {
  const std::string listener = make_listener(lb_, 80, "HTTP");
  const auto policy = [&](const std::string& host) {
    return post("l7policies", fmt::format(R"({{"l7policy":{{"listener_id":"{}","action":"REJECT","rules":[
        {{"type":"HOST_NAME","compare_type":"EQUAL_TO","value":"{}"}},
        {{"type":"PATH","compare_type":"EQUAL_TO","value":"/a"}}]}}}})",
                                          listener, host))
        .status;
  };
  EXPECT_EQ(policy("a.example"), 201);
  EXPECT_EQ(policy("b.example"), 201);
  EXPECT_EQ(policy("a.example"), 409);
}

TEST_F(ContradictionTest, X_25_TheAllowedCharactersOfTagsGovern) {
  const auto tagged = [&](const std::string& tag) {
    return put("loadbalancers/" + lb_, fmt::format(R"({{"loadbalancer":{{"tags":["{}"]}}}})", tag)).status;
  };
  EXPECT_EQ(tagged("key="), 200) << "an empty value";
  EXPECT_EQ(tagged("key=a.b"), 200);
  EXPECT_EQ(tagged("key=a!"), 400) << "neither forbidden nor allowed by the guide";
}

TEST_F(ContradictionTest, X_26_TheTypeOfAMonitorCannotBeChanged) {
  const std::string monitor = make_monitor(make_lone_pool(lb_));
  const Answer refused = put("healthmonitors/" + monitor, R"({"healthmonitor":{"type":"HTTP"}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body.get("field").as_string(), "type");
}

TEST_F(ContradictionTest, X_28_ATraceIsFoundByItsNameAndByTheGuidesWords) {
  const std::string pool = make_lone_pool(lb_), member = make_member(pool, "198.51.100.7", 80);
  ASSERT_EQ(del("pools/" + pool + "/members/" + member).status, 204);
  for (const std::string name : {"deleteMember", "remove%20backend%20ecs"})
    EXPECT_EQ(get("/v1/traces?trace_name=" + name).body.get("traces").size(), 1U) << name;
}

TEST_F(ContradictionTest, LB_04_ALoadBalancerIsPrivateUnlessAnEipIsBound) {
  const Value lb = get("loadbalancers/" + lb_).body.get("loadbalancer");
  EXPECT_EQ(lb.get("publicips").size(), 0U);
  EXPECT_TRUE(lb.get("eip").is_null());
}

TEST_F(ContradictionTest, LB_19_AListTellsWhatTheSummaryShows) {
  make_listener(lb_, 80);
  const std::string eip = create("/v1/eips", "eip", fmt::format(R"("loadbalancer_id":"{}","bandwidth":10)", lb_));
  const Value lb = get("loadbalancers").body.get("loadbalancers").at(0);
  for (const std::string field : {"name", "operating_status", "vip_address", "eip", "listeners", "tags", "created_at"})
    EXPECT_FALSE(lb.get(field).is_null()) << field;
  EXPECT_EQ(lb.get("publicips").at(0).get("bandwidth").as_int(), 10);
  EXPECT_EQ(put("/v1/eips/" + eip, R"({"eip":{"bandwidth":20}})").status, 200) << "modify bandwidth";
  EXPECT_EQ(put("/v1/eips/" + eip, R"({"eip":{"loadbalancer_id":null}})").status, 200) << "unbind";
  EXPECT_EQ(del("loadbalancers/" + lb_ + "?cascade=true").status, 204);
}

TEST_F(ContradictionTest, MB_10_AListOfMembersTellsTheirHealth) {
  const std::string pool = make_pool(make_listener(lb_, 80));
  make_member(pool, "198.51.100.7", 80);
  EXPECT_EQ(get("pools/" + pool + "/members").body.get("members").at(0).get("operating_status").as_string(),
            "NO_MONITOR");
  make_monitor(pool);
  EXPECT_EQ(get("pools/" + pool + "/members").body.get("members").at(0).get("operating_status").as_string(), "ONLINE");
}

}  // namespace
}  // namespace elb::test
