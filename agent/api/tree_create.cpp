// SPDX-License-Identifier: Apache-2.0
#include "api/tree_create.h"

#include <fmt/core.h>

#include <map>

#include "api/context.h"

namespace elb::api {
namespace {

using codec::ListenerTree;
using codec::LoadBalancerTree;
using codec::PoolTree;
using control::Draft;
using model::Id;

Result<Id> create_listener(Draft& draft, const ListenerTree& tree) {
  auto id = draft.create(tree.listener);
  if (!id || !tree.default_pool) return id;
  PoolTree pool = *tree.default_pool;
  pool.listener_id = *id;
  pool.pool.loadbalancer_id = tree.listener.loadbalancer_id;
  if (auto created = create_tree(draft, pool); !created) return pass_on(below("default_pool", created.error()));
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

Result<Id> create_tree(Draft& draft, const ListenerTree& tree) { return create_listener(draft, tree); }

Result<Id> create_tree(Draft& draft, const LoadBalancerTree& tree) {
  auto id = draft.create(tree.load_balancer, tree.vip_given);
  if (!id) return id;
  std::map<std::string, Id> by_name;
  std::map<std::string, size_t> uses;
  for (size_t i = 0; i < tree.pools.size(); ++i) {
    PoolTree pool = tree.pools[i];
    pool.pool.loadbalancer_id = *id;
    const auto created = create_tree(draft, pool);
    if (!created) return pass_on(below(fmt::format("pools[{}]", i), created.error()));
    by_name[pool.pool.name] = *created;
    ++uses[pool.pool.name];
  }
  for (size_t i = 0; i < tree.listeners.size(); ++i) {
    ListenerTree listener = tree.listeners[i];
    const std::string path = fmt::format("listeners[{}]", i);
    listener.listener.loadbalancer_id = *id;
    if (const std::string& name = listener.default_pool_name; !name.empty()) {
      if (uses[name] != 1) {
        return invalid(path + ".default_pool.name",
                       fmt::format("{} pools in this request are named '{}', one is needed", uses[name], name));
      }
      listener.listener.default_pool_id = by_name[name];
    }
    if (auto created = create_listener(draft, listener); !created) return pass_on(below(path, created.error()));
  }
  return id;
}

}  // namespace elb::api
