// SPDX-License-Identifier: Apache-2.0
// Deletion: what stands in its way and what goes along.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "control/draft.h"

namespace elb::control {
namespace {

using model::Certificate;
using model::Eip;
using model::HealthMonitor;
using model::Id;
using model::L7Policy;
using model::L7Rule;
using model::Listener;
using model::LoadBalancer;
using model::Member;
using model::Model;
using model::Pool;
using model::Table;

constexpr size_t kNamedBlockers = 10;  // more are counted, so that a message stays readable

/// Ids of the resources for which `belongs` holds.
template <class T, class Predicate>
std::vector<Id> select(const Table<T>& table, Predicate belongs) {
  std::vector<Id> ids;
  for (const auto& [id, resource] : table)
    if (belongs(*resource)) ids.push_back(id);
  return ids;
}

std::vector<Id> members_of(const Model& model, const Id& pool_id) {
  return select(model.members, [&](const Member& member) { return member.pool_id == pool_id; });
}

std::vector<Id> monitors_of(const Model& model, const Id& pool_id) {
  return select(model.health_monitors, [&](const HealthMonitor& monitor) { return monitor.pool_id == pool_id; });
}

std::vector<Id> policies_to_pool(const Model& model, const Id& pool_id) {
  return select(model.l7policies, [&](const L7Policy& policy) { return policy.redirect_pool_id == pool_id; });
}

/// Appends "listeners a, b and 3 more" to the text.
void describe(std::string& text, std::string_view noun, const std::vector<Id>& ids) {
  if (ids.empty()) return;
  const size_t named = std::min(ids.size(), kNamedBlockers);
  text += fmt::format("{}{} {}", text.empty() ? "" : "; ", noun, fmt::join(ids.begin(), ids.begin() + named, ", "));
  if (ids.size() > named) text += fmt::format(" and {} more", ids.size() - named);
}

}  // namespace

Status Draft::remove_load_balancer(const Id& id, bool cascade) {
  const auto found = find<LoadBalancer>(id);
  if (!found) return pass_on(found.error());
  if ((*found)->deletion_protection)
    return fail(
        ErrorCode::kConflict,
        fmt::format("cannot delete load balancer {}: it is protected; set deletion_protection to false first", id),
        "deletion_protection");
  const auto listeners =
      select(model_.listeners, [&](const Listener& listener) { return listener.loadbalancer_id == id; });
  const auto pools = select(model_.pools, [&](const Pool& pool) { return pool.loadbalancer_id == id; });
  if (!cascade && !(listeners.empty() && pools.empty())) {
    std::string blockers;
    describe(blockers, "listeners", listeners);
    describe(blockers, "pools", pools);
    return fail(ErrorCode::kInvalid,
                fmt::format("cannot delete load balancer {}: it has children: {} (cascade=true deletes them too)", id,
                            blockers));
  }
  const std::set<Id> doomed(pools.begin(), pools.end());
  const auto in_doomed = [&](const auto& child) { return doomed.contains(child.pool_id); };
  for (const Id& monitor : select(model_.health_monitors, in_doomed)) erase<HealthMonitor>(monitor);
  for (const Id& member : select(model_.members, in_doomed)) erase<Member>(member);
  erase_l7policies(std::set<Id>(listeners.begin(), listeners.end()));
  for (const Id& listener : listeners) erase<Listener>(listener);
  for (const Id& pool : pools) erase<Pool>(pool);
  for (const Id& eip : select(model_.eips, [&](const Eip& eip) { return eip.loadbalancer_id == id; })) {
    Eip freed = *model_.eips.at(eip);
    freed.loadbalancer_id.reset();
    freed.updated_at = now();
    put(std::move(freed));
  }
  erase<LoadBalancer>(id);
  return {};
}

Status Draft::remove_listener(const Id& id) {
  const auto found = find<Listener>(id);
  if (!found) return pass_on(found.error());
  const auto pool_id = (*found)->default_pool_id;
  if (const auto redirects =
          select(model_.l7policies, [&](const L7Policy& policy) { return policy.redirect_listener_id == id; });
      !redirects.empty()) {  // LS-10, RD-05
    std::string blockers;
    describe(blockers, "l7policies", redirects);
    return fail(ErrorCode::kConflict,
                fmt::format("cannot delete listener {}: requests are redirected to it by {}", id, blockers));
  }
  erase_l7policies({id});
  const auto users = select(model_.listeners, [&](const Listener& user) { return user.default_pool_id == pool_id; });
  if (pool_id && users.size() == 1 && policies_to_pool(model_, *pool_id).empty()) {
    if (const auto members = members_of(model_, *pool_id); !members.empty()) {
      std::string blockers;
      describe(blockers, "members", members);
      return fail(ErrorCode::kConflict,
                  fmt::format("cannot delete listener {}: its pool {} still has {}", id, *pool_id, blockers));
    }
    for (const Id& monitor : monitors_of(model_, *pool_id)) erase<HealthMonitor>(monitor);
    erase<Pool>(*pool_id);
  }
  erase<Listener>(id);
  return {};
}

Status Draft::remove_pool(const Id& id) {
  if (const auto found = find<Pool>(id); !found) return pass_on(found.error());
  std::string blockers;
  describe(blockers, "members", members_of(model_, id));
  describe(blockers, "health monitor", monitors_of(model_, id));
  describe(blockers, "l7policies", policies_to_pool(model_, id));
  if (!blockers.empty())
    return fail(ErrorCode::kConflict, fmt::format("cannot delete pool {}: it still has {}", id, blockers));
  for (const Id& user :
       select(model_.listeners, [&](const Listener& listener) { return listener.default_pool_id == id; })) {
    Listener unlinked = *model_.listeners.at(user);
    unlinked.default_pool_id.reset();
    unlinked.updated_at = now();
    put(std::move(unlinked));
  }
  erase<Pool>(id);
  return {};
}

Status Draft::remove_member(const Id& id) {
  if (const auto found = find<Member>(id); !found) return pass_on(found.error());
  erase<Member>(id);
  return {};
}

Status Draft::remove_health_monitor(const Id& id) {
  if (const auto found = find<HealthMonitor>(id); !found) return pass_on(found.error());
  erase<HealthMonitor>(id);
  return {};
}

Status Draft::remove_eip(const Id& id, bool bound_too) {
  const auto found = find<Eip>(id);
  if (!found) return pass_on(found.error());
  if (const auto& user = (*found)->loadbalancer_id; user && !bound_too)
    return fail(ErrorCode::kConflict,
                fmt::format("cannot delete EIP {}: load balancer {} has it, unbind it first", id, *user));
  erase<Eip>(id);
  return {};
}

Status Draft::remove_certificate(const Id& id) {
  if (const auto found = find<Certificate>(id); !found) return pass_on(found.error());
  const auto users = select(model_.listeners, [&](const Listener& listener) {
    const model::ListenerTls& tls = listener.tls;
    return tls.certificate_id == id || tls.client_ca_id == id ||
           std::find(tls.sni_ids.begin(), tls.sni_ids.end(), id) != tls.sni_ids.end();
  });
  std::string blockers;
  describe(blockers, "listeners", users);
  if (!blockers.empty())
    return fail(ErrorCode::kConflict, fmt::format("cannot delete certificate {}: it is used by {}", id, blockers));
  erase<Certificate>(id);
  return {};
}

void Draft::erase_l7policies(const std::set<Id>& listeners) {
  const auto doomed =
      select(model_.l7policies, [&](const L7Policy& policy) { return listeners.contains(policy.listener_id); });
  const std::set<Id> policies(doomed.begin(), doomed.end());
  for (const Id& rule : select(model_.l7rules, [&](const L7Rule& rule) { return policies.contains(rule.l7policy_id); }))
    erase<L7Rule>(rule);
  for (const Id& policy : doomed) erase<L7Policy>(policy);
}

Status Draft::remove_l7policy(const Id& id) {
  const auto found = find<L7Policy>(id);
  if (!found) return pass_on(found.error());
  for (const Id& rule : select(model_.l7rules, [&](const L7Rule& rule) { return rule.l7policy_id == id; }))
    erase<L7Rule>(rule);
  erase<L7Policy>(id);
  renumber((*found)->listener_id, {});
  return {};
}

Status Draft::remove_l7rule(const Id& id) {
  if (const auto found = find<L7Rule>(id); !found) return pass_on(found.error());
  erase<L7Rule>(id);
  return {};
}

}  // namespace elb::control
