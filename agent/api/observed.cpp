// SPDX-License-Identifier: Apache-2.0
#include "api/observed.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "api/lookup.h"

namespace elb::api {
namespace {

bool serves(const std::string& operating) { return operating == "ONLINE" || operating == "NO_MONITOR"; }

void add(std::string& reasons, const std::string& reason) {
  if (!reasons.empty()) reasons += "; ";
  reasons += reason;
}

}  // namespace

Observed::Observed(std::shared_ptr<const codec::Relations> relations, const model::ReconcilerView& reconciler,
                   const ChangeLog& changes)
    : relations_(std::move(relations)),
      reconciler_(&reconciler),
      changes_(&changes),
      applied_(reconciler.applied_revision()),
      sinks_(reconciler.sinks()) {}

codec::ShownStatus Observed::complete(const model::Common& resource, Verdict verdict) const {
  codec::ShownStatus status{"ACTIVE", std::move(verdict.operating), std::move(verdict.reason)};
  const auto pending = changes_->pending(resource.id, applied_);
  if (!pending) return status;
  status.provisioning = pending->created ? "PENDING_CREATE" : "PENDING_UPDATE";
  for (const model::SinkStatus& sink : sinks_) {
    if (sink.error.empty() || sink.applied_revision >= pending->revision) continue;
    status.provisioning = "ERROR";  // until a retry works: nothing is locked by it
    add(status.reason, fmt::format("not applied by {}: {}", sink.name, sink.error));
  }
  return status;
}

codec::ShownStatus Observed::of(const model::LoadBalancer& load_balancer) {
  return complete(load_balancer, judge(load_balancer));
}
codec::ShownStatus Observed::of(const model::Listener& listener) { return complete(listener, judge(listener)); }
codec::ShownStatus Observed::of(const model::Pool& pool) { return complete(pool, judge(pool)); }
codec::ShownStatus Observed::of(const model::Member& member) { return complete(member, judge(member)); }

codec::ShownStatus Observed::of(const model::HealthMonitor& monitor) {
  if (!monitor.admin_state_up) return complete(monitor, {"OFFLINE", "administratively down"});
  return complete(monitor, {"ONLINE", ""});
}

codec::ShownStatus Observed::of(const model::Eip& eip) {
  if (!eip.loadbalancer_id) return complete(eip, {"OFFLINE", "not bound to a load balancer"});
  const auto lb = relations_->model().load_balancers.find(*eip.loadbalancer_id);
  if (lb != relations_->model().load_balancers.end() && !lb->second->admin_state_up)
    return complete(eip, {"OFFLINE", "the load balancer is administratively down"});
  return complete(eip, {"ONLINE", ""});
}

codec::ShownStatus Observed::of(const model::L7Policy& policy) {
  if (!policy.admin_state_up) return complete(policy, {"OFFLINE", "administratively down"});
  const auto& rules = relations_->rules_of(policy.id);
  const bool unconditional = policy.action == model::L7Action::kListener;
  const auto counts = [](const auto& rule) { return rule->admin_state_up; };
  if (!unconditional && std::none_of(rules.begin(), rules.end(), counts))
    return complete(policy, {"ONLINE", "has no rule that is up, so that no request matches"});  // clients wait for it
  for (const auto& other : relations_->policies_of(policy.listener_id))                         // RD-04
    if (!unconditional && other->action == model::L7Action::kListener && other->admin_state_up)
      return complete(policy, {"OFFLINE", "the listener is redirected by l7policy " + label(*other)});
  return complete(policy, {"ONLINE", ""});
}

codec::ShownStatus Observed::of(const model::L7Rule& rule) {
  if (!rule.admin_state_up) return complete(rule, {"OFFLINE", "administratively down"});
  return complete(rule, {"ONLINE", ""});
}

codec::ShownStatus Observed::of(const model::Certificate& certificate) { return complete(certificate, {"ONLINE", ""}); }

Observed::Verdict Observed::judge(const model::LoadBalancer& load_balancer) {
  if (!load_balancer.admin_state_up) return {"OFFLINE", "administratively down"};
  const auto& listeners = relations_->listeners_of(load_balancer.id);
  if (listeners.empty()) return {"ONLINE", "no listener"};
  Verdict worst{"ONLINE", ""};
  for (const auto& listener : listeners) {
    if (!listener->admin_state_up) continue;
    const Verdict verdict = judge(*listener);
    if (verdict.operating != "ERROR" && verdict.operating != "DEGRADED") continue;
    if (worst.operating != "ERROR") worst.operating = verdict.operating;
    add(worst.reason, fmt::format("listener {}: {}", label(*listener), verdict.reason));
  }
  return worst;
}

Observed::Verdict Observed::judge(const model::Listener& listener) {
  if (!listener.admin_state_up) return {"OFFLINE", "administratively down"};
  const auto load_balancer = relations_->model().load_balancers.find(listener.loadbalancer_id);
  if (load_balancer != relations_->model().load_balancers.end() && !load_balancer->second->admin_state_up) {
    return {"OFFLINE", "the load balancer is administratively down"};
  }
  Verdict worst{"ONLINE", ""};
  const auto& pools = relations_->model().pools;
  const auto look_at = [&](const std::optional<model::Id>& id, bool is_default) {
    const auto pool = id ? pools.find(*id) : pools.end();
    if (pool == pools.end()) return is_default ? add(worst.reason, "no default pool") : void();
    const Verdict& verdict = judge(*pool->second);
    const bool failing = verdict.operating == "ERROR" || verdict.operating == "DEGRADED";
    if (failing && worst.operating != "ERROR") worst.operating = verdict.operating;
    if (!verdict.reason.empty() && (failing || is_default))
      add(worst.reason, fmt::format("pool {}: {}", label(*pool->second), verdict.reason));
  };
  look_at(listener.default_pool_id, true);
  std::set<model::Id> seen = {listener.default_pool_id.value_or(model::Id())};
  for (const auto& policy : relations_->policies_of(listener.id))
    if (policy->redirect_pool_id && seen.insert(*policy->redirect_pool_id).second)
      look_at(policy->redirect_pool_id, false);
  return worst;
}

const Observed::Verdict& Observed::judge(const model::Pool& pool) {
  const auto known = pools_.find(pool.id);
  if (known != pools_.end()) return known->second;
  return pools_.emplace(pool.id, judge_members(pool)).first->second;
}

Observed::Verdict Observed::judge_members(const model::Pool& pool) {
  if (!pool.admin_state_up) return {"OFFLINE", "administratively down"};
  if (!relations_->is_used(pool.id)) return {"OFFLINE", "not used by a listener"};
  constexpr size_t kNamed = 3;
  size_t wanted = 0, serving = 0, failed = 0;
  std::string failures;
  for (const auto& member : relations_->members_of(pool.id)) {
    if (!member->admin_state_up || member->weight == 0) continue;  // nobody expects these to serve
    ++wanted;
    const Verdict& verdict = judge(*member);
    if (serves(verdict.operating)) ++serving;
    if (verdict.operating != "ERROR") continue;
    if (++failed <= kNamed) add(failures, fmt::format("member {}: {}", label(*member), verdict.reason));
  }
  if (failed > kNamed) add(failures, fmt::format("and {} more", failed - kNamed));
  if (wanted == 0) {
    const bool empty = relations_->members_of(pool.id).empty();
    return {"ONLINE", empty ? "no members" : "no member takes new connections: all are draining or down by request"};
  }
  for (const std::string& zone : zones_without_member(pool)) add(failures, "no healthy member in zone " + zone);
  if (serving == wanted) return {"ONLINE", failures};
  if (serving > 0) return {failed > 0 ? "DEGRADED" : "ONLINE", failures};
  if (failed > 0) return {"ERROR", "no usable member: " + failures};
  return {"OFFLINE", "members are not checked yet"};
}

const Observed::Verdict& Observed::judge(const model::Member& member) {
  const auto known = members_.find(member.id);
  if (known != members_.end()) return known->second;
  const auto decide = [&]() -> Verdict {
    if (!member.admin_state_up) return {"OFFLINE", "administratively down"};
    const auto monitor = relations_->monitor_of(member.pool_id);
    const bool monitored = monitor && monitor->admin_state_up;
    if (member.weight == 0) return {"DRAINING", "weight is 0"};  // PL-09: its health does not count
    if (!monitored) return {"NO_MONITOR", monitor ? "the health monitor is administratively down" : ""};  // HC-15
    const model::Health health = reconciler_->member_health(member.id);
    switch (health.state) {
      case model::HealthState::kHealthy:
        return {"ONLINE", health.reason.starts_with("not checked") ? health.reason : ""};  // the node cannot any more
      case model::HealthState::kUnhealthy:
        return {"ERROR", health.reason.empty() ? "health check failed" : health.reason};
      case model::HealthState::kUnchecked:
      case model::HealthState::kUnmonitored:
        break;
    }
    if (!relations_->is_used(member.pool_id)) return {"OFFLINE", "not checked: no listener uses the pool"};
    return {"OFFLINE", health.reason.empty() ? "not checked yet" : health.reason};  // MB-05
  };
  return members_.emplace(member.id, decide()).first->second;
}

std::vector<std::string> Observed::zones_without_member(const model::Pool& pool) {
  std::map<std::string, bool> zones;
  for (const auto& member : relations_->members_of(pool.id)) {
    if (member->availability_zone.empty() || !member->admin_state_up || member->weight == 0) continue;
    zones[member->availability_zone] |= serves(judge(*member).operating);
  }
  std::vector<std::string> without;
  for (const auto& [zone, served] : zones) {
    if (!served) without.push_back(zone);
  }
  return without;
}

}  // namespace elb::api
