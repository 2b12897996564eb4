// SPDX-License-Identifier: Apache-2.0
// What must hold between resources. Runs over the whole model before every commit, so each table is walked once and
// everything is looked up in maps; the keys view strings that the model owns.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "model/resources.h"

namespace elb::model {
namespace {

/// The listener port spaces of LS-03: everything that rides on TCP shares one, UDP has its own.
enum class PortSpace : uint8_t { kTcp, kUdp };

PortSpace port_space(Protocol protocol) { return protocol == Protocol::kUdp ? PortSpace::kUdp : PortSpace::kTcp; }

/// Members are many and IPv4 only (validate(Member) comes first), so 32 bits identify an address.
using VipIndex = std::unordered_map<uint32_t, const LoadBalancer*>;

template <class T>
const T* look_up(const Table<T>& table, const Id& id) {
  const auto it = table.find(id);
  return it == table.end() ? nullptr : it->second.get();
}

tl::unexpected<Error> missing(std::string field, Kind kind, const Id& id) {
  return invalid(std::move(field), fmt::format("{} {} does not exist", to_string(kind), id));
}

template <class T>
Status check_each(const Table<T>& table) {
  for (const auto& [id, resource] : table) {
    if (id.empty() || id != resource->id)
      return fail(ErrorCode::kInternal, fmt::format("resource '{}' is filed under '{}'", resource->id, id), "id");
    if (auto status = validate(*resource); !status) return status;
  }
  return {};
}

Result<VipIndex> check_load_balancers(const Model& model) {
  VipIndex vips;
  vips.reserve(model.load_balancers.size());
  for (const auto& [id, lb] : model.load_balancers) {
    const auto [it, fresh] = vips.emplace(lb->vip_address.v4_be(), lb.get());
    if (!fresh)
      return fail(
          ErrorCode::kConflict,
          fmt::format("{} is already the address of load balancer {}", lb->vip_address.to_string(), it->second->id),
          "vip_address");
  }
  return vips;
}

Status check_pools(const Model& model) {
  for (const auto& [id, pool] : model.pools)
    if (!look_up(model.load_balancers, pool->loadbalancer_id))
      return missing("loadbalancer_id", Kind::kLoadBalancer, pool->loadbalancer_id);
  return {};
}

/// PL-02, PL-12: a listener's pool belongs to its load balancer and speaks its protocol.
Status check_default_pool(const Model& model, const Listener& listener) {
  if (!listener.default_pool_id) return {};
  const Pool* pool = look_up(model.pools, *listener.default_pool_id);
  if (!pool) return missing("default_pool_id", Kind::kPool, *listener.default_pool_id);
  if (pool->loadbalancer_id != listener.loadbalancer_id)
    return invalid("default_pool_id", fmt::format("pool {} belongs to load balancer {}, listener {} to {}", pool->id,
                                                  pool->loadbalancer_id, listener.id, listener.loadbalancer_id));
  if (pool->protocol != listener.protocol)
    return invalid("default_pool_id",
                   fmt::format("a {} listener needs a {} pool, pool {} is {}", to_string(listener.protocol),
                               to_string(listener.protocol), pool->id, to_string(pool->protocol)));
  return {};
}

Status check_listeners(const Model& model) {
  std::map<std::tuple<std::string_view, PortSpace, uint16_t>, const Listener*> ports;
  for (const auto& [id, listener] : model.listeners) {
    if (!look_up(model.load_balancers, listener->loadbalancer_id))
      return missing("loadbalancer_id", Kind::kLoadBalancer, listener->loadbalancer_id);
    const auto [it, fresh] = ports.emplace(std::tuple(std::string_view(listener->loadbalancer_id),
                                                      port_space(listener->protocol), listener->protocol_port),
                                           listener.get());
    if (!fresh)
      return fail(
          ErrorCode::kConflict,
          fmt::format("{} port {} of load balancer {} is already used by listener {}", to_string(listener->protocol),
                      listener->protocol_port, listener->loadbalancer_id, it->second->id),
          "protocol_port");
    if (auto status = check_default_pool(model, *listener); !status) return status;
  }
  return {};
}

Status check_members(const Model& model, const VipIndex& vips) {
  struct Place {
    const Pool* pool;
    uint64_t endpoint;  // address and port
    const Member* member;
    auto key() const { return std::tuple(pool, endpoint); }
  };
  std::vector<Place> places;  // sorted: for so many small keys much cheaper than a map
  places.reserve(model.members.size());
  for (const auto& [id, member] : model.members) {
    const Pool* pool = look_up(model.pools, member->pool_id);
    if (!pool) return missing("pool_id", Kind::kPool, member->pool_id);
    const uint32_t address = member->address.v4_be();
    if (const auto vip = vips.find(address); vip != vips.end())
      return invalid("address", fmt::format("{} is the address of load balancer {}; a member cannot be a load balancer",
                                            member->address.to_string(), vip->second->id));
    places.push_back({pool, uint64_t{address} << 16U | member->protocol_port, member.get()});
  }
  std::ranges::stable_sort(places, {}, &Place::key);
  const auto twin = std::ranges::adjacent_find(places, {}, &Place::key);
  if (twin == places.end()) return {};
  const Member& member = *twin->member;
  return fail(ErrorCode::kConflict,
              fmt::format("members {} and {} of pool {} both have {}", member.id, std::next(twin)->member->id,
                          member.pool_id, Endpoint{member.address, member.protocol_port}.to_string()),
              "address");
}

Status check_health_monitors(const Model& model) {
  std::unordered_map<std::string_view, const HealthMonitor*> monitored;
  for (const auto& [id, monitor] : model.health_monitors) {
    const Pool* pool = look_up(model.pools, monitor->pool_id);
    if (!pool) return missing("pool_id", Kind::kPool, monitor->pool_id);
    const auto [it, fresh] = monitored.emplace(monitor->pool_id, monitor.get());
    if (!fresh)  // HC-01
      return fail(ErrorCode::kConflict,
                  fmt::format("pool {} already has health monitor {}", monitor->pool_id, it->second->id), "pool_id");
    if (pool->protocol == Protocol::kUdp && monitor->type == MonitorType::kTcp)  // HC-02
      return invalid("type", fmt::format("a UDP pool cannot be checked by {}", to_string(monitor->type)));
  }
  return {};
}

}  // namespace

Status validate(const Model& model) {
  if (auto status = check_each(model.load_balancers); !status) return status;
  if (auto status = check_each(model.listeners); !status) return status;
  if (auto status = check_each(model.pools); !status) return status;
  if (auto status = check_each(model.members); !status) return status;
  if (auto status = check_each(model.health_monitors); !status) return status;

  const auto vips = check_load_balancers(model);
  if (!vips) return pass_on(vips.error());
  if (auto status = check_pools(model); !status) return status;
  if (auto status = check_listeners(model); !status) return status;
  if (auto status = check_members(model, *vips); !status) return status;
  return check_health_monitors(model);
}

}  // namespace elb::model
