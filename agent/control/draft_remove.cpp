// SPDX-License-Identifier: Apache-2.0
// Deletion: what stands in its way and what goes along.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

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
using model::Pool;

constexpr size_t kNamedBlockers = 10;  // more are counted, so that a message stays readable

template <class T>
std::vector<Id> ids_of(const model::Relations::List<T>& resources) {
  std::vector<Id> ids;
  for (const auto& resource : resources) ids.push_back(resource->id);
  return ids;
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
  const auto listeners = ids_of(relations_.listeners_of(id));
  const auto pools = ids_of(relations_.pools_of(id));
  if (!cascade && !(listeners.empty() && pools.empty())) {
    std::string blockers;
    describe(blockers, "listeners", listeners);
    describe(blockers, "pools", pools);
    return fail(ErrorCode::kInvalid,
                fmt::format("cannot delete load balancer {}: it has children: {} (cascade=true deletes them too)", id,
                            blockers));
  }
  for (const Id& pool : pools) {
    for (const Id& monitor : ids_of(relations_.monitors_of(pool))) erase<HealthMonitor>(monitor);
    for (const Id& member : ids_of(relations_.members_of(pool))) erase<Member>(member);
  }
  for (const Id& listener : listeners) {
    erase_l7policies(listener);
    erase<Listener>(listener);
  }
  for (const Id& pool : pools) erase<Pool>(pool);
  for (const Id& eip : ids_of(relations_.eips_of(id))) {
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
  if (const auto redirects = ids_of(relations_.policies_to_listener(id)); !redirects.empty()) {  // LS-10, RD-05
    std::string blockers;
    describe(blockers, "l7policies", redirects);
    return fail(ErrorCode::kConflict,
                fmt::format("cannot delete listener {}: requests are redirected to it by {}", id, blockers));
  }
  erase_l7policies(id);
  if (pool_id && relations_.users_of(*pool_id).size() == 1 && relations_.policies_to_pool(*pool_id).empty()) {
    if (const auto members = ids_of(relations_.members_of(*pool_id)); !members.empty()) {
      std::string blockers;
      describe(blockers, "members", members);
      return fail(ErrorCode::kConflict,
                  fmt::format("cannot delete listener {}: its pool {} still has {}", id, *pool_id, blockers));
    }
    for (const Id& monitor : ids_of(relations_.monitors_of(*pool_id))) erase<HealthMonitor>(monitor);
    erase<Pool>(*pool_id);
  }
  erase<Listener>(id);
  return {};
}

Status Draft::remove_pool(const Id& id) {
  if (const auto found = find<Pool>(id); !found) return pass_on(found.error());
  std::string blockers;
  describe(blockers, "members", ids_of(relations_.members_of(id)));
  describe(blockers, "health monitor", ids_of(relations_.monitors_of(id)));
  describe(blockers, "l7policies", ids_of(relations_.policies_to_pool(id)));
  if (!blockers.empty())
    return fail(ErrorCode::kConflict, fmt::format("cannot delete pool {}: it still has {}", id, blockers));
  for (const Id& user : ids_of(relations_.users_of(id))) {
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
  std::string blockers;
  describe(blockers, "listeners", ids_of(relations_.certificate_users(id)));
  if (!blockers.empty())
    return fail(ErrorCode::kConflict, fmt::format("cannot delete certificate {}: it is used by {}", id, blockers));
  erase<Certificate>(id);
  return {};
}

void Draft::erase_l7policies(const Id& listener_id) {
  for (const Id& policy : ids_of(relations_.policies_of(listener_id))) {
    for (const Id& rule : ids_of(relations_.rules_of(policy))) erase<L7Rule>(rule);
    erase<L7Policy>(policy);
  }
}

Status Draft::remove_l7policy(const Id& id) {
  const auto found = find<L7Policy>(id);
  if (!found) return pass_on(found.error());
  for (const Id& rule : ids_of(relations_.rules_of(id))) erase<L7Rule>(rule);
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
