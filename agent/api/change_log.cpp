// SPDX-License-Identifier: Apache-2.0
#include "api/change_log.h"

#include <set>
#include <variant>

#include "api/lookup.h"

namespace elb::api {
namespace {

using model::Id;
using model::Model;

Id load_balancer_of_pool(const Model& model, const Id& pool_id) {
  const auto* pool = look_up<model::Pool>(model, pool_id);
  return pool ? pool->loadbalancer_id : Id();
}

Id load_balancer_of(const Model&, const model::LoadBalancer&) { return {}; }
Id load_balancer_of(const Model&, const model::Listener& listener) { return listener.loadbalancer_id; }
Id load_balancer_of(const Model&, const model::Pool& pool) { return pool.loadbalancer_id; }
Id load_balancer_of(const Model& model, const model::Member& member) {
  return load_balancer_of_pool(model, member.pool_id);
}
Id load_balancer_of(const Model& model, const model::HealthMonitor& monitor) {
  return load_balancer_of_pool(model, monitor.pool_id);
}
Id load_balancer_of(const Model&, const model::Eip& eip) { return eip.loadbalancer_id.value_or(Id()); }

Id load_balancer_of(const Model&, const model::Certificate&) { return {}; }  // no one load balancer's
Id load_balancer_of(const Model& model, const model::L7Policy& policy) {
  const auto* listener = look_up<model::Listener>(model, policy.listener_id);
  return listener ? listener->loadbalancer_id : Id();
}
Id load_balancer_of(const Model& model, const model::L7Rule& rule) {
  const auto* policy = look_up<model::L7Policy>(model, rule.l7policy_id);
  return policy ? load_balancer_of(model, *policy) : Id();
}

template <class T>
Id load_balancer_of_erased(const Model& before, const Id& id) {
  const T* resource = look_up<T>(before, id);
  return resource ? load_balancer_of(before, *resource) : Id();
}

Id load_balancer_of_erased(const Model& before, const model::Erase& erase) {
  switch (erase.kind) {
    case model::Kind::kLoadBalancer:
      return {};
    case model::Kind::kListener:
      return load_balancer_of_erased<model::Listener>(before, erase.id);
    case model::Kind::kPool:
      return load_balancer_of_erased<model::Pool>(before, erase.id);
    case model::Kind::kMember:
      return load_balancer_of_erased<model::Member>(before, erase.id);
    case model::Kind::kHealthMonitor:
      return load_balancer_of_erased<model::HealthMonitor>(before, erase.id);
    case model::Kind::kEip:
      return load_balancer_of_erased<model::Eip>(before, erase.id);
    case model::Kind::kCertificate:
      return {};
    case model::Kind::kL7Policy:
      return load_balancer_of_erased<model::L7Policy>(before, erase.id);
    case model::Kind::kL7Rule:
      return load_balancer_of_erased<model::L7Rule>(before, erase.id);
  }
  return {};
}

}  // namespace

std::vector<Change> changes_between(const Model& before, const control::Draft& draft) {
  std::vector<Change> changes;
  std::set<Id> parents;
  for (const model::Change& step : draft.changes()) {
    if (const auto* erase = std::get_if<model::Erase>(&step)) {
      parents.insert(load_balancer_of_erased(before, *erase));
      continue;
    }
    std::visit(
        [&]<class T>(const T& resource) {
          changes.push_back({resource.id, look_up<T>(before, resource.id) == nullptr});
          parents.insert(load_balancer_of(draft.model(), resource));
          if (const T* old = look_up<T>(before, resource.id))
            parents.insert(load_balancer_of(before, *old));  // unbound EIPs
        },
        std::get<model::Put>(step).resource);
  }
  for (const Change& change : changes) parents.erase(change.id);
  for (const Id& parent : parents) {
    if (look_up<model::LoadBalancer>(draft.model(), parent)) changes.push_back({parent, false});
  }
  return changes;
}

void ChangeLog::note(uint64_t revision, const std::vector<Change>& changes, uint64_t applied) {
  const std::lock_guard lock(mutex_);
  std::erase_if(writes_, [applied](const auto& entry) { return entry.second.revision <= applied; });
  for (const Change& change : changes) {
    Pending& pending = writes_[change.id];
    // Written again before its creation was applied: still being created.
    pending = {revision, change.created || pending.created};
  }
}

std::optional<ChangeLog::Pending> ChangeLog::pending(const Id& id, uint64_t applied) const {
  const std::lock_guard lock(mutex_);
  const auto found = writes_.find(id);
  if (found != writes_.end()) return found->second.revision > applied ? std::optional(found->second) : std::nullopt;
  if (start_ > applied) return Pending{start_, false};
  return std::nullopt;
}

}  // namespace elb::api
