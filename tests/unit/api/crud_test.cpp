// SPDX-License-Identifier: Apache-2.0
// Shows: GEN-14, HC-01, HC-02, HC-08, LB-01, LB-05, LB-06, LB-15, LS-01, LS-02, LS-03, LS-10, MB-02, PL-02, PL-03,
// PL-10, PL-12.
// Each resource through its life, and the rules between resources as a client meets them.
#include <fmt/core.h>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

TEST_F(ApiTest, LB01_LoadBalancerLife) {
  const Answer made =
      post("loadbalancers", fmt::format(R"({{"loadbalancer":{{"name":"web","description":"d","vip_subnet_id":"{}",
        "vip_address":"192.0.2.77","admin_state_up":false,"project_id":"p1","tags":["a","b"]}}}})",
                                        kVipSubnet));
  ASSERT_EQ(made.status, 201) << made.text;
  const codec::Value lb = made.body.get("loadbalancer");
  const std::string id = lb.get("id").as_string();
  EXPECT_EQ(lb.get("vip_address").as_string(), "192.0.2.77");
  EXPECT_EQ(lb.get("vip_network_id").as_string(), kVipNetwork);
  EXPECT_EQ(lb.get("vip_port_id").as_string().size(), 36U);
  EXPECT_EQ(lb.get("project_id").as_string(), "p1");
  EXPECT_EQ(lb.get("tenant_id").as_string(), "p1");
  EXPECT_EQ(lb.get("operating_status").as_string(), "OFFLINE");
  EXPECT_EQ(lb.get("created_at").as_string().size(), 19U);
  EXPECT_EQ(lb.get("updated_at").as_string().size(), 19U);
  EXPECT_EQ(lb.get("tags").dump(), R"(["a","b"])");

  const Answer changed =
      put("loadbalancers/" + id,
          R"({"loadbalancer":{"name":"web2","description":null,"admin_state_up":true,"tags":["c"]}})");
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.body.get("loadbalancer").get("name").as_string(), "web2");
  EXPECT_EQ(changed.body.get("loadbalancer").get("description").as_string(), "");
  EXPECT_EQ(get("loadbalancers/" + id).body, changed.body);

  const Answer gone = del("loadbalancers/" + id);
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.text, "");
  EXPECT_EQ(get("loadbalancers/" + id).status, 404);
  EXPECT_EQ(del("loadbalancers/" + id).status, 404);
}

TEST_F(ApiTest, LB05_LB06_VipPlacement) {
  EXPECT_EQ(post("loadbalancers", R"({"loadbalancer":{"name":"x"}})").status, 400);
  const Answer first =
      post("loadbalancers", fmt::format(R"({{"loadbalancer":{{"vip_network_id":"{}"}}}})", kVipNetwork));
  EXPECT_EQ(first.body.get("loadbalancer").get("vip_address").as_string(), "192.0.2.2") << first.text;
  const Answer by_address = post("loadbalancers", R"({"loadbalancer":{"vip_address":"192.0.2.9"}})");
  EXPECT_EQ(by_address.body.get("loadbalancer").get("vip_subnet_id").as_string(), kVipSubnet) << by_address.text;
  EXPECT_EQ(post("loadbalancers", R"({"loadbalancer":{"vip_address":"192.0.2.9"}})").status, 409);
  for (const std::string address : {"192.0.2.0", "192.0.2.1", "192.0.2.255", "203.0.113.5"}) {
    const Answer refused = post("loadbalancers", fmt::format(R"({{"loadbalancer":{{"vip_address":"{}"}}}})", address));
    EXPECT_EQ(refused.status, 400) << address;
    EXPECT_EQ(refused.body.get("field").as_string(), "vip_address") << address;
  }
}

TEST_F(ApiTest, GEN13_AnEnterpriseProjectIsALabelThatListsCanBeFilteredBy) {
  const auto make = [&](const std::string& more) {
    return create("loadbalancers", "loadbalancer", fmt::format(R"("vip_subnet_id":"{}"{})", kVipSubnet, more));
  };
  const std::string plain = make("");
  make(R"(,"enterprise_project_id":"default")");
  const std::string shop = make(R"(,"enterprise_project_id":"shop")");
  EXPECT_EQ(get("loadbalancers/" + plain).body.get("loadbalancer").get("enterprise_project_id").as_string(), "0");
  EXPECT_EQ(column(get("loadbalancers?enterprise_project_id=0").body.get("loadbalancers"), "id").size(), 2U);
  EXPECT_EQ(column(get("loadbalancers?enterprise_project_id=shop").body.get("loadbalancers"), "id"), std::vector{shop});
  const std::string limit(36, 'e');
  make(fmt::format(R"(,"enterprise_project_id":"{}")", limit.substr(1)));
  make(fmt::format(R"(,"enterprise_project_id":"{}")", limit));
  const Answer longer = post("loadbalancers", fmt::format(R"({{"loadbalancer":{{"vip_subnet_id":"{}",
        "enterprise_project_id":"{}e"}}}})",
                                                          kVipSubnet, limit));
  EXPECT_EQ(longer.status, 400);
  EXPECT_EQ(longer.body.get("field").as_string(), "enterprise_project_id");
}

TEST_F(ApiTest, AProtectedLoadBalancerIsNotDeleted) {
  const std::string lb = make_lb("web", R"(,"deletion_protection":true)");
  for (const std::string query : {"", "?cascade=true"}) {
    const Answer refused = del("loadbalancers/" + lb + query);
    EXPECT_EQ(refused.status, 409) << refused.text;
    EXPECT_EQ(refused.body.get("field").as_string(), "deletion_protection");
  }
  EXPECT_EQ(put("loadbalancers/" + lb, R"({"loadbalancer":{"deletion_protection":false}})").status, 200);
  EXPECT_EQ(del("loadbalancers/" + lb).status, 204);
}

TEST_F(ApiTest, LB15_DeleteNamesBlockersUnlessCascade) {
  const std::string lb = make_lb();
  const std::string listener = make_listener(lb, 80);
  const std::string pool = make_pool(listener);
  make_member(pool, "198.51.100.10", 80);
  make_monitor(pool);
  const Answer refused = del("loadbalancers/" + lb);
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.fault().find(listener), std::string::npos);
  EXPECT_NE(refused.fault().find(pool), std::string::npos);
  EXPECT_EQ(del("loadbalancers/" + lb + "?cascade=false").status, 400);
  EXPECT_EQ(del("loadbalancers/" + lb + "?cascade=maybe").status, 400);
  EXPECT_EQ(del("loadbalancers/" + lb + "?cascade=True").status, 204);
  for (const std::string path : {"loadbalancers", "listeners", "pools", "healthmonitors"}) {
    EXPECT_EQ(get(path).body.get(path).size(), 0U) << path;
  }
  const std::string second = make_lb();
  make_listener(second, 80);
  EXPECT_EQ(del("loadbalancers/" + second + "?cascade=true").status, 204);
}

TEST_F(ApiTest, GEN14_NameLimitsAreCharacters) {
  std::string wide;
  for (int i = 0; i < 255; ++i) wide += "\xe4\xb8\xad";
  const std::string id = make_lb(wide);
  EXPECT_EQ(get("loadbalancers/" + id).body.get("loadbalancer").get("name").as_string(), wide);
  make_lb("same");
  make_lb("same");
  EXPECT_EQ(put("loadbalancers/" + id, R"({"loadbalancer":{"name":")" + std::string(256, 'a') + "\"}}").status, 400);
  EXPECT_EQ(put("loadbalancers/" + id, R"({"loadbalancer":{"description":")" + std::string(256, 'a') + "\"}}").status,
            400);
  EXPECT_EQ(put("loadbalancers/" + id, R"({"loadbalancer":{"name":""}})").status, 200);
}

TEST_F(ApiTest, LS01_ListenerLifeAndImmutability) {
  const std::string lb = make_lb();
  const std::string id = make_listener(lb, 443, "TCP", R"(,"name":"l","description":"d")");
  const codec::Value listener = get("listeners/" + id).body.get("listener");
  EXPECT_EQ(listener.get("protocol_port").as_int(), 443);
  EXPECT_EQ(listener.get("loadbalancers").dump(), "[{\"id\":\"" + lb + "\"}]");
  EXPECT_EQ(listener.get("connection_limit").as_int(), -1);
  EXPECT_TRUE(listener.get("default_pool_id").is_null());
  const Answer changed = put("listeners/" + id, R"({"listener":{"name":"l2","admin_state_up":false}})");
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.body.get("listener").get("operating_status").as_string(), "OFFLINE");
  for (const std::string field : {R"("protocol":"TCP")", R"("protocol_port":444)", R"("loadbalancer_id":null)"}) {
    const Answer refused = put("listeners/" + id, "{\"listener\":{" + field + "}}");
    EXPECT_EQ(refused.status, 400) << field;
    EXPECT_NE(refused.fault().find("immutable"), std::string::npos) << refused.fault();
  }
  EXPECT_EQ(del("listeners/" + id).status, 204);
}

TEST_F(ApiTest, LS02_PortRange) {
  const std::string lb = make_lb();
  const auto try_port = [&](const std::string& port, const std::string& protocol) {
    return post("listeners",
                fmt::format(R"({{"listener":{{"loadbalancer_id":"{}","protocol":"{}","protocol_port":{}}}}})", lb,
                            protocol, port))
        .status;
  };
  EXPECT_EQ(try_port("1", "TCP"), 201);
  EXPECT_EQ(try_port("65535", "TCP"), 201);
  EXPECT_EQ(try_port("0", "TCP"), 400);
  EXPECT_EQ(try_port("65536", "TCP"), 400);
  EXPECT_EQ(try_port("65617", "TCP"), 400);  // 81 after narrowing to 16 bits
  EXPECT_EQ(try_port("-1", "TCP"), 400);
  EXPECT_EQ(try_port("4789", "UDP"), 400);
  EXPECT_EQ(try_port("4789", "TCP"), 201);
}

TEST_F(ApiTest, LS03_PortsAreUniquePerProtocolAndLoadBalancer) {
  const std::string lb = make_lb();
  make_listener(lb, 88, "TCP");
  make_listener(lb, 88, "UDP");
  const Answer clash = post(
      "listeners", fmt::format(R"({{"listener":{{"loadbalancer_id":"{}","protocol":"TCP","protocol_port":88}}}})", lb));
  EXPECT_EQ(clash.status, 409) << clash.text;
  EXPECT_EQ(clash.body.get("field").as_string(), "protocol_port");
  make_listener(make_lb("other"), 88, "TCP");
}

TEST_F(ApiTest, LS10_DeletingAListenerTakesItsEmptyPool) {
  const std::string lb = make_lb();
  const std::string listener = make_listener(lb, 80);
  const std::string pool = make_pool(listener);
  const std::string member = make_member(pool, "198.51.100.10", 80);
  make_monitor(pool);
  EXPECT_EQ(del("listeners/" + listener).status, 409);
  EXPECT_EQ(del("pools/" + pool + "/members/" + member).status, 204);
  EXPECT_EQ(del("listeners/" + listener).status, 204);
  EXPECT_EQ(get("pools/" + pool).status, 404);
  EXPECT_EQ(get("healthmonitors").body.get("healthmonitors").size(), 0U);
}

TEST_F(ApiTest, PL02_PoolProtocolFitsTheListener) {
  const std::string lb = make_lb();
  const std::string tcp = make_listener(lb, 80);
  const Answer refused = post(
      "pools", fmt::format(R"({{"pool":{{"listener_id":"{}","protocol":"UDP","lb_algorithm":"ROUND_ROBIN"}}}})", tcp));
  EXPECT_EQ(refused.status, 400) << refused.text;
  const std::string udp_pool = make_lone_pool(lb, "UDP");
  EXPECT_EQ(put("listeners/" + tcp, fmt::format(R"({{"listener":{{"default_pool_id":"{}"}}}})", udp_pool)).status, 400);
}

TEST_F(ApiTest, PL03_MemberAddressAndPortAreUniqueInAPool) {
  const std::string lb = make_lb();
  const std::string pool = make_pool(make_listener(lb, 80));
  make_member(pool, "198.51.100.10", 80);
  make_member(pool, "198.51.100.10", 81);
  EXPECT_EQ(post("pools/" + pool + "/members", R"({"member":{"address":"198.51.100.10","protocol_port":80}})").status,
            409);
  make_member(make_lone_pool(lb), "198.51.100.10", 80);
}

TEST_F(ApiTest, PL10_PoolDeletionNamesWhatIsLeft) {
  const std::string lb = make_lb();
  const std::string listener = make_listener(lb, 80);
  const std::string pool = make_pool(listener);
  const std::string member = make_member(pool, "198.51.100.10", 80);
  const std::string monitor = make_monitor(pool);
  const Answer refused = del("pools/" + pool);
  EXPECT_EQ(refused.status, 409);
  EXPECT_NE(refused.fault().find(member), std::string::npos);
  EXPECT_NE(refused.fault().find(monitor), std::string::npos);
  EXPECT_EQ(del("pools/" + pool + "/members/" + member).status, 204);
  EXPECT_EQ(del("pools/" + pool).status, 409);
  EXPECT_EQ(del("healthmonitors/" + monitor).status, 204);
  EXPECT_EQ(del("pools/" + pool).status, 204);
  EXPECT_TRUE(get("listeners/" + listener).body.get("listener").get("default_pool_id").is_null());
}

TEST_F(ApiTest, PL12_ExistingPoolOfTheSameLoadBalancerOnly) {
  const std::string lb = make_lb();
  const std::string pool = make_lone_pool(lb);
  make_listener(lb, 80, "TCP", fmt::format(R"(,"default_pool_id":"{}")", pool));
  const std::string second = make_listener(lb, 81, "TCP", fmt::format(R"(,"default_pool_id":"{}")", pool));
  EXPECT_EQ(get("pools/" + pool).body.get("pool").get("listeners").size(), 2U);
  EXPECT_EQ(put("listeners/" + second, R"({"listener":{"default_pool_id":null}})").status, 200);
  EXPECT_EQ(get("pools/" + pool).body.get("pool").get("listeners").size(), 1U);

  const std::string other = make_lb("other");
  const Answer foreign =
      post("listeners", fmt::format(R"({{"listener":{{"loadbalancer_id":"{}","protocol":"TCP","protocol_port":80,
        "default_pool_id":"{}"}}}})",
                                    other, pool));
  EXPECT_EQ(foreign.status, 400) << foreign.text;
  EXPECT_EQ(foreign.body.get("field").as_string(), "default_pool_id");
}

TEST_F(ApiTest, MB02_MemberLifeAndWeight) {
  const std::string pool = make_pool(make_listener(make_lb(), 80));
  const std::string id = make_member(pool, "198.51.100.10", 8080,
                                     fmt::format(R"(,"subnet_id":"{}","availability_zone":"az1")", kMemberSubnet));
  const std::string path = "pools/" + pool + "/members/" + id;
  const codec::Value member = get(path).body.get("member");
  EXPECT_EQ(member.get("weight").as_int(), 1);
  EXPECT_EQ(member.get("availability_zone").as_string(), "az1");
  EXPECT_EQ(member.get("operating_status").as_string(), "NO_MONITOR");
  EXPECT_EQ(put(path, R"({"member":{"weight":100}})").status, 200);
  EXPECT_EQ(put(path, R"({"member":{"weight":101}})").status, 400);
  EXPECT_EQ(put(path, R"({"member":{"weight":-1}})").status, 400);
  EXPECT_EQ(put(path, R"({"member":{"weight":0}})").body.get("member").get("operating_status").as_string(), "DRAINING");
  EXPECT_EQ(put(path, R"({"member":{"weight":null}})").body.get("member").get("weight").as_int(), 1);
  EXPECT_EQ(put(path, R"({"member":{"address":"198.51.100.11"}})").status, 400);
  const std::string other_pool = make_lone_pool(make_lb("other"));
  for (const std::string method : {"GET", "DELETE"}) {
    EXPECT_EQ(call(method, "pools/" + other_pool + "/members/" + id).status, 404) << method;
  }
  EXPECT_EQ(put("pools/" + other_pool + "/members/" + id, R"({"member":{"weight":5}})").status, 404);
  EXPECT_EQ(del(path).status, 204);
  EXPECT_EQ(get("pools/" + pool).body.get("pool").get("members").size(), 0U);
}

TEST_F(ApiTest, HC01_HC02_HC08_HealthMonitorLife) {
  const std::string lb = make_lb();
  const std::string pool = make_pool(make_listener(lb, 80));
  const Answer made =
      post("healthmonitors",
           fmt::format(R"({{"healthmonitor":{{"pool_id":"{}","type":"TCP","delay":5,"timeout":10,"max_retries":4}}}})",
                       pool));
  ASSERT_EQ(made.status, 201) << made.text;
  const codec::Value monitor = made.body.get("healthmonitor");
  EXPECT_EQ(monitor.get("max_retries_down").as_int(), 4);
  EXPECT_EQ(monitor.get("timeout").as_int(), 10);
  EXPECT_EQ(monitor.get("effective_timeout").as_int(), 5);  // HC-06
  const std::string id = monitor.get("id").as_string();
  EXPECT_EQ(get("pools/" + pool).body.get("pool").get("healthmonitor_id").as_string(), id);
  const Answer second =
      post("healthmonitors", fmt::format(R"({{"healthmonitor":{{"pool_id":"{}","type":"TCP"}}}})", pool));
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(put("healthmonitors/" + id, R"({"healthmonitor":{"type":"TCP"}})").status, 400);
  EXPECT_EQ(put("healthmonitors/" + id, R"({"healthmonitor":{"delay":0}})").status, 400);  // HC-05
  EXPECT_EQ(put("healthmonitors/" + id, R"({"healthmonitor":{"delay":51}})").status, 400);
  EXPECT_EQ(put("healthmonitors/" + id, R"({"healthmonitor":{"max_retries":11}})").status, 400);
  const Answer changed = put("healthmonitors/" + id, R"({"healthmonitor":{"monitor_port":8081,"max_retries_down":2}})");
  EXPECT_EQ(changed.body.get("healthmonitor").get("monitor_port").as_int(), 8081) << changed.text;  // HC-04
  EXPECT_EQ(changed.body.get("healthmonitor").get("max_retries").as_int(), 4);
  const std::string udp = make_pool(make_listener(lb, 53, "UDP"), "UDP");
  EXPECT_EQ(post("healthmonitors", fmt::format(R"({{"healthmonitor":{{"pool_id":"{}","type":"TCP"}}}})", udp)).status,
            400);
  const Answer by_echo =
      post("healthmonitors", fmt::format(R"({{"healthmonitor":{{"pool_id":"{}","type":"UDP_CONNECT"}}}})", udp));
  EXPECT_EQ(by_echo.status, 201) << by_echo.text;
  EXPECT_EQ(by_echo.body.get("healthmonitor").get("type").as_string(), "UDP-CONNECT");
  EXPECT_EQ(del("healthmonitors/" + id).status, 204);
}

TEST_F(ApiTest, MissingReferencesAreNamed) {
  struct Case {
    std::string path, body, field;
  };
  const std::vector<Case> cases = {
      {"listeners", R"({"listener":{"loadbalancer_id":"@","protocol":"TCP","protocol_port":1}})", "loadbalancer_id"},
      {"pools", R"({"pool":{"loadbalancer_id":"@","protocol":"TCP","lb_algorithm":"ROUND_ROBIN"}})", "loadbalancer_id"},
      {"pools", R"({"pool":{"listener_id":"@","protocol":"TCP","lb_algorithm":"ROUND_ROBIN"}})", "listener_id"},
      {"healthmonitors", R"({"healthmonitor":{"pool_id":"@","type":"TCP"}})", "pool_id"},
  };
  for (Case item : cases) {
    item.body.replace(item.body.find('@'), 1, kNobody);
    const Answer answer = post(item.path, item.body);
    EXPECT_EQ(answer.status, 404) << item.body;
    EXPECT_EQ(answer.body.get("field").as_string(), item.field) << item.body;
  }
  EXPECT_EQ(post("pools/" + kNobody + "/members", R"({"member":{"address":"198.51.100.1","protocol_port":1}})").status,
            404);
}

TEST_F(ApiTest, AnUpdateWithoutChangeKeepsTheRevision) {
  const std::string id = make_lb("same");
  const uint64_t before = revision();
  EXPECT_EQ(put("loadbalancers/" + id, R"({"loadbalancer":{"name":"same"}})").status, 200);
  EXPECT_EQ(put("loadbalancers/" + id, R"({"loadbalancer":{}})").status, 200);
  EXPECT_EQ(revision(), before);
}

TEST_F(ApiTest, ErrorBodySpeaksAllDialects) {
  const Answer answer = get("listeners/" + kNobody);
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body.keys(), (std::vector<std::string>{"faultcode", "faultstring", "debuginfo", "error_code",
                                                          "error_msg", "request_id", "field", "NeutronError"}));
  EXPECT_EQ(answer.body.get("faultcode").as_string(), "Client");
  EXPECT_EQ(answer.body.get("NeutronError").get("message").as_string(), answer.fault());
  EXPECT_EQ(answer.header("x-openstack-request-id"), answer.body.get("request_id").as_string());
  EXPECT_EQ(answer.header("X-Request-Id"), answer.body.get("request_id").as_string());
  EXPECT_TRUE(answer.body.get("request_id").as_string().starts_with("req-"));
}

}  // namespace
}  // namespace elb::test
