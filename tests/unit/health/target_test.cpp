// SPDX-License-Identifier: Apache-2.0
// Shows: HC-04, HC-06, HC-15.
#include "health/target.h"

#include <gtest/gtest.h>

namespace elb::health {
namespace {

using model::HealthState;
using std::chrono::seconds;

model::Snapshot snapshot_with(std::optional<model::SnapshotMonitor> monitor) {
  model::SnapshotMember a, b;
  a.id = "a", b.id = "b";
  a.endpoint = {*IpAddress::parse("10.0.0.1"), 8080}, b.endpoint = {*IpAddress::parse("10.0.0.2"), 8081};
  b.weight = 0;
  b.health.state = HealthState::kHealthy;
  model::SnapshotPool pool;
  pool.id = "p";
  pool.members = {a, b};
  pool.monitor = std::move(monitor);
  model::Snapshot snapshot;
  snapshot.pools = {pool};
  return snapshot;
}

TEST(PlanTargets, HC15_PoolsWithoutMonitorAreNotChecked) {
  EXPECT_TRUE(plan_targets(snapshot_with(std::nullopt)).empty());
}

TEST(PlanTargets, HC04_MonitorPortReplacesTheMembersOwn) {
  model::SnapshotMonitor monitor;
  auto targets = plan_targets(snapshot_with(monitor));
  ASSERT_EQ(targets.size(), 2U) << "drained members (weight 0) are checked too";
  EXPECT_EQ(targets["a"].endpoint.to_string(), "10.0.0.1:8080");
  EXPECT_EQ(targets["b"].endpoint.to_string(), "10.0.0.2:8081");
  monitor.port = 9000;
  targets = plan_targets(snapshot_with(monitor));
  EXPECT_EQ(targets["a"].endpoint.to_string(), "10.0.0.1:9000");
}

TEST(PlanTargets, HC04_AMembersOwnCheckAddressAndPortGoFirst) {
  model::SnapshotMonitor monitor;
  monitor.port = 9000;
  model::Snapshot snapshot = snapshot_with(monitor);
  snapshot.pools[0].members[0].check_port = 9001;
  EXPECT_EQ(plan_targets(snapshot)["a"].endpoint.to_string(), "10.0.0.1:9001");
  snapshot.pools[0].members[1].check_address = *IpAddress::parse("10.0.0.9");
  EXPECT_EQ(plan_targets(snapshot)["b"].endpoint.to_string(), "10.0.0.9:9000");
}

TEST(PlanTargets, MembersThatSpeakHttp2AreCheckedInIt) {
  model::SnapshotMonitor monitor;
  monitor.type = model::MonitorType::kHttp;
  model::Snapshot snapshot = snapshot_with(monitor);
  EXPECT_EQ(plan_targets(snapshot)["a"].http->speech, Speech::kHttp1);
  snapshot.pools[0].http2 = true;
  EXPECT_EQ(plan_targets(snapshot)["a"].http->speech, Speech::kHttp2);
  snapshot.pools[0].monitor->type = model::MonitorType::kGrpcHealth;
  EXPECT_EQ(plan_targets(snapshot)["a"].http->speech, Speech::kGrpc);
  snapshot.pools[0].monitor->type = model::MonitorType::kTcp;
  EXPECT_FALSE(plan_targets(snapshot)["a"].http);
}

TEST(PlanTargets, HC13_UdpAndWhatHttpChecksSendBefore) {
  model::SnapshotMonitor monitor;
  EXPECT_FALSE(plan_targets(snapshot_with(monitor))["a"].udp);
  monitor.type = model::MonitorType::kUdp;
  const Target udp = plan_targets(snapshot_with(monitor))["a"];
  EXPECT_TRUE(udp.udp);
  EXPECT_FALSE(udp.http);
  Target tcp = udp;
  tcp.udp = false;
  EXPECT_FALSE(udp.same_check(tcp));
  monitor.type = model::MonitorType::kHttp;
  model::Snapshot snapshot = snapshot_with(monitor);
  EXPECT_TRUE(plan_targets(snapshot)["a"].http->request.starts_with("GET "));
  snapshot.pools[0].proxy_protocol = model::ProxyProtocol::kV1;
  EXPECT_TRUE(plan_targets(snapshot)["a"].http->request.starts_with("PROXY UNKNOWN\r\nGET "));
}

TEST(PlanTargets, HC06_TimeoutNeverExceedsTheInterval) {
  model::SnapshotMonitor monitor;
  monitor.delay_s = 5;
  monitor.timeout_s = 10;
  EXPECT_EQ(plan_targets(snapshot_with(monitor))["a"].timeout, seconds(5));
  monitor.timeout_s = 2;
  EXPECT_EQ(plan_targets(snapshot_with(monitor))["a"].timeout, seconds(2));
}

TEST(PlanTargets, CarriesSettingsAndKnownState) {
  model::SnapshotMonitor monitor;
  monitor.delay_s = 7;
  monitor.rise = 4;
  monitor.fall = 2;
  auto targets = plan_targets(snapshot_with(monitor));
  EXPECT_EQ(targets["a"].delay, seconds(7));
  EXPECT_EQ(targets["a"].rise, 4);
  EXPECT_EQ(targets["a"].fall, 2);
  EXPECT_EQ(targets["a"].initial, HealthState::kUnmonitored);
  EXPECT_EQ(targets["b"].initial, HealthState::kHealthy);
}

TEST(Difference, NamesExactlyWhatChanged) {
  model::SnapshotMonitor monitor;
  const auto before = plan_targets(snapshot_with(monitor));
  EXPECT_EQ(difference(before, before).size(), 0U);

  auto after = before;
  after["a"].initial = HealthState::kUnhealthy;  // what is known of it is no setting
  EXPECT_EQ(difference(before, after).size(), 0U);

  after.erase("b");
  after["a"].rise = 9;
  after["c"] = before.at("b");
  const Changes changes = difference(before, after);
  ASSERT_EQ(changes.put.size(), 2U);
  EXPECT_EQ(changes.put[0].first, "a");
  EXPECT_EQ(changes.put[1].first, "c");
  EXPECT_EQ(changes.removed, std::vector<model::Id>{"b"});
}

TEST(Difference, SeesEverySetting) {
  Target base{{*IpAddress::parse("10.0.0.1"), 80}, seconds(5), seconds(3), 3, 3};
  const auto differs = [&](auto edit) {
    Target other = base;
    edit(other);
    return difference({{"a", base}}, {{"a", other}}).put.size() == 1;
  };
  EXPECT_TRUE(differs([](Target& t) { t.endpoint.port = 81; }));
  EXPECT_TRUE(differs([](Target& t) { t.endpoint.address = *IpAddress::parse("10.0.0.2"); }));
  EXPECT_TRUE(differs([](Target& t) { t.delay = seconds(6); }));
  EXPECT_TRUE(differs([](Target& t) { t.timeout = seconds(4); }));
  EXPECT_TRUE(differs([](Target& t) { t.rise = 4; }));
  EXPECT_TRUE(differs([](Target& t) { t.fall = 4; }));
}

}  // namespace
}  // namespace elb::health
