// SPDX-License-Identifier: Apache-2.0
// Shows: GEN-01, HC-15, MB-05, PL-09.
// What is observed: provisioning and operating statuses up the tree with their reasons, stats, and the native
// endpoints.
#include <fmt/core.h>

#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using model::Health;
using model::HealthState;

class StatusTest : public ApiTest {
 protected:
  StatusTest() {
    lb_ = make_lb("web");
    listener_ = make_listener(lb_, 80, "TCP", R"(,"name":"http")");
    pool_ = make_pool(listener_);
    one_ = make_member(pool_, "198.51.100.10", 80, R"(,"name":"one","availability_zone":"az1")");
    two_ = make_member(pool_, "198.51.100.11", 80, R"(,"name":"two","availability_zone":"az2")");
  }
  std::string status(const std::string& path, const std::string& field = "operating_status") {
    const codec::Value body = get(path).body;
    return body.get(body.keys()[0]).get(field).as_string();
  }
  std::string lb() { return status("loadbalancers/" + lb_); }
  std::string listener() { return status("listeners/" + listener_); }
  std::string pool() { return status("pools/" + pool_); }
  std::string member(const std::string& id) { return status("pools/" + pool_ + "/members/" + id); }
  void fail_member(const std::string& id) {
    views_.set_health(id, {HealthState::kUnhealthy, "connection refused", {}, {}, -1});
  }
  using Row = std::vector<std::string>;
  Row row() { return {lb(), listener(), pool(), member(one_), member(two_)}; }

  std::string lb_, listener_, pool_, one_, two_;
};

TEST_F(StatusTest, HC15_WithoutMonitorMembersSayNoMonitor) {
  EXPECT_EQ(row(), (Row{"ONLINE", "ONLINE", "ONLINE", "NO_MONITOR", "NO_MONITOR"}));
  make_monitor(pool_, R"(,"admin_state_up":false)");
  fail_member(one_);
  EXPECT_EQ(row(), (Row{"ONLINE", "ONLINE", "ONLINE", "NO_MONITOR", "NO_MONITOR"}));
}

TEST_F(StatusTest, FailuresTravelUpWithTheirReason) {
  make_monitor(pool_);
  EXPECT_EQ(row(), (Row{"ONLINE", "ONLINE", "ONLINE", "ONLINE", "ONLINE"}));
  fail_member(one_);
  EXPECT_EQ(row(), (Row{"DEGRADED", "DEGRADED", "DEGRADED", "ERROR", "ONLINE"}));
  EXPECT_EQ(status("pools/" + pool_ + "/members/" + one_, "status_reason"), "connection refused");
  const std::string reason = status("loadbalancers/" + lb_, "status_reason");
  for (const std::string part : {"listener http", "member one", "connection refused", "az1"}) {
    EXPECT_NE(reason.find(part), std::string::npos) << part << " in " << reason;
  }
  fail_member(two_);
  EXPECT_EQ(row(), (Row{"ERROR", "ERROR", "ERROR", "ERROR", "ERROR"}));
}

TEST_F(StatusTest, PL09_DrainingAndDownMembersDoNotDegrade) {
  make_monitor(pool_);
  fail_member(one_);
  put("pools/" + pool_ + "/members/" + one_, R"({"member":{"weight":0}})");
  EXPECT_EQ(row(), (Row{"ONLINE", "ONLINE", "ONLINE", "DRAINING", "ONLINE"}));
  put("pools/" + pool_ + "/members/" + one_, R"({"member":{"weight":1,"admin_state_up":false}})");
  EXPECT_EQ(row(), (Row{"ONLINE", "ONLINE", "ONLINE", "OFFLINE", "ONLINE"}));
}

TEST_F(StatusTest, MB05_UncheckedMembersAreOffline) {
  views_.set_fallback({HealthState::kUnchecked, "", {}, {}, -1});
  make_monitor(pool_);
  EXPECT_EQ(row(), (Row{"ONLINE", "ONLINE", "OFFLINE", "OFFLINE", "OFFLINE"}));
  EXPECT_EQ(status("pools/" + pool_ + "/members/" + one_, "status_reason"), "not checked yet");
}

TEST_F(StatusTest, AdminDownIsOffline) {
  put("loadbalancers/" + lb_, R"({"loadbalancer":{"admin_state_up":false}})");
  EXPECT_EQ(lb(), "OFFLINE");
  EXPECT_EQ(listener(), "OFFLINE");
  put("loadbalancers/" + lb_, R"({"loadbalancer":{"admin_state_up":true}})");
  put("pools/" + pool_, R"({"pool":{"admin_state_up":false}})");
  EXPECT_EQ(row(), (Row{"ONLINE", "ONLINE", "OFFLINE", "NO_MONITOR", "NO_MONITOR"}));
  const std::string lone = make_lone_pool(lb_);
  EXPECT_EQ(status("pools/" + lone), "OFFLINE");
}

TEST_F(StatusTest, PendingUntilApplied) {
  const uint64_t settled = revision();
  views_.set_applied(settled);
  EXPECT_EQ(status("loadbalancers/" + lb_, "provisioning_status"), "ACTIVE");
  const std::string second = make_listener(lb_, 81);
  EXPECT_EQ(status("listeners/" + second, "provisioning_status"), "PENDING_CREATE");
  EXPECT_EQ(status("loadbalancers/" + lb_, "provisioning_status"), "PENDING_UPDATE");
  EXPECT_EQ(status("listeners/" + listener_, "provisioning_status"), "ACTIVE");
  put("listeners/" + second, R"({"listener":{"name":"x"}})");  // never refused while pending
  EXPECT_EQ(status("listeners/" + second, "provisioning_status"), "PENDING_CREATE");
  views_.set_sinks({{"dataplane", 1, settled, "map is full", 1, 1, 0, 0, ""}});
  EXPECT_EQ(status("listeners/" + second, "provisioning_status"), "ERROR");
  EXPECT_NE(status("listeners/" + second, "status_reason").find("map is full"), std::string::npos);
  views_.set_sinks({});
  views_.set_applied(revision());
  EXPECT_EQ(status("listeners/" + second, "provisioning_status"), "ACTIVE");
  EXPECT_EQ(status("loadbalancers/" + lb_, "provisioning_status"), "ACTIVE");
  del("pools/" + pool_ + "/members/" + one_);
  EXPECT_EQ(status("loadbalancers/" + lb_, "provisioning_status"), "PENDING_UPDATE");
}

TEST_F(StatusTest, GEN01_TreeHasExactlyThisNesting) {
  const std::string monitor = make_monitor(pool_);
  const std::string lone = make_lone_pool(lb_);
  fail_member(two_);
  for (const std::string word : {"status", "statuses"}) {
    const codec::Value tree = get("loadbalancers/" + lb_ + "/" + word).body.get("statuses").get("loadbalancer");
    EXPECT_EQ(tree.get("id").as_string(), lb_);
    EXPECT_EQ(tree.get("pools").size(), 2U);
    ASSERT_EQ(tree.get("listeners").size(), 1U);
    const codec::Value pool = tree.get("listeners").at(0).get("pools").at(0);
    EXPECT_EQ(pool.get("id").as_string(), pool_);
    EXPECT_EQ(pool.get("health_monitor").get("id").as_string(), monitor);
    EXPECT_EQ(pool.get("healthmonitor").get("type").as_string(), "TCP");
    EXPECT_EQ(pool.get("members").size(), 2U);
    EXPECT_EQ(pool.get("az_without_healthy_member").dump(), R"(["az2"])");  // GEN-07
  }
  EXPECT_EQ(get("loadbalancers/" + kNobody + "/status").status, 404);
}

TEST_F(StatusTest, StatsOfListenersAddUp) {
  const std::string second = make_listener(lb_, 81);
  model::Traffic traffic;
  traffic.connections = 10;
  traffic.active = 3;
  traffic.bytes_in = 1000;
  traffic.bytes_out = uint64_t{1} << 63U;
  traffic.refused = 2;
  views_.set_traffic(listener_, traffic);
  traffic.bytes_out = 1;
  views_.set_traffic(second, traffic);
  EXPECT_EQ(
      get("listeners/" + listener_ + "/stats").body.dump(),
      R"({"stats":{"active_connections":3,"total_connections":10,"bytes_in":1000,"bytes_out":9223372036854775808,"request_errors":2}})");
  const codec::Value sum = get("loadbalancers/" + lb_ + "/stats").body.get("stats");
  EXPECT_EQ(sum.get("active_connections").as_int(), 6);
  EXPECT_EQ(sum.get("bytes_out").text(), "9223372036854775809");
  EXPECT_EQ(get("listeners/" + kNobody + "/stats").status, 404);
}

TEST_F(StatusTest, FailoverIsRefusedHonestly) {
  EXPECT_EQ(call("PUT", "loadbalancers/" + lb_ + "/failover", "{}").status, 501);
  EXPECT_EQ(call("PUT", "loadbalancers/" + kNobody + "/failover", "{}").status, 404);
}

TEST_F(StatusTest, NativeStatus) {
  make_monitor(pool_);
  const WallTime checked{std::chrono::seconds(1'700'000'000)};
  views_.set_health(one_, {HealthState::kHealthy, "", checked, checked, 250});
  views_.set_applied(revision());
  views_.set_sinks({{"dataplane", 7, revision(), "", 5, 1, 40, 2, "member missing"}});
  views_.set_flows({{}, 0, 1024, 12});
  const std::string lone = make_lone_pool(lb_);
  const codec::Value status = get("/v1/status").body;
  EXPECT_EQ(status.get("revision").as_int(), static_cast<int64_t>(revision()));
  EXPECT_EQ(status.get("applied_revision").as_int(), static_cast<int64_t>(revision()) - 1);
  EXPECT_EQ(status.get("flow_table").dump(), R"({"capacity":1024,"used":12})");
  EXPECT_EQ(status.get("sinks").at(0).get("drift_repaired").as_int(), 2);
  const codec::Value lb = status.get("load_balancers").at(0);
  EXPECT_EQ(lb.get("provisioning_status").as_string(), "PENDING_UPDATE");
  EXPECT_EQ(column(lb.get("pools"), "id"), std::vector<std::string>{lone});
  const codec::Value pool = lb.get("listeners").at(0).get("pool");
  EXPECT_EQ(pool.get("healthmonitor").get("effective_timeout").as_int(), 3);
  const codec::Value members = pool.get("members");
  const codec::Value& one = members.at(0).get("id").as_string() == one_ ? members.at(0) : members.at(1);
  EXPECT_EQ(one.get("checked_at").as_string(), "2023-11-14T22:13:20");
  EXPECT_EQ(one.get("latency_us").as_int(), 250);
  const codec::Value& two = members.at(0).get("id").as_string() == two_ ? members.at(0) : members.at(1);
  EXPECT_TRUE(two.get("checked_at").is_null());
  EXPECT_TRUE(two.get("latency_us").is_null());
}

TEST_F(StatusTest, NativeFlowsPassTheFilterOn) {
  model::FlowRecord flow;
  const auto endpoint = [](const std::string& address, uint16_t port) {
    return Endpoint{*IpAddress::parse(address), port};
  };
  flow.client = endpoint("203.0.113.1", 4000);
  flow.vip = endpoint("192.0.2.2", 80);
  flow.local = endpoint("100.125.0.2", 1024);
  flow.member = endpoint("198.51.100.10", 80);
  flow.listener_id = listener_;
  flow.state = "established";
  flow.bytes_in = 5;
  views_.set_flows({{flow}, 9, 1024, 18});
  const Answer answer =
      get("/v1/flows?protocol=TCP&client=203.0.113.1&client_port=4000&vip=192.0.2.2&vip_port=80&member=198.51.100.10"
          "&member_port=80&limit=5&listener_id=" +
          listener_ + "&member_id=" + one_);
  EXPECT_EQ(answer.body.get("matched").as_int(), 9);
  const codec::Value shown = answer.body.get("flows").at(0);
  EXPECT_EQ(shown.get("client").as_string(), "203.0.113.1:4000");
  EXPECT_EQ(shown.get("local").as_string(), "100.125.0.2:1024");
  const model::FlowFilter filter = views_.last_filter();
  EXPECT_EQ(filter.protocol, model::Protocol::kTcp);
  EXPECT_EQ(filter.client, *IpAddress::parse("203.0.113.1"));
  EXPECT_EQ(filter.client_port, 4000);
  EXPECT_EQ(filter.vip_port, 80);
  EXPECT_EQ(filter.member, *IpAddress::parse("198.51.100.10"));
  EXPECT_EQ(filter.limit, 5U);
  EXPECT_EQ(filter.listener_id, listener_);
  EXPECT_EQ(filter.member_id, one_);
  for (const std::string query :
       {"protocol=HTTP", "client=x", "client_port=0", "vip_port=65536", "limit=0", "limit=1e3", "colour=1"}) {
    EXPECT_EQ(get("/v1/flows?" + query).status, 400) << query;
  }
}

TEST_F(StatusTest, NativeDropsAndVersion) {
  views_.set_drops({{"no_listener", "nobody listens there", 4, true}, {"arp", "answered", 2, false}});
  EXPECT_EQ(get("/v1/drops").body.dump(),
            R"({"drops":[{"reason":"no_listener","description":"nobody listens there","packets":4,"drop":true},)"
            R"({"reason":"arp","description":"answered","packets":2,"drop":false}]})");
  EXPECT_EQ(get("/v1/version").body.dump(), R"({"version":"0.1.0","abi":1})");
}

}  // namespace
}  // namespace elb::test
