// SPDX-License-Identifier: Apache-2.0
#include "api/tree_create.h"

#include <fmt/core.h>

#include <map>

#include "api/context.h"

namespace elb::api {
namespace {

using codec::L7PolicyTree;
using codec::ListenerTree;
using codec::LoadBalancerTree;
using codec::PoolTree;
using control::Draft;
using model::Id;

/// The pools that one request makes, by name.
class NamedPools {
 public:
  void add(const std::string& name, const Id& id) {
    ids_[name] = id;
    ++uses_[name];
  }
  Result<Id> find(const std::string& name, const std::string& field) const {
    const auto uses = uses_.find(name);
    if (uses != uses_.end() && uses->second == 1) return ids_.at(name);
    return invalid(field, fmt::format("{} pools in this request are named '{}', one is needed",
                                      uses == uses_.end() ? 0 : uses->second, name));
  }

 private:
  std::map<std::string, Id> ids_;
  std::map<std::string, size_t> uses_;
};

Result<Id> create_policy(Draft& draft, const L7PolicyTree& tree, const Id& load_balancer, const NamedPools& pools) {
  model::L7Policy policy = tree.policy;
  if (!tree.redirect_pool_name.empty()) {
    const auto id = pools.find(tree.redirect_pool_name, "redirect_pool.name");
    if (!id) return id;
    policy.redirect_pool_id = *id;
  }
  if (tree.redirect_pool) {
    PoolTree pool = *tree.redirect_pool;
    pool.pool.loadbalancer_id = load_balancer;
    const auto id = create_tree(draft, pool);
    if (!id) return pass_on(below("redirect_pool", id.error()));
    policy.redirect_pool_id = *id;
  }
  return create_tree(draft, L7PolicyTree{policy, tree.rules, {}, {}});
}

Result<Id> create_listener(Draft& draft, const ListenerTree& tree, const NamedPools& pools) {
  model::Listener listener = tree.listener;
  if (!tree.default_pool_name.empty()) {
    const auto id = pools.find(tree.default_pool_name, "default_pool.name");
    if (!id) return id;
    listener.default_pool_id = *id;
  }
  auto id = draft.create(listener);
  if (!id) return id;
  if (tree.default_pool) {
    PoolTree pool = *tree.default_pool;
    pool.listener_id = *id;
    pool.pool.loadbalancer_id = listener.loadbalancer_id;
    if (auto created = create_tree(draft, pool); !created) return pass_on(below("default_pool", created.error()));
  }
  for (size_t i = 0; i < tree.l7policies.size(); ++i) {
    L7PolicyTree policy = tree.l7policies[i];
    policy.policy.listener_id = *id;
    if (auto created = create_policy(draft, policy, listener.loadbalancer_id, pools); !created)
      return pass_on(below(fmt::format("l7policies[{}]", i), created.error()));
  }
  return id;
}

}  // namespace

Result<Id> create_tree(Draft& draft, const PoolTree& tree) {
  auto id = draft.create(tree.pool, tree.listener_id);
  if (!id) return id;
  for (size_t i = 0; i < tree.members.size(); ++i) {
    model::Member member = tree.members[i];
    member.pool_id = *id;
    for (size_t j = 0; j < i; ++j) {  // here the path is known; the draft's own check would name only the rule
      if (tree.members[j].address == member.address && tree.members[j].protocol_port == member.protocol_port) {
        return fail(ErrorCode::kConflict, fmt::format("has the same address and port as members[{}]", j),
                    fmt::format("members[{}]", i));
      }
    }
    if (auto created = draft.create(std::move(member)); !created) {
      return pass_on(below(fmt::format("members[{}]", i), created.error()));
    }
  }
  if (tree.monitor) {
    model::HealthMonitor monitor = *tree.monitor;
    monitor.pool_id = *id;
    if (auto created = draft.create(std::move(monitor)); !created) {
      return pass_on(below("healthmonitor", created.error()));
    }
  }
  return id;
}

Result<Id> create_tree(Draft& draft, const L7PolicyTree& tree) {
  auto id = draft.create(tree.policy);
  if (!id) return id;
  for (size_t i = 0; i < tree.rules.size(); ++i) {
    model::L7Rule rule = tree.rules[i];
    rule.l7policy_id = *id;
    if (auto created = draft.create(std::move(rule)); !created)
      return pass_on(below(fmt::format("rules[{}]", i), created.error()));
  }
  return id;
}

Result<Id> create_tree(Draft& draft, const ListenerTree& tree) { return create_listener(draft, tree, {}); }

Result<Id> create_tree(Draft& draft, const LoadBalancerTree& tree) {
  auto id = draft.create(tree.load_balancer, tree.vip_given);
  if (!id) return id;
  NamedPools pools;
  for (size_t i = 0; i < tree.pools.size(); ++i) {
    PoolTree pool = tree.pools[i];
    pool.pool.loadbalancer_id = *id;
    const auto created = create_tree(draft, pool);
    if (!created) return pass_on(below(fmt::format("pools[{}]", i), created.error()));
    pools.add(pool.pool.name, *created);
  }
  for (size_t i = 0; i < tree.listeners.size(); ++i) {
    ListenerTree listener = tree.listeners[i];
    listener.listener.loadbalancer_id = *id;
    if (auto created = create_listener(draft, listener, pools); !created)
      return pass_on(below(fmt::format("listeners[{}]", i), created.error()));
  }
  return id;
}

}  // namespace elb::api
