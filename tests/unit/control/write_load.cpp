// SPDX-License-Identifier: Apache-2.0
#include "unit/control/write_load.h"

#include <algorithm>

#include "unit/model/samples.h"

namespace elb::control {
namespace {

using model::Id;
using model::Model;

constexpr size_t kMostLoadBalancers = 12;

/// A load balancer with all that hangs on it: about a dozen rows in one transaction.
Status add_tree(Draft& draft, Random& random) {
  model::LoadBalancer lb;
  lb.vip_subnet_id = "s";
  lb.tags = {"a", "b"};
  const auto lb_id = draft.create(lb, false);
  if (!lb_id) return pass_on(lb_id.error());
  model::Listener dressed = test::sample_listener("", *lb_id);
  dressed.whitelist.emplace().entries = {*Cidr::parse("10.0.0.0/8"), *Cidr::parse("2001:db8::/32")};
  const auto listener = draft.create(dressed);
  if (!listener) return pass_on(listener.error());
  const auto pool = draft.create(model::Pool{}, *listener);
  if (!pool) return pass_on(pool.error());
  for (uint32_t i = 0; i < 2 + random.next() % 6; ++i) {
    model::Member member = test::sample_member("", *pool);
    member.address = IpAddress::from_v4_host(0x0B000001 + i);
    if (const auto id = draft.create(member); !id) return pass_on(id.error());
  }
  model::Eip eip;
  eip.loadbalancer_id = *lb_id;
  if (const auto id = draft.create(eip, false); !id) return pass_on(id.error());
  const auto monitor = draft.create(test::sample_monitor("", *pool));
  return monitor ? Status() : Status(pass_on(monitor.error()));
}

/// The same new weight on every member, the revision in every load balancer's name: half of it would show at once.
Status touch_everything(Draft& draft, uint64_t revision) {
  const Model before = draft.model();
  for (const auto& [id, old] : before.members) {
    model::Member member = *old;
    member.weight = static_cast<int>(revision % 101);
    if (auto status = draft.update(member); !status) return status;
  }
  for (const auto& [id, old] : before.load_balancers) {
    model::LoadBalancer lb = *old;
    lb.name = fmt::format("revision {}", revision);
    lb.tags = {lb.name};
    if (auto status = draft.update(lb); !status) return status;
  }
  return {};
}

/// Every EIP to another load balancer: no moment may show one bound twice, or two at one.
Status move_eips(Draft& draft) {
  std::vector<Id> lbs;
  for (const auto& [id, lb] : draft.model().load_balancers) lbs.push_back(id);
  const auto eips = draft.model().eips;
  for (const bool bind : {false, true}) {
    size_t next = 1;
    for (const auto& [id, old] : eips) {
      if (!old->loadbalancer_id) continue;
      model::Eip eip = *old;  // as it was: the second round binds what the first has unbound
      eip.loadbalancer_id = bind ? std::optional<Id>(lbs[next++ % lbs.size()]) : std::nullopt;
      if (auto status = draft.update(eip); !status) return status;
    }
  }
  const auto unbound = std::ranges::find_if(eips, [](const auto& entry) { return !entry.second->loadbalancer_id; });
  return unbound == eips.end() ? Status() : draft.remove_eip(unbound->first, false);
}

/// All members of a pool by others, some at the same address: erase and insert in one transaction.
Status replace_members(Draft& draft, Random& random) {
  const Model before = draft.model();
  auto pool = before.pools.begin();
  std::advance(pool, random.next() % before.pools.size());
  for (const auto& [id, member] : before.members)
    if (member->pool_id == pool->first)
      if (auto status = draft.remove_member(id); !status) return status;
  for (uint32_t i = 0; i < 3; ++i) {
    model::Member member = test::sample_member("", pool->first);
    member.address = IpAddress::from_v4_host(0x0B000002 + i);
    if (const auto id = draft.create(member); !id) return pass_on(id.error());
  }
  return {};
}

template <class T>
bool same_table(const Model& a, const Model& b) {
  return std::ranges::equal(a.table<T>(), b.table<T>(),
                            [](const auto& x, const auto& y) { return x.first == y.first && *x.second == *y.second; });
}

}  // namespace

const model::Node& write_load_node() {
  static const model::Node node = {.subnets = {{"s", "n", "", *Cidr::parse("10.0.0.0/16"), std::nullopt}},
                                   .eip_pools = {*Cidr::parse("203.0.113.0/24")},
                                   .local_addresses = {}};
  return node;
}

Status write_load_step(Draft& draft, uint64_t revision, Random& random) {
  const auto& lbs = draft.model().load_balancers;
  if (lbs.empty()) return add_tree(draft, random);
  const uint64_t dice = random.next() % 10;
  if (lbs.size() >= kMostLoadBalancers || dice < 2) {
    auto victim = lbs.begin();
    std::advance(victim, random.next() % lbs.size());
    return draft.remove_load_balancer(Id(victim->first), true);
  }
  if (dice < 6) return add_tree(draft, random);
  if (dice < 7) return replace_members(draft, random);
  if (dice < 8) {
    if (auto status = move_eips(draft); !status) return status;
  }
  return touch_everything(draft, revision + 1);
}

Status History::advance() {
  RewindableRandom random;
  random.wind(seed_, model_.revision);
  Draft draft(model_, model::Relations(model_), write_load_node(), clock_, random);
  if (auto status = write_load_step(draft, model_.revision, random); !status) return status;
  Model next = draft.model();
  next.revision = model_.revision + 1;
  model_ = std::move(next);
  return {};
}

bool same(const Model& a, const Model& b) {
  return a.revision == b.revision && same_table<model::LoadBalancer>(a, b) && same_table<model::Listener>(a, b) &&
         same_table<model::Pool>(a, b) && same_table<model::Member>(a, b) && same_table<model::HealthMonitor>(a, b) &&
         same_table<model::Eip>(a, b) && same_table<model::Certificate>(a, b) && same_table<model::L7Policy>(a, b) &&
         same_table<model::L7Rule>(a, b);
}

}  // namespace elb::control
