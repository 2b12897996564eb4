// SPDX-License-Identifier: Apache-2.0
#include "control/health_book.h"

#include <unordered_set>

#include "control/recompile.h"

namespace elb::control {
namespace {

using model::Health;
using model::HealthState;
using model::Id;

Health fresh(HealthState state, WallTime now) {
  Health health;
  health.state = state;
  health.since = now;
  return health;
}

}  // namespace

void HealthBook::seed(const std::vector<Id>& member_ids, WallTime now) {
  for (const Id& id : member_ids) seeds_.insert_or_assign(id, fresh(HealthState::kHealthy, now));
}

HealthBook::Entry HealthBook::successor(const model::Member& member, bool in_service, bool monitored,
                                        WallTime now) const {
  Entry entry;
  entry.endpoint = {member.address, member.protocol_port};
  entry.in_service = in_service;
  entry.monitored = monitored;

  const auto found = entries_.find(member.id);
  const Entry* old = found != entries_.end() && found->second.endpoint == entry.endpoint ? &found->second : nullptr;
  if (in_service) {
    const auto seed = seeds_.find(member.id);
    if (old && old->in_service) {
      entry.known = old->known;
      if (!old->monitored && monitored && !entry.known) entry.known = fresh(HealthState::kHealthy, now);
    } else if (seed != seeds_.end()) {
      entry.known = seed->second;
    }
  }

  if (monitored && entry.known) {
    entry.shown = *entry.known;
    return entry;
  }
  const HealthState state = monitored ? HealthState::kUnchecked : HealthState::kUnmonitored;
  entry.shown = old && old->shown.state == state ? old->shown : fresh(state, now);
  return entry;
}

void HealthBook::follow(const model::Model& model, const model::Snapshot& snapshot, WallTime now) {
  std::unordered_set<std::string_view> in_service;
  for (const auto& pool : snapshot.pools)
    for (const auto& member : pool.members) in_service.insert(member.id);
  std::unordered_set<std::string_view> monitored_pools;
  for (const auto& [id, monitor] : model.health_monitors)
    if (monitor->admin_state_up) monitored_pools.insert(monitor->pool_id);

  std::unordered_map<Id, Entry> next;
  next.reserve(model.members.size());
  for (const auto& [id, member] : model.members)
    next.emplace(id, successor(*member, in_service.contains(id), monitored_pools.contains(member->pool_id), now));
  entries_ = std::move(next);
  seeds_.clear();
}

void HealthBook::follow_members(const model::Model& before, const model::Snapshot& was, const model::Model& model,
                                WallTime now) {
  std::vector<std::shared_ptr<const model::Member>> changed;
  std::unordered_set<std::string_view> pools;
  model::Table<model::Member>::differences(before.members, model.members,
                                           [&](const Id& id, const auto&, const auto& member) {
                                             if (!member) {
                                               entries_.erase(id);
                                               return;
                                             }
                                             changed.push_back(member);
                                             pools.insert(member->pool_id);
                                           });
  std::unordered_set<std::string_view> monitored;
  for (const auto& [id, monitor] : model.health_monitors)
    if (monitor->admin_state_up && pools.contains(monitor->pool_id)) monitored.insert(monitor->pool_id);

  for (const auto& member : changed) {
    const bool in_service = member->admin_state_up && place_of_pool(was, member->pool_id);
    entries_.insert_or_assign(member->id, successor(*member, in_service, monitored.contains(member->pool_id), now));
  }
}

bool HealthBook::update(const model::HealthEvent& event, WallTime now) {
  const auto it = entries_.find(event.member_id);
  if (it == entries_.end() || event.health.state == HealthState::kUnmonitored) return false;
  Entry& entry = it->second;
  if (!entry.in_service || !entry.monitored) return false;
  const bool changed = entry.shown.state != event.health.state;
  Health health = event.health;
  if (!changed) health.since = entry.shown.since;
  if (health.since == WallTime{}) health.since = now;
  entry.known = health;
  entry.shown = std::move(health);
  return changed;
}

Health HealthBook::of(const Id& member_id) const {
  const auto it = entries_.find(member_id);
  return it == entries_.end() ? Health{} : it->second.shown;
}

}  // namespace elb::control
