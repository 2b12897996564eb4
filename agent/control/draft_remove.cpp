// SPDX-License-Identifier: Apache-2.0
// Deletion: what stands in its way and what goes along.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <set>

#include "control/draft.h"

namespace elb::control {
namespace {

using model::Eip;
using model::HealthMonitor;
using model::Id;
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

/// Appends "listeners a, b and 3 more" to the text.
void describe(std::string& text, std::string_view noun, const std::vector<Id>& ids) {
  if (ids.empty()) return;
  const size_t named = std::min(ids.size(), kNamedBlockers);
  text += fmt::format("{}{} {}", text.empty() ? "" : "; ", noun, fmt::join(ids.begin(), ids.begin() + named, ", "));
  if (ids.size() > named) text += fmt::format(" and {} more", ids.size() - named);
}

}  // namespace

Status Draft::remove_load_balancer(const Id& id, bool cascade) {
  if (const auto found = find<LoadBalancer>(id); !found) return pass_on(found.error());
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
  const auto users = select(model_.listeners, [&](const Listener& user) { return user.default_pool_id == pool_id; });
  if (pool_id && users.size() == 1) {
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

}  // namespace elb::control
