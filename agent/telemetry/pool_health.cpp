// SPDX-License-Identifier: Apache-2.0
#include "telemetry/pool_health.h"

namespace elb::telemetry {
namespace {

bool can_serve(const model::Member& member, const model::ReconcilerView& reconciler) {
  const auto state = reconciler.member_health(member.id).state;
  return member.admin_state_up && (state == model::HealthState::kHealthy || state == model::HealthState::kUnmonitored);
}

}  // namespace

std::map<model::Id, ServerCounts> health_by_load_balancer(const model::Model& model,
                                                          const model::ReconcilerView& reconciler) {
  using State = model::HealthState;
  std::map<model::Id, ServerCounts> counts;
  for (const auto& [id, lb] : model.load_balancers) counts[id];
  std::map<std::pair<model::Id, std::string>, bool> zones;  // of a pool: whether a member is usable
  for (const auto& [id, member] : model.members) {
    const auto pool = model.pools.find(member->pool_id);
    if (pool == model.pools.end() || !member->admin_state_up) continue;
    ServerCounts& own = counts[pool->second->loadbalancer_id];
    const State state = reconciler.member_health(id).state;
    const bool usable = state == State::kHealthy || state == State::kUnmonitored;
    own.unhealthy += state == State::kUnhealthy;
    own.usable += usable;
    if (member->availability_zone.empty() || member->weight == 0) continue;  // nobody expects these to serve
    zones[{member->pool_id, member->availability_zone}] |= usable;
  }
  for (const auto& [where, usable] : zones)
    if (!usable) ++counts[model.pools.at(where.first)->loadbalancer_id].zones_without_member;
  return counts;
}

std::set<model::Id> objects_with_usable_member(const model::Model& model, const model::ReconcilerView& reconciler) {
  std::set<model::Id> pools, objects;
  for (const auto& [id, member] : model.members)
    if (!pools.contains(member->pool_id) && can_serve(*member, reconciler)) pools.insert(member->pool_id);
  for (const auto& [id, pool] : model.pools)
    if (pools.contains(id)) objects.insert(pool->loadbalancer_id);
  for (const auto& [id, listener] : model.listeners)
    if (listener->default_pool_id && pools.contains(*listener->default_pool_id)) objects.insert(id);
  for (const auto& [id, policy] : model.l7policies)
    if (policy->redirect_pool_id && pools.contains(*policy->redirect_pool_id)) objects.insert(policy->listener_id);
  return objects;
}

}  // namespace elb::telemetry
