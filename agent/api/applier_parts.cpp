// SPDX-License-Identifier: Apache-2.0
// What lies below a load balancer.
#include <fmt/core.h>

#include "api/applier_settle.h"
#include "api/match.h"

namespace elb::api {
namespace {

using codec::ListenerEntry;
using codec::LoadBalancerEntry;
using codec::PolicyEntry;
using codec::PoolEntry;
using model::HealthMonitor;
using model::Id;
using model::L7Policy;
using model::L7Rule;
using model::Listener;
using model::Member;
using model::Pool;
template <class T>
using List = std::vector<std::shared_ptr<const T>>;

template <class T>
List<T> unless(bool fresh, const List<T>& present) {
  return fresh ? List<T>() : present;
}

std::string name_of(const model::Common& common) { return common.name; }

std::string place_of(const Listener& listener) {
  return fmt::format("{} {}", listener.protocol == model::Protocol::kUdp ? "UDP" : "TCP", listener.protocol_port);
}

std::string place_of(const Member& member) { return Endpoint{member.address, member.protocol_port}.to_string(); }

std::string immutable(const Listener& wanted, const Listener& old) {
  if (wanted.protocol != old.protocol) return "protocol";
  return wanted.protocol_port != old.protocol_port ? "protocol_port" : "";
}

std::string immutable(const Member& wanted, const Member& old) {
  if (wanted.address != old.address) return "address";
  if (wanted.protocol_port != old.protocol_port) return "protocol_port";
  return wanted.subnet_id != old.subnet_id ? "subnet_id" : "";
}

/// What a document leads to by name or id, among the pools or listeners of its load balancer.
Result<Id> refer(const std::map<std::string, Id>& names, const std::set<std::string>& ambiguous, std::string_view what,
                 const std::string& word) {
  const auto found = names.find(word);
  if (found == names.end())
    return elb::fail(ErrorCode::kNotFound, fmt::format("the load balancer has no {} '{}'", what, word.substr(0, 255)));
  if (ambiguous.contains(fmt::format("{} {}", what, word)))
    return elb::fail(ErrorCode::kConflict,
                     fmt::format("several {}s of the load balancer are called '{}'; give the id", what, word));
  return found->second;
}

Error at(std::string_view field, Error error) {
  error.field = field;
  return error;
}

/// All that a rule says.
std::string content_of(const L7Rule& rule) { return codec::describe(rule).dump(); }
std::string type_of(const L7Rule& rule) { return std::string(to_string(rule.type)); }

}  // namespace

void Applier::apply_pools(const LoadBalancerEntry& entry, const Id& lb, bool fresh) {
  pools_.clear();
  listeners_.clear();
  ambiguous_.clear();
  const auto learn = [this](const Id& id, const std::string& name) {
    pools_[id] = id;
    if (name.empty()) return;
    const auto [it, added] = pools_.emplace(name, id);
    if (!added && it->second != id) ambiguous_.insert("pool " + name);
  };
  const List<Pool> present = unless(fresh, present_->pools_of(lb));
  const std::vector<PoolEntry> none;
  const auto& entries = entry.pools ? *entry.pools : none;
  const auto found = match<Pool>(entries, present, {{"name", name_of}}, "pool", errors_);
  for (size_t i = 0; i < entries.size(); ++i) {
    Pool wanted = entries[i].resource;
    wanted.loadbalancer_id = lb;
    const bool replaced = found[i] && wanted.protocol != found[i]->protocol;
    const auto id = settle<Pool>(entries[i].path, wanted, found[i], replaced ? "protocol" : "",
                                 [this](Pool pool) { return draft_.create(std::move(pool), ""); });
    if (!id) continue;
    learn(*id, wanted.name);
    if (replaced) {
      doomed_pools_.push_back(found[i]->id);
      for (const auto& member : present_->members_of(found[i]->id)) doomed_members_.push_back(member->id);
      if (const auto monitor = present_->monitor_of(found[i]->id)) doomed_monitors_.push_back(monitor->id);
    }
    apply(entries[i], *id, !found[i] || replaced);
  }
  std::vector<Id> unclaimed;
  prune<Pool>(present, found, unclaimed);
  const bool go = prune_ != Prune::kNone && entry.pools;
  for (const Id& id : unclaimed) {
    if (!go) {
      learn(id, present_->model().pools.at(id)->name);
      continue;
    }
    doomed_pools_.push_back(id);
    for (const auto& member : present_->members_of(id)) doomed_members_.push_back(member->id);
    if (const auto monitor = present_->monitor_of(id)) doomed_monitors_.push_back(monitor->id);
  }
}

void Applier::apply(const PoolEntry& entry, const Id& pool, bool fresh) {
  if (entry.members) {
    const List<Member> present = unless(fresh, present_->members_of(pool));
    const auto found = match<Member>(*entry.members, present,
                                     {{"address", [](const Member& member) { return place_of(member); }},
                                      {"name", name_of, Key<Member>::Twins::kPass}},
                                     "member", errors_);
    for (size_t i = 0; i < entry.members->size(); ++i) {
      Member wanted = (*entry.members)[i].resource;
      wanted.pool_id = pool;
      const std::string field = found[i] ? immutable(wanted, *found[i]) : "";
      const auto id = settle<Member>((*entry.members)[i].path, wanted, found[i], field,
                                     [this](Member member) { return draft_.create(std::move(member)); });
      if (id && !field.empty()) doomed_members_.push_back(found[i]->id);
    }
    if (prune_ != Prune::kNone) prune<Member>(present, found, doomed_members_);
  }
  const auto present = fresh ? nullptr : present_->monitor_of(pool);
  if (!entry.monitor) {
    if (present && entry.monitor_given && prune_ != Prune::kNone) doomed_monitors_.push_back(present->id);
    return;
  }
  HealthMonitor wanted = entry.monitor->resource;
  wanted.pool_id = pool;
  const bool replaced = present && wanted.type != present->type;
  const auto id = settle<HealthMonitor>(entry.monitor->path, wanted, present, replaced ? "type" : "",
                                        [this](HealthMonitor one) { return draft_.create(std::move(one)); });
  if (id && replaced) doomed_monitors_.push_back(present->id);
}

void Applier::apply_listeners(const LoadBalancerEntry& entry, const Id& lb, bool fresh) {
  if (!entry.listeners) return;
  const auto& entries = *entry.listeners;
  const List<Listener> present = unless(fresh, present_->listeners_of(lb));
  const auto found = match<Listener>(
      entries, present,
      {{"name", name_of}, {"protocol_port", [](const Listener& listener) { return place_of(listener); }}}, "listener",
      errors_);
  const auto learn = [this](const Id& id, const std::string& name) {
    listeners_[id] = id;
    if (name.empty()) return;
    const auto [it, added] = listeners_.emplace(name, id);
    if (!added && it->second != id) ambiguous_.insert("listener " + name);
  };
  std::vector<Id> ids(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    Listener wanted = entries[i].resource;
    wanted.loadbalancer_id = lb;
    if (const std::string& pool = entries[i].default_pool; !pool.empty()) {
      const auto led = refer(pools_, ambiguous_, "pool", pool);
      if (!led) {
        fail(entries[i].path, at("default_pool", led.error()));
        continue;
      }
      wanted.default_pool_id = *led;
    }
    if (found[i] && wanted.whitelist && found[i]->whitelist) wanted.whitelist->id = found[i]->whitelist->id;
    const std::string field = found[i] ? immutable(wanted, *found[i]) : "";
    const auto id = settle<Listener>(entries[i].path, wanted, found[i], field,
                                     [this](Listener listener) { return draft_.create(std::move(listener)); });
    if (!id) continue;
    ids[i] = *id;
    learn(*id, wanted.name);
    if (!field.empty()) doomed_listeners_.push_back(found[i]->id);
  }
  std::vector<Id> unclaimed;
  prune<Listener>(present, found, unclaimed);
  for (const Id& id : unclaimed) {
    if (prune_ != Prune::kNone) {
      doomed_listeners_.push_back(id);
    } else {
      learn(id, present_->model().listeners.at(id)->name);
    }
  }
  for (size_t i = 0; i < entries.size(); ++i)
    if (!ids[i].empty()) apply_policies(entries[i], ids[i], !found[i] || found[i]->id != ids[i]);
}

void Applier::apply_policies(const ListenerEntry& entry, const Id& listener, bool fresh) {
  if (!entry.policies) return;
  const auto& entries = *entry.policies;
  const List<L7Policy> present = unless(fresh, present_->policies_of(listener));
  const auto nameless = [](const L7Policy& policy) -> std::string { return policy.name.empty() ? "-" : ""; };
  const auto found = match<L7Policy>(
      entries, present, {{"name", name_of}, {"name", nameless, Key<L7Policy>::Twins::kInOrder}}, "l7policy", errors_);
  for (size_t i = 0; i < entries.size(); ++i) {
    L7Policy wanted = entries[i].resource;
    wanted.listener_id = listener;
    if (found[i] && !entries[i].position_given) wanted.position = found[i]->position;
    if (const std::string& pool = entries[i].redirect_pool; !pool.empty()) {
      const auto led = refer(pools_, ambiguous_, "pool", pool);
      if (!led) {
        fail(entries[i].path, at("redirect_pool", led.error()));
        continue;
      }
      wanted.redirect_pool_id = *led;
    }
    if (const std::string& target = entries[i].redirect_listener; !target.empty()) {
      const auto led = refer(listeners_, ambiguous_, "listener", target);
      if (!led) {
        fail(entries[i].path, at("redirect_listener", led.error()));
        continue;
      }
      wanted.redirect_listener_id = *led;
    }
    const auto id = settle<L7Policy>(entries[i].path, wanted, found[i], "",
                                     [this](L7Policy policy) { return draft_.create(std::move(policy)); });
    if (id) apply_rules(entries[i], *id, !found[i]);
  }
  if (prune_ != Prune::kNone) prune<L7Policy>(present, found, doomed_policies_);
}

void Applier::apply_rules(const PolicyEntry& entry, const Id& policy, bool fresh) {
  if (!entry.rules) return;
  const auto& entries = *entry.rules;
  const List<L7Rule> present = unless(fresh, present_->rules_of(policy));
  using Twins = Key<L7Rule>::Twins;
  const auto found = match<L7Rule>(
      entries, present, {{"value", content_of, Twins::kInOrder}, {"type", type_of, Twins::kInOrder}}, "rule", errors_);
  for (size_t i = 0; i < entries.size(); ++i) {
    L7Rule wanted = entries[i].resource;
    wanted.l7policy_id = policy;
    settle<L7Rule>(entries[i].path, wanted, found[i], "",
                   [this](L7Rule rule) { return draft_.create(std::move(rule)); });
  }
  if (prune_ != Prune::kNone) prune<L7Rule>(present, found, doomed_rules_);
}

}  // namespace elb::api
