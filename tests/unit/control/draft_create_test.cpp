// SPDX-License-Identifier: Apache-2.0
// Shows: GEN-01, LB-05, LB-06, PL-02, PL-11, PL-12.
#include "unit/control/draft_fixture.h"

namespace elb::control {
namespace {

using model::HealthMonitor;
using model::Listener;
using model::LoadBalancer;
using model::Member;
using model::Pool;
using test::ip;
using test::sample_listener;
using test::sample_member;
using test::sample_monitor;

LoadBalancer wish(std::string subnet, std::string network = "", std::string_view vip = "") {
  LoadBalancer lb;
  lb.vip_subnet_id = std::move(subnet);
  lb.vip_network_id = std::move(network);
  if (!vip.empty()) lb.vip_address = ip(vip);
  return lb;
}

TEST_F(DraftTest, CreationFillsIdsTimesAndPort) {
  LoadBalancer lb = wish("subnet-a");
  lb.id = "chosen by the caller";
  lb.project_id = "project";
  const auto id = get(draft_.create(lb, false));
  const auto made = copy<LoadBalancer>(id);
  EXPECT_TRUE(is_uuid(id));
  EXPECT_EQ(made.id, id);
  EXPECT_TRUE(is_uuid(made.vip_port_id));
  EXPECT_NE(made.vip_port_id, id);
  EXPECT_EQ(made.vip_network_id, "network-a");
  EXPECT_EQ(made.created_at, 1'700'000'000);
  EXPECT_EQ(made.updated_at, made.created_at);
  const auto child = copy<Listener>(listener(id));
  EXPECT_EQ(child.project_id, "project") << "the parent's";
}

TEST_F(DraftTest, CreationTakesAnIdThatNobodyHas) {
  LoadBalancer lb = wish("subnet-a");
  lb.id = "0f9d3a52-7c1e-4b6f-9a10-5d2c8e7b4a61";
  EXPECT_EQ(get(draft_.create(lb, false)), lb.id);
  const auto twice = draft_.create(lb, false);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::kConflict);
  EXPECT_EQ(twice.error().field, "id");
}

TEST_F(DraftTest, MB_03_AStrictNodeTakesMembersOfItsSubnetsOnly) {
  const auto p = pool(listener(load_balancer()));
  EXPECT_TRUE(draft_.create(sample_member("", p, "172.16.0.1"))) << "not strict: routed, for all we know";

  Draft strict(draft_.model(), draft_.relations(), node_, clock_, random_, {.strict_members = true});
  EXPECT_TRUE(strict.create(sample_member("", p, "10.0.0.77")));
  const auto foreign = strict.create(sample_member("", p, "172.16.0.2"));
  expect_error(foreign, ErrorCode::kInvalid, "address");
  EXPECT_NE(foreign.error().message.find("172.16.0.2 is in no subnet"), std::string::npos);
  Member checked = sample_member("", p, "10.0.0.78");
  checked.monitor_address = ip("172.16.0.3");
  expect_error(strict.create(checked), ErrorCode::kInvalid, "monitor_address");
}

TEST_F(DraftTest, LB_06_AutomaticAddressesSkipWhatIsTaken) {
  EXPECT_EQ(copy<LoadBalancer>(load_balancer()).vip_address, ip("10.0.0.2")) << "not the network, not the gateway";
  load_balancer("10.0.0.3");
  const auto p = pool(listener(load_balancer("10.0.0.4")));
  member(p, "10.0.0.5");
  EXPECT_EQ(copy<LoadBalancer>(load_balancer()).vip_address, ip("10.0.0.6"));
}

TEST_F(DraftTest, LB_06_ASubnetCanBeFull) {
  for (int i = 1; i <= 6; ++i)  // a /29
    EXPECT_EQ(copy<LoadBalancer>(get(draft_.create(wish("subnet-b"), false))).vip_address,
              ip(fmt::format("10.0.1.{}", i)));
  expect_error(draft_.create(wish("subnet-b"), false), ErrorCode::kConflict, "vip_subnet_id");
}

TEST_F(DraftTest, LB_06_AGivenAddressLiesInTheSubnetAndIsFree) {
  load_balancer("10.0.0.9");
  expect_error(draft_.create(wish("subnet-a", "", "10.0.1.2"), true), ErrorCode::kInvalid, "vip_address");
  expect_error(draft_.create(wish("subnet-a", "", "10.0.0.0"), true), ErrorCode::kInvalid, "vip_address");
  expect_error(draft_.create(wish("subnet-a", "", "10.0.0.255"), true), ErrorCode::kInvalid, "vip_address");
  expect_error(draft_.create(wish("subnet-a", "", "10.0.0.1"), true), ErrorCode::kInvalid, "vip_address");
  expect_error(draft_.create(wish("subnet-a", "", "2001:db8::1"), true), ErrorCode::kInvalid, "vip_address");
  expect_error(draft_.create(wish("subnet-a", "", "10.0.0.9"), true), ErrorCode::kConflict, "vip_address");
  member(pool(listener(load_balancer())), "10.0.0.77");
  expect_error(draft_.create(wish("subnet-a", "", "10.0.0.77"), true), ErrorCode::kConflict, "vip_address");
  EXPECT_TRUE(draft_.create(wish("subnet-a", "", "10.0.0.254"), true));
}

TEST_F(DraftTest, LB_05_TheSubnetIsFoundByAddressOrNetwork) {
  EXPECT_EQ(copy<LoadBalancer>(get(draft_.create(wish("", "", "10.0.1.2"), true))).vip_subnet_id, "subnet-b");
  EXPECT_EQ(copy<LoadBalancer>(get(draft_.create(wish("", "network-b"), false))).vip_address, ip("10.0.1.1"));
  EXPECT_EQ(copy<LoadBalancer>(get(draft_.create(wish("", "network-a", "10.0.0.50"), true))).vip_subnet_id, "subnet-a");
  expect_error(draft_.create(wish(""), false), ErrorCode::kInvalid, "vip_subnet_id");
  expect_error(draft_.create(wish("none"), false), ErrorCode::kInvalid, "vip_subnet_id");
  expect_error(draft_.create(wish("", "none"), false), ErrorCode::kInvalid, "vip_network_id");
  expect_error(draft_.create(wish("subnet-a", "network-b"), false), ErrorCode::kInvalid, "vip_network_id");
  expect_error(draft_.create(wish("", "", "192.0.2.1"), true), ErrorCode::kInvalid, "vip_address");
  expect_error(draft_.create(wish("", "network-a", "10.0.1.2"), true), ErrorCode::kInvalid, "vip_address");
}

TEST_F(DraftTest, LB_06_SubnetsAtTheEdges) {
  node_.subnets = {{"last", "n", "", *Cidr::parse("255.255.255.254/31"), std::nullopt},
                   {"host", "n", "", *Cidr::parse("10.9.9.9/32"), std::nullopt},
                   {"whole", "n", "", *Cidr::parse("0.0.0.0/0"), std::nullopt},
                   {"six", "n6", "", *Cidr::parse("2001:db8::/64"), std::nullopt}};
  EXPECT_EQ(copy<LoadBalancer>(get(draft_.create(wish("host"), false))).vip_address, ip("10.9.9.9"));
  expect_error(draft_.create(wish("host"), false), ErrorCode::kConflict, "vip_subnet_id");
  EXPECT_EQ(copy<LoadBalancer>(get(draft_.create(wish("", "", "10.9.9.8"), true))).vip_subnet_id, "whole");
  EXPECT_EQ(copy<LoadBalancer>(get(draft_.create(wish("six"), false))).vip_address, ip("2001:db8::1"));
  EXPECT_EQ(copy<LoadBalancer>(get(draft_.create(wish("", "n6"), false))).vip_address, ip("2001:db8::2"));
  expect_error(draft_.create(wish("six", "", "2001:db8::"), true), ErrorCode::kInvalid, "vip_address");
  expect_error(draft_.create(wish("six", "", "10.0.0.7"), true), ErrorCode::kInvalid, "vip_address");
  EXPECT_TRUE(draft_.create(wish("six", "", "2001:db8::ffff:ffff:ffff:ffff"), true));
  expect_error(draft_.create(wish("last"), false), ErrorCode::kInvalid, "vip_address");  // class E: no host address
}

TEST_F(DraftTest, GEN_01_ReferencesOfNewResourcesAreFollowed) {
  const auto lb = load_balancer();
  expect_error(draft_.create(sample_listener("", "none")), ErrorCode::kNotFound, "loadbalancer_id");
  expect_error(draft_.create(sample_listener("", "")), ErrorCode::kInvalid, "loadbalancer_id");
  Listener with_pool = sample_listener("", lb);
  with_pool.default_pool_id = "none";
  expect_error(draft_.create(with_pool), ErrorCode::kNotFound, "default_pool_id");
  expect_error(draft_.create(Pool{}, ""), ErrorCode::kInvalid, "loadbalancer_id");
  expect_error(draft_.create(Pool{}, "none"), ErrorCode::kNotFound, "listener_id");
  expect_error(draft_.create(sample_member("", "none")), ErrorCode::kNotFound, "pool_id");
  expect_error(draft_.create(sample_monitor("", "none")), ErrorCode::kNotFound, "pool_id");
}

TEST_F(DraftTest, PL_11_APoolMadeForAListenerBecomesItsDefault) {
  const auto l = listener(load_balancer());
  const auto p = pool(l);
  EXPECT_EQ(copy<Listener>(l).default_pool_id, p);
  EXPECT_EQ(copy<Pool>(p).loadbalancer_id, copy<Listener>(l).loadbalancer_id);
  expect_error(draft_.create(Pool{}, l), ErrorCode::kConflict, "listener_id");
  EXPECT_TRUE(validate(draft_.model()));
}

TEST_F(DraftTest, PL_02_12_APoolFitsTheListenerItIsMadeFor) {
  const auto l = listener(load_balancer());
  Pool udp;
  udp.protocol = model::Protocol::kUdp;
  expect_error(draft_.create(udp, l), ErrorCode::kInvalid, "protocol");
  Pool elsewhere;
  elsewhere.loadbalancer_id = load_balancer();
  expect_error(draft_.create(elsewhere, l), ErrorCode::kInvalid, "listener_id");
}

TEST_F(DraftTest, CreationChecksTheResource) {
  const auto p = pool(listener(load_balancer()));
  Member heavy = sample_member("", p);
  heavy.weight = 101;
  expect_error(draft_.create(heavy), ErrorCode::kInvalid, "weight");
  HealthMonitor slow = sample_monitor("", p);
  slow.delay = 51;
  expect_error(draft_.create(slow), ErrorCode::kInvalid, "delay");
}

}  // namespace
}  // namespace elb::control
