// SPDX-License-Identifier: Apache-2.0
// Change of a resource that exists: what a PUT may and may not do.
#include <fmt/core.h>

#include "control/draft.h"

namespace elb::control {
namespace {

using model::Certificate;
using model::Eip;
using model::HealthMonitor;
using model::L7Policy;
using model::L7Rule;
using model::Listener;
using model::LoadBalancer;
using model::Member;
using model::Pool;

template <class T>
Status same(const T& before, const T& after, std::string_view field) {
  if (before == after) return {};
  return fail(ErrorCode::kConflict, fmt::format("{} cannot be changed after creation", field), std::string(field));
}

Status check_immutable(const LoadBalancer& before, const LoadBalancer& after) {
  if (auto status = same(before.vip_address, after.vip_address, "vip_address"); !status) return status;
  if (auto status = same(before.vip_subnet_id, after.vip_subnet_id, "vip_subnet_id"); !status) return status;
  if (auto status = same(before.vip_network_id, after.vip_network_id, "vip_network_id"); !status) return status;
  if (auto status = same(before.vip_port_id, after.vip_port_id, "vip_port_id"); !status) return status;
  return same(before.provider, after.provider, "provider");
}

Status check_immutable(const Listener& before, const Listener& after) {
  if (auto status = same(before.loadbalancer_id, after.loadbalancer_id, "loadbalancer_id"); !status) return status;
  if (auto status = same(before.protocol, after.protocol, "protocol"); !status) return status;
  return same(before.protocol_port, after.protocol_port, "protocol_port");
}

Status check_immutable(const Pool& before, const Pool& after) {
  if (auto status = same(before.loadbalancer_id, after.loadbalancer_id, "loadbalancer_id"); !status) return status;
  return same(before.protocol, after.protocol, "protocol");
}

Status check_immutable(const Member& before, const Member& after) {
  if (auto status = same(before.pool_id, after.pool_id, "pool_id"); !status) return status;
  if (auto status = same(before.address, after.address, "address"); !status) return status;
  if (auto status = same(before.protocol_port, after.protocol_port, "protocol_port"); !status) return status;
  return same(before.subnet_id, after.subnet_id, "subnet_id");
}

Status check_immutable(const HealthMonitor& before, const HealthMonitor& after) {
  if (auto status = same(before.pool_id, after.pool_id, "pool_id"); !status) return status;
  return same(before.type, after.type, "type");
}

Status check_immutable(const Eip& before, const Eip& after) {
  if (auto status = same(before.address, after.address, "address"); !status) return status;
  if (auto status = same(before.type, after.type, "type"); !status) return status;
  // LB-07: an EIP moves only by being unbound first, so that nobody takes a serving one away by mistake.
  if (before.loadbalancer_id && after.loadbalancer_id && before.loadbalancer_id != after.loadbalancer_id)
    return fail(ErrorCode::kConflict,
                fmt::format("EIP {} is already bound to load balancer {}; unbind it first", before.address.to_string(),
                            *before.loadbalancer_id),
                "loadbalancer_id");
  return same(before.bandwidth_id, after.bandwidth_id, "bandwidth_id");
}

Status check_immutable(const Certificate& before, const Certificate& after) {
  return same(before.type, after.type, "type");
}

Status check_immutable(const L7Policy& before, const L7Policy& after) {
  return same(before.listener_id, after.listener_id, "listener_id");
}

Status check_immutable(const L7Rule& before, const L7Rule& after) {
  return same(before.l7policy_id, after.l7policy_id, "l7policy_id");
}

}  // namespace

template <class T>
Status Draft::update(T resource) {
  const auto current = find<T>(resource.id);
  if (!current) return pass_on(current.error());
  const T& before = **current;
  if (auto status = same(before.project_id, resource.project_id, "project_id"); !status) return status;
  if (auto status = check_immutable(before, resource); !status) return status;
  if (auto status = validate(resource); !status) return status;
  if constexpr (std::is_same_v<T, Listener>) {
    if (resource.default_pool_id && !has<Pool>(*resource.default_pool_id))
      return fail(ErrorCode::kNotFound, fmt::format("pool {} does not exist", *resource.default_pool_id),
                  "default_pool_id");
    if (auto status = check_references(resource.tls); !status) return status;
    if (resource.whitelist && resource.whitelist->id.empty()) resource.whitelist->id = new_uuid(random_);
  }
  if constexpr (std::is_same_v<T, LoadBalancer>) {
    if (resource.access_log && resource.access_log->id.empty()) resource.access_log->id = new_uuid(random_);
  }
  if constexpr (std::is_same_v<T, Member>)
    if (auto status = check_monitored(resource); !status) return status;
  if constexpr (std::is_same_v<T, Eip>) {
    if (resource.loadbalancer_id && !has<LoadBalancer>(*resource.loadbalancer_id))
      return fail(ErrorCode::kNotFound, fmt::format("load balancer {} does not exist", *resource.loadbalancer_id),
                  "loadbalancer_id");
  }
  if constexpr (std::is_same_v<T, L7Policy>) {
    resource.sequence = before.sequence;
    if (resource.redirect_pool_id && !has<Pool>(*resource.redirect_pool_id))
      return fail(ErrorCode::kNotFound, fmt::format("pool {} does not exist", *resource.redirect_pool_id),
                  "redirect_pool_id");
    if (resource.redirect_listener_id && !has<Listener>(*resource.redirect_listener_id))
      return fail(ErrorCode::kNotFound, fmt::format("listener {} does not exist", *resource.redirect_listener_id),
                  "redirect_listener_id");
  }
  resource.created_at = before.created_at;
  resource.updated_at = before.updated_at;
  if (resource == before) return {};
  resource.updated_at = now();
  const model::Id id = resource.id;
  const bool moved = [&] {
    if constexpr (std::is_same_v<T, L7Policy>) return resource.position != before.position;
    return false;
  }();
  put(std::move(resource));
  if constexpr (std::is_same_v<T, L7Policy>)
    if (moved) renumber(before.listener_id, id);
  return {};
}

template Status Draft::update(LoadBalancer resource);
template Status Draft::update(Listener resource);
template Status Draft::update(Pool resource);
template Status Draft::update(Member resource);
template Status Draft::update(HealthMonitor resource);
template Status Draft::update(Eip resource);
template Status Draft::update(Certificate resource);
template Status Draft::update(L7Policy resource);
template Status Draft::update(L7Rule resource);

}  // namespace elb::control
