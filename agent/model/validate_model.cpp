// SPDX-License-Identifier: Apache-2.0
// What must hold between resources. Runs over the whole model at the start and over what a change can break before
// every commit; each table is walked once and everything is looked up in maps; the keys view strings that the model
// owns.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "model/scope.h"
#include "model/validate_change.h"
#include "model/validate_parts.h"

namespace elb::model {
namespace {

/// The listener port spaces of LS-03: everything that rides on TCP shares one, UDP has its own.
enum class PortSpace : uint8_t { kTcp, kUdp };

PortSpace port_space(Protocol protocol) { return protocol == Protocol::kUdp ? PortSpace::kUdp : PortSpace::kTcp; }

struct AddressHash {
  size_t operator()(const IpAddress& address) const {
    const auto& bytes = address.bytes();
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
};

/// Whose public or virtual address it is.
struct Holder {
  Kind kind;
  std::string_view id;
};
using Holders = std::unordered_map<IpAddress, Holder, AddressHash>;

/// `known`: a table whose resources have been looked at; nullptr: none.
template <class T>
Status check_each(const Table<T>& table, const Table<T>* known) {
  for (const auto& [id, resource] : table) {
    if (known)
      if (const auto old = known->find(id); old != known->end() && old->second == resource) continue;
    if (id.empty() || id != resource->id)
      return fail(ErrorCode::kInternal, fmt::format("resource '{}' is filed under '{}'", resource->id, id), "id");
    if (auto status = validate(*resource); !status) return status;
  }
  return {};
}

tl::unexpected<Error> already_held(const IpAddress& address, const Holder& holder, std::string_view field) {
  return fail(ErrorCode::kConflict,
              fmt::format("{} is already the address of {} {}", address.to_string(), to_string(holder.kind), holder.id),
              std::string(field));
}

tl::unexpected<Error> member_is_served(const Member& member, const Holder& holder) {
  return invalid("address", fmt::format("{} is the address of {} {}; a member cannot be a load balancer",
                                        member.address.to_string(), to_string(holder.kind), holder.id));
}

tl::unexpected<Error> checked_is_served(const Member& member) {
  return invalid("monitor_address", fmt::format("{} is the address of a load balancer, which has no members to check",
                                                member.monitor_address->to_string()));
}

Status hold(Holders& holders, const IpAddress& address, Kind kind, const Id& id, std::string_view field) {
  const auto [it, fresh] = holders.emplace(address, Holder{kind, id});
  if (fresh) return {};
  return already_held(address, it->second, field);
}

std::string_view family(const IpAddress& address) { return address.is_v4() ? "IPv4" : "IPv6"; }

Status check_eips(const Model& model, Holders& holders) {
  std::unordered_map<std::string_view, const Eip*> bound;
  for (const auto& [id, eip] : model.eips) {
    if (auto status = hold(holders, eip->address, Kind::kEip, id, "address"); !status) return status;
    if (!eip->loadbalancer_id) continue;
    const LoadBalancer* lb = look_up(model.load_balancers, *eip->loadbalancer_id);
    if (!lb) return missing("loadbalancer_id", Kind::kLoadBalancer, *eip->loadbalancer_id);
    if (lb->vip_address.is_v4() != eip->address.is_v4())
      return invalid("loadbalancer_id",
                     fmt::format("EIP {} is {}, the VIP {} of load balancer {} is {}: both must be of one family",
                                 eip->address.to_string(), family(eip->address), lb->vip_address.to_string(), lb->id,
                                 family(lb->vip_address)));
    const auto [it, fresh] = bound.emplace(*eip->loadbalancer_id, eip.get());
    if (!fresh)  // LB-12
      return fail(ErrorCode::kConflict,
                  fmt::format("load balancer {} already has EIP {} ({})", lb->id, it->second->address.to_string(),
                              it->second->id),
                  "loadbalancer_id");
  }
  return {};
}

Result<Holders> check_addresses(const Model& model) {
  Holders holders;
  holders.reserve(model.load_balancers.size() + model.eips.size());
  for (const auto& [id, lb] : model.load_balancers)
    if (auto status = hold(holders, lb->vip_address, Kind::kLoadBalancer, id, "vip_address"); !status)
      return pass_on(status.error());
  if (auto status = check_eips(model, holders); !status) return pass_on(status.error());
  return holders;
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
  const Protocol needed = pool_protocol(listener.protocol);
  if (pool->protocol != needed)
    return invalid("default_pool_id",
                   fmt::format("a {} listener needs a {} pool, pool {} is {}", to_string(listener.protocol),
                               to_string(needed), pool->id, to_string(pool->protocol)));
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

/// NAT64 gives IPv6 clients IPv4 members; the other way round there are too few addresses.
Status check_family(const Model& model, const Pool& pool, const Member& member) {
  if (member.address.is_v4()) return {};
  const LoadBalancer* lb = look_up(model.load_balancers, pool.loadbalancer_id);
  if (!lb || !lb->vip_address.is_v4()) return {};
  return invalid("address", fmt::format("{} is IPv6, but the VIP {} of load balancer {} is IPv4, which needs IPv4 "
                                        "members (an IPv6 VIP takes both)",
                                        member.address.to_string(), lb->vip_address.to_string(), lb->id));
}

Status check_members(const Model& model, const Holders& holders) {
  struct Place {
    const Pool* pool;
    Endpoint endpoint;
    const Member* member;
    auto key() const { return std::tie(pool, endpoint); }
  };
  std::vector<Place> places;  // sorted: for so many small keys much cheaper than a map
  places.reserve(model.members.size());
  for (const auto& [id, member] : model.members) {
    const Pool* pool = look_up(model.pools, member->pool_id);
    if (!pool) return missing("pool_id", Kind::kPool, member->pool_id);
    if (auto status = check_family(model, *pool, *member); !status) return status;
    if (const auto holder = holders.find(member->address); holder != holders.end())
      return member_is_served(*member, holder->second);
    if (member->monitor_address && holders.contains(*member->monitor_address)) return checked_is_served(*member);
    places.push_back({pool, {member->address, member->protocol_port}, member.get()});
  }
  std::ranges::stable_sort(places, {}, &Place::key);
  const auto twin = std::ranges::adjacent_find(places, {}, &Place::key);
  if (twin == places.end()) return {};
  const Member& member = *twin->member;
  return fail(ErrorCode::kConflict,
              fmt::format("members {} and {} of pool {} both have {}", member.id, std::next(twin)->member->id,
                          member.pool_id, twin->endpoint.to_string()),
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
    if ((pool->protocol == Protocol::kUdp) != (monitor->type == MonitorType::kUdp))  // HC-02
      return invalid("type", fmt::format("a {} pool cannot be checked by {}", to_string(pool->protocol),
                                         to_string(monitor->type)));
    if (monitor->type == MonitorType::kGrpcHealth && !pool->grpc)
      return invalid("type", fmt::format("GRPC needs a GRPC pool, this one is {}", to_string(pool->protocol)));
  }
  return {};
}

Status check_all(const Model& model, const Model* base) {
  const auto each = [&]<class T>(const Table<T>& table) {
    return check_each(table, base ? &base->table<T>() : nullptr);
  };
  if (auto status = each(model.load_balancers); !status) return status;
  if (auto status = each(model.listeners); !status) return status;
  if (auto status = each(model.pools); !status) return status;
  if (auto status = each(model.members); !status) return status;
  if (auto status = each(model.health_monitors); !status) return status;
  if (auto status = each(model.eips); !status) return status;
  if (auto status = each(model.certificates); !status) return status;
  if (auto status = each(model.l7policies); !status) return status;
  if (auto status = each(model.l7rules); !status) return status;

  const auto holders = check_addresses(model);
  if (!holders) return pass_on(holders.error());
  if (auto status = check_pools(model); !status) return status;
  if (auto status = check_listeners(model); !status) return status;
  if (auto status = check_members(model, *holders); !status) return status;
  if (auto status = check_health_monitors(model); !status) return status;
  return check_l7(model);
}

/// Whose address it is, but for `self`.
std::optional<Holder> holder_of(const Relations& relations, const IpAddress& address, std::string_view self) {
  for (const auto& lb : relations.load_balancers_at(address))
    if (lb->id != self) return Holder{Kind::kLoadBalancer, lb->id};
  for (const auto& eip : relations.eips_at(address))
    if (eip->id != self) return Holder{Kind::kEip, eip->id};
  return std::nullopt;
}

/// A VIP or an EIP that is new: nobody else has it.
Status check_served(const Relations& relations, const IpAddress& address, Kind kind, const Id& id) {
  if (const auto holder = holder_of(relations, address, id))
    return already_held(address, *holder, kind == Kind::kEip ? "address" : "vip_address");
  for (const auto& member : relations.members_at(address)) {
    if (member->address == address) return member_is_served(*member, Holder{kind, id});
    return checked_is_served(*member);
  }
  return {};
}

/// Addresses are looked for in the whole model: it is the one rule that does not end at a load balancer.
Status check_changed_addresses(const Model& base, const Model& model, const Relations& relations) {
  Status status;
  const auto look = [&status](auto check) {
    return [&status, check](const Id& id, const auto& /*before*/, const auto& after) {
      if (after && status) status = check(id, *after);
    };
  };
  Table<LoadBalancer>::differences(base.load_balancers, model.load_balancers,
                                   look([&](const Id& id, const LoadBalancer& lb) {
                                     return check_served(relations, lb.vip_address, Kind::kLoadBalancer, id);
                                   }));
  Table<Eip>::differences(base.eips, model.eips, look([&](const Id& id, const Eip& eip) {
                            return check_served(relations, eip.address, Kind::kEip, id);
                          }));
  Table<Member>::differences(base.members, model.members, look([&](const Id& /*id*/, const Member& member) -> Status {
                               if (const auto holder = holder_of(relations, member.address, {}))
                                 return member_is_served(member, *holder);
                               if (member.monitor_address && holder_of(relations, *member.monitor_address, {}))
                                 return checked_is_served(member);
                               return {};
                             }));
  return status;
}

}  // namespace

tl::unexpected<Error> missing(std::string field, Kind kind, const Id& id) {
  return invalid(std::move(field), fmt::format("{} {} does not exist", to_string(kind), id));
}

Status validate(const Model& model) { return check_all(model, nullptr); }

Status validate_change(const Model& base, const Model& model, const Relations& relations) {
  if (auto status = check_all(changed_part(base, model, relations), &base); !status) return status;
  return check_changed_addresses(base, model, relations);
}

}  // namespace elb::model
