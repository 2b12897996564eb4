// SPDX-License-Identifier: Apache-2.0
// Shows: HC-02, LB-15, LS-01, LS-10, MB-07, PL-01, PL-10, PL-12.
// Change and deletion, and the list of changes that comes out.
#include "unit/control/draft_fixture.h"

namespace elb::control {
namespace {

using model::Erase;
using model::HealthMonitor;
using model::Kind;
using model::Listener;
using model::LoadBalancer;
using model::Member;
using model::Pool;
using model::Put;
using test::ip;

template <class T, class Edit>
void expect_immutable(Draft& draft, const model::Id& id, std::string_view field, Edit edit) {
  T changed = **draft.find<T>(id);
  edit(changed);
  expect_error(draft.update(changed), ErrorCode::kConflict, field);
}

TEST_F(DraftTest, LS_01_PL_01_HC_02_ImmutableFieldsAreNamed) {
  const auto lb = load_balancer();
  const auto other = load_balancer();
  const auto l = listener(lb);
  const auto p = pool(l);
  const auto m = member(p, "10.2.0.1");
  const auto h = monitor(p);
  expect_immutable<LoadBalancer>(draft_, lb, "vip_address", [](auto& x) { x.vip_address = ip("10.0.0.99"); });
  expect_immutable<LoadBalancer>(draft_, lb, "vip_subnet_id", [](auto& x) { x.vip_subnet_id = "subnet-b"; });
  expect_immutable<LoadBalancer>(draft_, lb, "vip_network_id", [](auto& x) { x.vip_network_id = "network-b"; });
  expect_immutable<LoadBalancer>(draft_, lb, "vip_port_id", [](auto& x) { x.vip_port_id = "x"; });
  expect_immutable<LoadBalancer>(draft_, lb, "provider", [](auto& x) { x.provider = "x"; });
  expect_immutable<LoadBalancer>(draft_, lb, "project_id", [](auto& x) { x.project_id = "x"; });
  expect_immutable<Listener>(draft_, l, "protocol", [](auto& x) { x.protocol = model::Protocol::kUdp; });
  expect_immutable<Listener>(draft_, l, "protocol_port", [](auto& x) { x.protocol_port = 81; });
  expect_immutable<Listener>(draft_, l, "loadbalancer_id", [&](auto& x) { x.loadbalancer_id = other; });
  expect_immutable<Pool>(draft_, p, "protocol", [](auto& x) { x.protocol = model::Protocol::kUdp; });
  expect_immutable<Pool>(draft_, p, "loadbalancer_id", [&](auto& x) { x.loadbalancer_id = other; });
  expect_immutable<Member>(draft_, m, "address", [](auto& x) { x.address = ip("10.2.0.2"); });
  expect_immutable<Member>(draft_, m, "protocol_port", [](auto& x) { x.protocol_port = 1; });
  expect_immutable<Member>(draft_, m, "subnet_id", [](auto& x) { x.subnet_id = "x"; });
  expect_immutable<Member>(draft_, m, "pool_id", [](auto& x) { x.pool_id = "x"; });
  expect_immutable<HealthMonitor>(draft_, h, "pool_id", [](auto& x) { x.pool_id = "x"; });
}

TEST_F(DraftTest, MB_07_AnUpdateKeepsCreatedAtAndSetsUpdatedAt) {
  const auto m = member(pool(listener(load_balancer())), "10.2.0.1");
  clock_.advance(std::chrono::seconds(100));
  Member changed = copy<Member>(m);
  changed.weight = 7;
  changed.created_at = 1;
  changed.updated_at = 2;
  EXPECT_TRUE(draft_.update(changed));
  EXPECT_EQ(copy<Member>(m).weight, 7);
  EXPECT_EQ(copy<Member>(m).created_at, 1'700'000'000);
  EXPECT_EQ(copy<Member>(m).updated_at, 1'700'000'100);
  changed.weight = -1;
  expect_error(draft_.update(changed), ErrorCode::kInvalid, "weight");
  changed.id = "none";
  expect_error(draft_.update(changed), ErrorCode::kNotFound, "");
}

TEST_F(DraftTest, AnUpdateThatChangesNothingIsNone) {
  const auto m = member(pool(listener(load_balancer())), "10.2.0.1");
  const model::Model filled = draft_.model();
  Draft next(filled, model::Relations(filled), node_, clock_, random_);
  clock_.advance(std::chrono::seconds(100));
  EXPECT_TRUE(next.update(copy<Member>(m)));
  EXPECT_TRUE(next.changes().empty());
}

TEST_F(DraftTest, PL_12_AListenersPoolMustExist) {
  const auto l = listener(load_balancer());
  Listener changed = copy<Listener>(l);
  changed.default_pool_id = "none";
  expect_error(draft_.update(changed), ErrorCode::kNotFound, "default_pool_id");
}

TEST_F(DraftTest, LB_15_ALoadBalancerWithChildrenStaysAndNamesThem) {
  const auto lb = load_balancer();
  const auto l = listener(lb);
  const auto p = pool(l);
  const Status status = draft_.remove_load_balancer(lb, false);
  expect_error(status, ErrorCode::kInvalid, "");
  EXPECT_NE(status.error().message.find(l), std::string::npos);
  EXPECT_NE(status.error().message.find(p), std::string::npos);
  EXPECT_TRUE(draft_.model().load_balancers.contains(lb));
}

TEST_F(DraftTest, LB_15_CascadeTakesEverythingOfThisLoadBalancerOnly) {
  const auto lb = load_balancer();
  const auto p = pool(listener(lb));
  member(p, "10.2.0.1");
  monitor(p);
  const auto kept = load_balancer();
  const auto kept_member = member(pool(listener(kept)), "10.2.0.1");
  EXPECT_TRUE(draft_.remove_load_balancer(lb, true));
  EXPECT_EQ(draft_.model().load_balancers.size(), 1U);
  EXPECT_EQ(draft_.model().listeners.size(), 1U);
  EXPECT_EQ(draft_.model().pools.size(), 1U);
  EXPECT_EQ(draft_.model().health_monitors.size(), 0U);
  EXPECT_EQ(draft_.model().members.size(), 1U);
  EXPECT_TRUE(draft_.model().members.contains(kept_member));
  EXPECT_TRUE(draft_.remove_load_balancer(load_balancer(), false)) << "without children no cascade is needed";
}

TEST_F(DraftTest, LS_10_AListenerTakesItsEmptyPoolAlong) {
  const auto lb = load_balancer();
  const auto l = listener(lb);
  const auto p = pool(l);
  const auto m = member(p, "10.2.0.1");
  monitor(p);
  const Status status = draft_.remove_listener(l);
  expect_error(status, ErrorCode::kConflict, "");
  EXPECT_NE(status.error().message.find(m), std::string::npos);
  EXPECT_TRUE(draft_.model().listeners.contains(l));
  EXPECT_TRUE(draft_.remove_member(m));
  EXPECT_TRUE(draft_.remove_listener(l));
  EXPECT_TRUE(draft_.model().listeners.empty());
  EXPECT_TRUE(draft_.model().pools.empty());
  EXPECT_TRUE(draft_.model().health_monitors.empty());
}

TEST_F(DraftTest, LS_10_ASharedPoolStays) {
  const auto lb = load_balancer();
  const auto l = listener(lb);
  const auto p = pool(l);
  member(p, "10.2.0.1");
  Listener second = test::sample_listener("", lb, 81);
  second.default_pool_id = p;
  const auto l2 = get(draft_.create(second));
  EXPECT_TRUE(draft_.remove_listener(l));
  EXPECT_TRUE(draft_.model().pools.contains(p));
  expect_error(draft_.remove_listener(l2), ErrorCode::kConflict, "");
}

TEST_F(DraftTest, PL_10_APoolGoesOnlyEmptyAndItsListenersLoseIt) {
  const auto l = listener(load_balancer());
  const auto p = pool(l);
  const auto m = member(p, "10.2.0.1");
  const auto h = monitor(p);
  const Status status = draft_.remove_pool(p);
  expect_error(status, ErrorCode::kConflict, "");
  EXPECT_NE(status.error().message.find(m), std::string::npos);
  EXPECT_NE(status.error().message.find(h), std::string::npos);
  EXPECT_TRUE(draft_.remove_member(m));
  expect_error(draft_.remove_pool(p), ErrorCode::kConflict, "");
  EXPECT_TRUE(draft_.remove_health_monitor(h));
  EXPECT_TRUE(draft_.remove_pool(p));
  EXPECT_FALSE(copy<Listener>(l).default_pool_id);
  EXPECT_TRUE(validate(draft_.model()));
}

TEST_F(DraftTest, BlockersBeyondTenAreCounted) {
  const auto p = pool(listener(load_balancer()));
  for (int i = 1; i <= 12; ++i) member(p, fmt::format("10.2.0.{}", i));
  EXPECT_NE(draft_.remove_pool(p).error().message.find(" and 2 more"), std::string::npos);
}

TEST_F(DraftTest, RemovalOfWhatIsNotThere) {
  expect_error(draft_.remove_load_balancer("x", true), ErrorCode::kNotFound, "");
  expect_error(draft_.remove_listener("x"), ErrorCode::kNotFound, "");
  expect_error(draft_.remove_pool("x"), ErrorCode::kNotFound, "");
  expect_error(draft_.remove_member("x"), ErrorCode::kNotFound, "");
  const Status status = draft_.remove_health_monitor("x");
  expect_error(status, ErrorCode::kNotFound, "");
  EXPECT_EQ(status.error().message, "health monitor x does not exist");
}

TEST_F(DraftTest, ChangesAreOnePerTouchedResourceErasesFirst) {
  const auto lb = load_balancer();
  const auto p = pool(listener(lb));
  const auto gone = member(p, "10.2.0.1");
  const auto untouched = member(p, "10.2.0.2");
  const model::Model filled = draft_.model();

  Draft next(filled, model::Relations(filled), node_, clock_, random_);
  EXPECT_TRUE(next.remove_member(gone));
  const auto made = next.create(test::sample_member("", p, "10.2.0.1"));
  ASSERT_TRUE(made);
  Member heavier = **next.find<Member>(*made);
  heavier.weight = 5;
  EXPECT_TRUE(next.update(heavier));
  const auto passing = next.create(test::sample_member("", p, "10.2.0.9"));
  EXPECT_TRUE(next.remove_member(*passing)) << "made and gone within the edit: nobody hears of it";

  const auto changes = next.changes();
  ASSERT_EQ(changes.size(), 2U);
  ASSERT_TRUE(std::holds_alternative<Erase>(changes[0]));
  EXPECT_EQ(std::get<Erase>(changes[0]).kind, Kind::kMember);
  EXPECT_EQ(std::get<Erase>(changes[0]).id, gone);
  EXPECT_EQ(std::get<Member>(std::get<Put>(changes[1]).resource).weight, 5);
}

}  // namespace
}  // namespace elb::control
