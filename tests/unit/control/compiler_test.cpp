// SPDX-License-Identifier: Apache-2.0
// Shows: AC-02, AC-04, HC-06, LB-03, LB-10, LB-13, PL-08, PL-09.
#include "control/compiler.h"

#include <gtest/gtest.h>

#include "unit/model/samples.h"

namespace elb::control {
namespace {

using model::Health;
using model::HealthState;
using model::Model;
using model::Snapshot;
using test::ip;
using test::put;
using test::sample_listener;
using test::sample_load_balancer;
using test::sample_member;
using test::sample_model;
using test::sample_pool;

Health healthy(const model::Id&) { return {HealthState::kHealthy, "", {}, {}, 120}; }

template <class T>
void down(Model& model, const model::Id& id) {
  T resource = *model.table<T>().at(id);
  resource.admin_state_up = false;
  put(model, resource);
}

TEST(Compiler, CarriesEverythingTheExecutorsNeed) {
  Model model = sample_model();
  model.revision = 7;
  const Snapshot snapshot = compile(model, healthy, 3);
  EXPECT_EQ(snapshot.generation, 3U);
  EXPECT_EQ(snapshot.revision, 7U);
  EXPECT_EQ(snapshot.vips, std::vector{ip("10.0.0.10")});
  ASSERT_EQ(snapshot.listeners.size(), 1U);
  EXPECT_EQ(snapshot.listeners[0].id, "l1");
  EXPECT_EQ(snapshot.listeners[0].loadbalancer_id, "lb1");
  EXPECT_EQ(snapshot.listeners[0].vip.to_string(), "10.0.0.10:80");
  EXPECT_EQ(snapshot.listeners[0].pool, 0U);
  ASSERT_EQ(snapshot.pools.size(), 1U);
  EXPECT_EQ(snapshot.pools[0].id, "p1");
  ASSERT_TRUE(snapshot.pools[0].monitor);
  EXPECT_EQ(snapshot.pools[0].monitor->delay_s, 5);
  EXPECT_EQ(snapshot.pools[0].monitor->rise, 3);
  ASSERT_EQ(snapshot.pools[0].members.size(), 2U);
  EXPECT_EQ(snapshot.pools[0].members[0].id, "m1");
  EXPECT_EQ(snapshot.pools[0].members[0].endpoint.to_string(), "10.0.1.1:8080");
  EXPECT_EQ(snapshot.pools[0].members[0].health.latency_us, 120);
  EXPECT_TRUE(snapshot.pools[0].members[0].usable);
}

TEST(Compiler, PoliciesReachTheListenerAndThePool) {
  Model model = sample_model();
  model::Listener listener = *model.listeners.at("l1");
  const Snapshot plain = compile(model, healthy, 1);
  EXPECT_FALSE(plain.listeners[0].whitelist || plain.listeners[0].connection_limit || plain.listeners[0].eip);
  EXPECT_FALSE(plain.listeners[0].toa);
  EXPECT_EQ(plain.pools[0].sticky_s, 0);
  listener.connection_limit = 5;
  listener.toa = true;
  put(model, listener);
  model::Pool pool = *model.pools.at("p1");
  pool.persistence.emplace();
  put(model, pool);
  const Snapshot sticky = compile(model, healthy, 1);
  EXPECT_EQ(sticky.listeners[0].connection_limit, 5U);
  EXPECT_TRUE(sticky.listeners[0].toa);
  EXPECT_EQ(sticky.pools[0].sticky_s, 60);
  pool.algorithm = model::Algorithm::kSourceIp;
  put(model, pool);
  EXPECT_EQ(compile(model, healthy, 1).pools[0].algorithm, model::Algorithm::kSourceIp);
  EXPECT_EQ(compile(model, healthy, 1).pools[0].sticky_s, 0);
}

/// The usable members of the sample's pool, in which m2 is a backup.
std::string serving(Model& model, HealthState first, HealthState second) {
  model::Member backup = *model.members.at("m2");
  backup.backup = true;
  put(model, backup);
  const auto health = [&](const model::Id& id) { return Health{id == "m1" ? first : second, "", {}, {}, {}}; };
  std::string ids;
  const Snapshot snapshot = compile(model, health, 1);
  for (const auto& member : snapshot.pools[0].members)
    if (member.usable) ids += member.id;
  return ids;
}

TEST(Compiler, ABackupStandsInWhileNobodyElseIsUsable) {
  Model model = sample_model();
  EXPECT_EQ(serving(model, HealthState::kHealthy, HealthState::kHealthy), "m1");
  EXPECT_EQ(serving(model, HealthState::kUnmonitored, HealthState::kUnmonitored), "m1");
  EXPECT_EQ(serving(model, HealthState::kUnhealthy, HealthState::kHealthy), "m2");
  EXPECT_EQ(serving(model, HealthState::kUnchecked, HealthState::kHealthy), "m2");
  EXPECT_EQ(serving(model, HealthState::kUnhealthy, HealthState::kUnhealthy), "");
  model::Member first = *model.members.at("m1");
  first.weight = 0;
  put(model, first);
  EXPECT_EQ(serving(model, HealthState::kHealthy, HealthState::kHealthy), "m2") << "drained";
  down<model::Member>(model, "m1");
  EXPECT_EQ(serving(model, HealthState::kHealthy, HealthState::kHealthy), "m2") << "administratively down";
}

TEST(Compiler, HC_04_WhereAMemberIsChecked) {
  Model model = sample_model();
  model::Member member = *model.members.at("m1");
  member.monitor_address = ip("10.0.1.99");
  member.monitor_port = 99;
  put(model, member);
  const Snapshot snapshot = compile(model, healthy, 1);
  EXPECT_EQ(snapshot.pools[0].members[0].check_address, ip("10.0.1.99"));
  EXPECT_EQ(snapshot.pools[0].members[0].check_port, 99);
  EXPECT_FALSE(snapshot.pools[0].members[1].check_address || snapshot.pools[0].members[1].check_port);
}

TEST(Compiler, AC_02_WhitelistsOfTheVipsFamily) {
  Model model = sample_model();
  const auto compiled = [&](bool enabled, const std::vector<std::string>& entries) {
    model::Listener listener = *model.listeners.at("l1");
    listener.whitelist.emplace().enabled = enabled;
    for (const std::string& entry : entries) listener.whitelist->entries.push_back(*Cidr::parse(entry));
    put(model, listener);
    return compile(model, healthy, 1).listeners[0].whitelist;
  };
  EXPECT_FALSE(compiled(false, {"10.0.0.0/8"}));
  ASSERT_TRUE(compiled(true, {}));
  EXPECT_TRUE(compiled(true, {})->empty());
  EXPECT_EQ(compiled(true, {"10.1.0.0/16", "10.0.0.0/8", "10.1.0.0/16"}),
            (std::vector{*Cidr::parse("10.0.0.0/8"), *Cidr::parse("10.1.0.0/16")}));
  EXPECT_FALSE(compiled(true, {"10.0.0.0/8", "0.0.0.0/0"})) << "everybody";
  // ::/0 would hold mapped IPv4 addresses, too: nobody gets in by an entry of the other family.
  ASSERT_TRUE(compiled(true, {"::/0", "2001:db8::/32"}));
  EXPECT_TRUE(compiled(true, {"::/0", "2001:db8::/32"})->empty());
  put(model, sample_load_balancer("lb1", "2001:db8::1"));
  EXPECT_FALSE(compiled(true, {"::/0"}));
  EXPECT_EQ(compiled(true, {"2001:db8::/32", "10.0.0.0/8"})->size(), 1U);
}

TEST(Compiler, LB_03_LB_10_LB_13_EipsAndBandwidths) {
  Model model = sample_model();
  model::LoadBalancer lb = *model.load_balancers.at("lb1");
  lb.vip_bandwidth = 100;
  put(model, lb);
  model::Eip eip;
  eip.id = "e1";
  eip.address = ip("10.0.0.1");
  eip.bandwidth = 10;
  put(model, eip);
  EXPECT_EQ(compile(model, healthy, 1).vips, std::vector{ip("10.0.0.10")}) << "unbound";
  eip.loadbalancer_id = "lb1";
  put(model, eip);
  const Snapshot bound = compile(model, healthy, 1);
  EXPECT_EQ(bound.vips, (std::vector{ip("10.0.0.1"), ip("10.0.0.10")}));
  EXPECT_EQ(bound.listeners[0].eip, ip("10.0.0.1"));
  ASSERT_EQ(bound.bandwidths.size(), 2U);
  EXPECT_EQ(bound.bandwidths[0].address, ip("10.0.0.1"));
  EXPECT_EQ(bound.bandwidths[0].mbit_per_s, 10U);
  EXPECT_EQ(bound.bandwidths[1].mbit_per_s, 100U);
  lb.admin_state_up = false;
  put(model, lb);
  const Snapshot down = compile(model, healthy, 1);
  EXPECT_TRUE(down.vips.empty());
  EXPECT_TRUE(down.bandwidths.empty());
}

TEST(Compiler, PL_08_09_UsableIsHealthyOrUnmonitoredWithAWeight) {
  Model model = sample_model();
  const auto usable = [&](HealthState state) {
    return compile(
               model, [&](const auto&) { return Health{state}; }, 1)
        .pools[0]
        .members[0]
        .usable;
  };
  EXPECT_TRUE(usable(HealthState::kHealthy));
  EXPECT_TRUE(usable(HealthState::kUnmonitored));
  EXPECT_FALSE(usable(HealthState::kUnchecked));
  EXPECT_FALSE(usable(HealthState::kUnhealthy));
  model::Member draining = *model.members.at("m1");
  draining.weight = 0;
  put(model, draining);
  EXPECT_FALSE(usable(HealthState::kHealthy));
}

TEST(Compiler, HC_06_TheTimeoutIsTheEffectiveOne) {
  Model model = sample_model();
  model::HealthMonitor monitor = *model.health_monitors.at("h1");
  monitor.delay = 2;
  monitor.timeout = 10;
  monitor.max_retries = 4;
  monitor.max_retries_down = 5;
  monitor.monitor_port = 99;
  put(model, monitor);
  const auto compiled = *compile(model, healthy, 1).pools[0].monitor;
  EXPECT_EQ(compiled.timeout_s, 2);
  EXPECT_EQ(compiled.rise, 4);
  EXPECT_EQ(compiled.fall, 5);
  EXPECT_EQ(compiled.port, 99);
}

TEST(Compiler, WhatIsAdminDownIsLeftOut) {
  Model model = sample_model();
  down<model::HealthMonitor>(model, "h1");
  EXPECT_FALSE(compile(model, healthy, 1).pools[0].monitor);  // HC-15
  down<model::Member>(model, "m1");
  ASSERT_EQ(compile(model, healthy, 1).pools[0].members.size(), 1U);
  EXPECT_EQ(compile(model, healthy, 1).pools[0].members[0].id, "m2");
  EXPECT_EQ(compile(model, healthy, 1).parked_members, std::vector<model::Id>{"m1"}) << "keeps what is open, LS-09";

  Model pool_down = model;
  down<model::Pool>(pool_down, "p1");
  EXPECT_TRUE(compile(pool_down, healthy, 1).pools.empty());
  ASSERT_EQ(compile(pool_down, healthy, 1).listeners.size(), 1U);
  EXPECT_FALSE(compile(pool_down, healthy, 1).listeners[0].pool);

  Model listener_down = model;
  down<model::Listener>(listener_down, "l1");
  EXPECT_TRUE(compile(listener_down, healthy, 1).listeners.empty());
  EXPECT_TRUE(compile(listener_down, healthy, 1).pools.empty()) << "nobody uses it";
  EXPECT_EQ(compile(listener_down, healthy, 1).vips.size(), 1U) << "answered for even without a listener";

  down<model::LoadBalancer>(model, "lb1");
  const Snapshot nothing = compile(model, healthy, 1);
  EXPECT_TRUE(nothing.listeners.empty() && nothing.pools.empty() && nothing.vips.empty());
}

TEST(Compiler, IndexesHoldWithManyPoolsSomeUnusedSomeShared) {
  Model model = sample_model();
  put(model, sample_load_balancer("lb0", "10.0.0.3"));
  put(model, sample_pool("p0", "lb1"));  // used by nobody
  put(model, sample_pool("p2", "lb1"));
  put(model, sample_member("m0", "p0", "10.0.3.1"));
  put(model, sample_member("m3", "p2", "10.0.3.1"));
  model::Listener second = sample_listener("l2", "lb1", 81);
  second.default_pool_id = "p2";
  put(model, second);
  model::Listener third = sample_listener("l3", "lb1", 82);
  third.default_pool_id = "p1";
  put(model, third);
  put(model, sample_listener("l4", "lb1", 83));
  const Snapshot snapshot = compile(model, healthy, 1);
  ASSERT_EQ(snapshot.pools.size(), 2U);
  ASSERT_EQ(snapshot.listeners.size(), 4U);
  EXPECT_EQ(snapshot.pools[*snapshot.listeners[0].pool].id, "p1");
  EXPECT_EQ(snapshot.pools[*snapshot.listeners[1].pool].id, "p2");
  EXPECT_EQ(snapshot.pools[*snapshot.listeners[2].pool].id, "p1");
  EXPECT_FALSE(snapshot.listeners[3].pool);
  EXPECT_EQ(snapshot.pools[1].members[0].id, "m3");
  EXPECT_EQ(snapshot.vips, (std::vector{ip("10.0.0.3"), ip("10.0.0.10")})) << "sorted";
}

}  // namespace
}  // namespace elb::control
