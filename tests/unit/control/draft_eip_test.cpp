// SPDX-License-Identifier: Apache-2.0
// Shows: LB-07, LB-12, LB-14.
// EIPs and the node's own addresses in a draft.
#include "unit/control/draft_fixture.h"

namespace elb::control {
namespace {

using model::Eip;
using model::Id;
using test::ip;

class DraftEipTest : public DraftTest {
 protected:
  DraftEipTest() {
    node_.eip_pools = {*Cidr::parse("203.0.113.0/30"), *Cidr::parse("198.51.100.7/32")};
    node_.local_addresses = {*Cidr::parse("100.125.0.0/24"), *Cidr::parse("10.0.0.2/31"),
                             *Cidr::parse("2001:db8:7::/48")};
  }
  Eip eip(const Id& id) { return copy<Eip>(id); }
  Id make() { return get(draft_.create(Eip{}, false)); }
};

TEST_F(DraftEipTest, LB_07_PoolsAreUsedInOrderUntilNothingIsLeft) {
  for (const char* address : {"203.0.113.1", "203.0.113.2", "198.51.100.7"})
    EXPECT_EQ(eip(make()).address, ip(address));
  expect_error(draft_.create(Eip{}, false), ErrorCode::kConflict, "address");
  node_.eip_pools.clear();
  expect_error(draft_.create(Eip{}, false), ErrorCode::kInvalid, "address");
}

TEST_F(DraftEipTest, LB_06_AutomaticVipsKeepOffTheNodeAndTheEips) {
  Eip given;
  given.address = ip("10.0.0.4");
  get(draft_.create(given, true));
  EXPECT_EQ(copy<model::LoadBalancer>(load_balancer()).vip_address, ip("10.0.0.5"));  // .1 gateway, .2 and .3 local
  expect_error(draft_.create(given, true), ErrorCode::kConflict, "address");
}

TEST_F(DraftEipTest, ASubnetWithinTheNodesRangeIsFullAtOnce) {  // and not after 2^80 steps
  node_.subnets = {{"six", "n", "", *Cidr::parse("2001:db8:7:1::/64"), std::nullopt}};
  model::LoadBalancer lb;
  lb.vip_subnet_id = "six";
  expect_error(draft_.create(lb, false), ErrorCode::kConflict, "vip_subnet_id");
}

TEST_F(DraftEipTest, MembersKeepOffTheNode) {
  const Id lb = load_balancer();
  const Id in = pool(listener(lb));
  for (const char* own : {"100.125.0.1", "100.125.0.255", "10.0.0.1"})
    expect_error(draft_.create(test::sample_member("", in, own)), ErrorCode::kInvalid, "address");
  member(in, "10.0.0.77");
}

TEST_F(DraftEipTest, LB_12_LB_14_BindingIsTheEipsAndEndsWithTheLoadBalancer) {
  const Id a = load_balancer(), b = load_balancer(), first = make();
  Eip bound = eip(first);
  bound.loadbalancer_id = a;
  EXPECT_TRUE(draft_.update(bound));
  bound.loadbalancer_id = b;
  expect_error(draft_.update(bound), ErrorCode::kConflict, "loadbalancer_id");
  bound.loadbalancer_id = "nobody";
  EXPECT_FALSE(draft_.update(bound));
  expect_error(draft_.remove_eip(first, false), ErrorCode::kConflict, "");
  EXPECT_TRUE(draft_.remove_load_balancer(a, false));
  EXPECT_FALSE(eip(first).loadbalancer_id);
  EXPECT_TRUE(draft_.remove_eip(first, false));
  expect_error(draft_.remove_eip(first, false), ErrorCode::kNotFound, "");
}

TEST_F(DraftEipTest, AC_01_AWhitelistGetsItsIdOnce) {
  const Id id = listener(load_balancer());
  model::Listener listener = copy<model::Listener>(id);
  listener.whitelist.emplace();
  EXPECT_TRUE(draft_.update(listener));
  const Id given = copy<model::Listener>(id).whitelist->id;
  EXPECT_FALSE(given.empty());
  listener = copy<model::Listener>(id);
  listener.whitelist->enabled = false;
  EXPECT_TRUE(draft_.update(listener));
  EXPECT_EQ(copy<model::Listener>(id).whitelist->id, given);
}

}  // namespace
}  // namespace elb::control
