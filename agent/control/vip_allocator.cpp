// SPDX-License-Identifier: Apache-2.0
#include "control/vip_allocator.h"

#include <fmt/core.h>

#include <unordered_map>

namespace elb::control {
namespace {

using model::LoadBalancer;
using model::Model;
using model::Subnet;

/// Who holds which IPv4 address (host order): text for the message.
using Holders = std::unordered_map<uint32_t, std::string>;

Holders taken_addresses(const Model& model) {
  Holders holders;
  for (const auto& [id, member] : model.members)
    if (member->address.is_v4()) holders.emplace(member->address.v4_host(), "member " + id);
  for (const auto& [id, lb] : model.load_balancers)
    if (lb->vip_address.is_v4()) holders.insert_or_assign(lb->vip_address.v4_host(), "load balancer " + id);
  return holders;
}

struct HostRange {
  uint32_t first, last;  // host order, both usable
};

/// Without network and broadcast address; a /31 and a /32 have neither (RFC 3021).
HostRange host_range(const Cidr& cidr) {
  const uint32_t network = cidr.address.v4_host();
  const uint32_t broadcast = network | (cidr.prefix == 0 ? ~0U : ~(~0U << (32U - cidr.prefix)));
  if (cidr.prefix >= 31) return {network, broadcast};
  return {network + 1, broadcast - 1};
}

Status check_given(const LoadBalancer& lb, const Subnet& subnet, const Holders& holders) {
  const std::string address = lb.vip_address.to_string();
  if (!subnet.cidr.contains(lb.vip_address))
    return invalid("vip_address",
                   fmt::format("{} is not in subnet {} ({})", address, subnet.id, subnet.cidr.to_string()));
  const uint32_t host = lb.vip_address.v4_host();
  const HostRange range = host_range(subnet.cidr);
  if (host < range.first || host > range.last)
    return invalid("vip_address", fmt::format("{} is the {} address of subnet {}", address,
                                              host < range.first ? "network" : "broadcast", subnet.id));
  if (subnet.gateway == lb.vip_address)
    return invalid("vip_address", fmt::format("{} is the gateway of subnet {}", address, subnet.id));
  if (const auto it = holders.find(host); it != holders.end())
    return fail(ErrorCode::kConflict, fmt::format("{} is already the address of {}", address, it->second),
                "vip_address");
  return {};
}

std::optional<IpAddress> lowest_free(const Subnet& subnet, const Holders& holders) {
  const HostRange range = host_range(subnet.cidr);
  // 64 bits: the loop must end at 255.255.255.255 too. It steps at most once per taken address.
  for (uint64_t host = range.first; host <= range.last; ++host) {
    const IpAddress address = IpAddress::from_v4_host(static_cast<uint32_t>(host));
    if (subnet.gateway != address && !holders.contains(static_cast<uint32_t>(host))) return address;
  }
  return std::nullopt;
}

/// The subnets that the request allows, in the order of the configuration.
Result<std::vector<const Subnet*>> candidates(const LoadBalancer& lb, bool vip_given,
                                              const std::vector<Subnet>& subnets) {
  std::vector<const Subnet*> found;
  if (!lb.vip_subnet_id.empty()) {
    for (const Subnet& subnet : subnets)
      if (subnet.id == lb.vip_subnet_id) found.push_back(&subnet);
    if (found.empty())
      return invalid("vip_subnet_id", fmt::format("subnet {} is not registered on this node", lb.vip_subnet_id));
    if (!lb.vip_network_id.empty() && found[0]->network_id != lb.vip_network_id)
      return invalid("vip_network_id",
                     fmt::format("subnet {} belongs to network {}", found[0]->id, found[0]->network_id));
  } else if (!lb.vip_network_id.empty()) {
    for (const Subnet& subnet : subnets)
      if (subnet.network_id == lb.vip_network_id && subnet.cidr.address.is_v4()) found.push_back(&subnet);
    if (found.empty())
      return invalid("vip_network_id", fmt::format("network {} has no IPv4 subnet on this node", lb.vip_network_id));
  } else if (!vip_given) {
    return invalid("vip_subnet_id", "one of vip_subnet_id, vip_network_id and vip_address is required");
  }
  if (vip_given && lb.vip_subnet_id.empty()) {
    const Subnet* holder = nullptr;
    for (const Subnet& subnet : subnets)
      if (subnet.cidr.contains(lb.vip_address) &&
          (lb.vip_network_id.empty() || subnet.network_id == lb.vip_network_id) &&
          (!holder || subnet.cidr.prefix > holder->cidr.prefix))
        holder = &subnet;
    if (!holder)
      return invalid("vip_address", fmt::format("{} is in no subnet {}", lb.vip_address.to_string(),
                                                lb.vip_network_id.empty() ? "registered on this node"
                                                                          : "of network " + lb.vip_network_id));
    found = {holder};
  }
  if (!found[0]->cidr.address.is_v4())
    return invalid("vip_subnet_id", fmt::format("subnet {} is IPv6; this version serves IPv4 only", found[0]->id));
  return found;
}

}  // namespace

Status place_vip(LoadBalancer& load_balancer, bool vip_given, const std::vector<Subnet>& subnets, const Model& model) {
  if (vip_given && !load_balancer.vip_address.is_v4())
    return invalid("vip_address", fmt::format("{} is an IPv6 address; this version serves IPv4 only",
                                              load_balancer.vip_address.to_string()));
  const auto allowed = candidates(load_balancer, vip_given, subnets);
  if (!allowed) return pass_on(allowed.error());
  const Holders holders = taken_addresses(model);
  for (const Subnet* subnet : *allowed) {
    if (vip_given) {
      if (auto status = check_given(load_balancer, *subnet, holders); !status) return status;
    } else {
      const auto address = lowest_free(*subnet, holders);
      if (!address) continue;
      load_balancer.vip_address = *address;
    }
    load_balancer.vip_subnet_id = subnet->id;
    load_balancer.vip_network_id = subnet->network_id;
    return {};
  }
  return fail(ErrorCode::kConflict, fmt::format("subnet {} has no free address left", allowed->back()->id),
              "vip_subnet_id");
}

}  // namespace elb::control
