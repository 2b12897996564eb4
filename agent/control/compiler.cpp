// SPDX-License-Identifier: Apache-2.0
#include "control/compiler.h"

#include <algorithm>
#include <unordered_map>

#include "control/compile_http.h"
#include "control/compile_member.h"

namespace elb::control {
namespace {

using model::HealthMonitor;
using model::Id;
using model::Listener;
using model::LoadBalancer;
using model::Model;
using model::Pool;
using model::Snapshot;
using model::SnapshotListener;
using model::SnapshotMonitor;
using model::SnapshotPool;

const LoadBalancer* active_load_balancer(const Model& model, const Listener& listener) {
  const auto it = model.load_balancers.find(listener.loadbalancer_id);
  if (!listener.admin_state_up || it == model.load_balancers.end() || !it->second->admin_state_up) return nullptr;
  return it->second.get();
}

std::vector<const Listener*> active_listeners(const Model& model) {
  std::vector<const Listener*> active;
  for (const auto& [id, listener] : model.listeners)
    if (active_load_balancer(model, *listener)) active.push_back(listener.get());
  return active;
}

PoolIndex add_pools(const Model& model, const HttpCompiler& http, Snapshot& snapshot) {
  PoolIndex index;
  for (const auto& [id, listener] : model.listeners) {
    if (!active_load_balancer(model, *listener)) continue;
    if (listener->default_pool_id) index.emplace(*listener->default_pool_id, 0);
    for (const std::string_view pool : http.pools_of(*listener)) index.emplace(pool, 0);
  }
  for (const auto& [id, pool] : model.pools) {
    const auto used = index.find(id);
    if (used == index.end()) continue;
    if (!pool->admin_state_up) {
      index.erase(used);
      continue;
    }
    used->second = snapshot.pools.size();
    SnapshotPool& compiled = snapshot.pools.emplace_back();
    compiled.id = pool->id;
    compiled.protocol = pool->protocol;
    compiled.algorithm = pool->algorithm;
    compiled.cookie = HttpCompiler::cookie_of(*pool);
    compiled.proxy_protocol = pool->proxy_protocol;
    compiled.http2 = pool->grpc;
    compiled.slow_start_s = pool->slow_start ? pool->slow_start_s : 0;
    if (!model::is_l7(pool->protocol)) compiled.sticky_s = pool->sticky_minutes() * 60;
  }
  return index;
}

SnapshotMonitor monitor_of(const HealthMonitor& monitor, model::Protocol pool) {
  SnapshotMonitor compiled{monitor.id,          monitor.type,
                           monitor.delay,       monitor.effective_timeout(),
                           monitor.max_retries, monitor.max_retries_down,
                           monitor.monitor_port};
  if (monitor.type != model::MonitorType::kHttp) return compiled;
  compiled.method = monitor.http_method;
  compiled.path = monitor.url_path;
  compiled.host = monitor.domain_name;
  const std::string_view codes = monitor.expected_codes.empty() ? model::default_codes(pool) : monitor.expected_codes;
  compiled.codes = model::parse_codes(codes).value_or(std::vector<model::CodeRange>());
  return compiled;
}

/// Empty optional: everybody.
std::optional<std::vector<Cidr>> enabled_whitelist(const Listener& listener) {
  if (!listener.whitelist || !listener.whitelist->enabled) return std::nullopt;
  return listener.whitelist->entries;
}

/// The entries that clients of the VIP can match: those of its family. Empty optional: everybody.
std::optional<std::vector<Cidr>> whitelist_of(const Listener& listener, const IpAddress& vip) {
  if (!listener.whitelist || !listener.whitelist->enabled) return std::nullopt;
  std::vector<Cidr> entries;
  for (const Cidr& entry : listener.whitelist->entries) {
    if (entry.address.is_v4() != vip.is_v4()) continue;
    if (entry.prefix == 0) return std::nullopt;
    entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  return entries;
}

/// The addresses of the load balancers that serve, and what is bound to them.
using EipIndex = std::unordered_map<std::string_view, const model::Eip*>;

EipIndex add_addresses(const Model& model, Snapshot& snapshot) {
  const auto add = [&snapshot](const IpAddress& address, const std::optional<int>& bandwidth) {
    snapshot.vips.push_back(address);
    if (bandwidth) snapshot.bandwidths.push_back({address, static_cast<uint32_t>(*bandwidth)});
  };
  EipIndex bound;
  for (const auto& [id, lb] : model.load_balancers)
    if (lb->admin_state_up) add(lb->vip_address, lb->vip_bandwidth);
  for (const auto& [id, eip] : model.eips) {
    if (!eip->loadbalancer_id) continue;
    const auto lb = model.load_balancers.find(*eip->loadbalancer_id);
    if (lb == model.load_balancers.end() || !lb->second->admin_state_up) continue;
    bound.emplace(lb->first, eip.get());
    add(eip->address, eip->bandwidth);
  }
  std::sort(snapshot.vips.begin(), snapshot.vips.end());
  snapshot.vips.erase(std::unique(snapshot.vips.begin(), snapshot.vips.end()), snapshot.vips.end());
  std::ranges::sort(snapshot.bandwidths, {}, &model::SnapshotBandwidth::address);
  return bound;
}

}  // namespace

Snapshot compile(const Model& model, const HealthLookup& health, uint64_t generation) {
  Snapshot snapshot;
  snapshot.generation = generation;
  snapshot.revision = model.revision;

  const EipIndex eips = add_addresses(model, snapshot);
  // The model's tables are ordered by id, and so is everything built by walking them.
  HttpCompiler http(model);
  const PoolIndex pools = add_pools(model, http, snapshot);
  http.add_certificates(active_listeners(model), snapshot);
  for (const auto& [id, listener] : model.listeners) {
    const LoadBalancer* lb = active_load_balancer(model, *listener);
    if (!lb) continue;
    SnapshotListener& compiled = snapshot.listeners.emplace_back();
    compiled.id = id;
    compiled.loadbalancer_id = lb->id;
    compiled.protocol = listener->protocol;
    compiled.vip = {lb->vip_address, listener->protocol_port};
    if (const auto eip = eips.find(lb->id); eip != eips.end()) compiled.eip = eip->second->address;
    compiled.whitelist = whitelist_of(*listener, lb->vip_address);
    if (listener->connection_limit >= 0) compiled.connection_limit = static_cast<uint32_t>(listener->connection_limit);
    compiled.toa = listener->toa;
    if (model::is_l7(listener->protocol)) compiled.http = http.compile(*listener, pools);
    // The packet path sees who told of the client, not the client; either family may be told of.
    if (compiled.http && !compiled.http->proxy_trusted.empty()) {
      compiled.whitelist.reset();
      compiled.http->whitelist = enabled_whitelist(*listener);
    }
    if (!listener->default_pool_id) continue;
    if (const auto pool = pools.find(*listener->default_pool_id); pool != pools.end()) compiled.pool = pool->second;
  }
  for (const auto& [id, monitor] : model.health_monitors)
    if (const auto pool = pools.find(monitor->pool_id); pool != pools.end() && monitor->admin_state_up)
      snapshot.pools[pool->second].monitor = monitor_of(*monitor, snapshot.pools[pool->second].protocol);
  for (const auto& [id, member] : model.members) {
    const auto pool = pools.find(member->pool_id);
    if (pool != pools.end() && member->admin_state_up)
      snapshot.pools[pool->second].members.push_back(compile_member(*member, health(id)));
    else
      snapshot.parked_members.push_back(id);
  }
  for (size_t i = 0; i < snapshot.pools.size(); ++i) hold_back(snapshot.pools[i]);
  return snapshot;
}

}  // namespace elb::control
