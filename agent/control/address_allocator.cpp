// SPDX-License-Identifier: Apache-2.0
#include "control/address_allocator.h"

#include <fmt/core.h>

#include <algorithm>

namespace elb::control {
namespace {

using model::Eip;
using model::LoadBalancer;
using model::Node;
using model::Subnet;

/// "load balancer <id>"; empty: nobody has the address.
std::string holder_of(const model::Relations& relations, const IpAddress& address) {
  const auto text = [](model::Kind kind, const model::Id& id) { return fmt::format("{} {}", to_string(kind), id); };
  if (const auto& lbs = relations.load_balancers_at(address); !lbs.empty())
    return text(model::Kind::kLoadBalancer, lbs.front()->id);
  if (const auto& eips = relations.eips_at(address); !eips.empty()) return text(model::Kind::kEip, eips.front()->id);
  for (const auto& member : relations.members_at(address))
    if (member->address == address) return text(model::Kind::kMember, member->id);
  return {};
}

/// Whether holder_of() would name somebody; a search asks this of thousands of addresses.
bool is_held(const model::Relations& relations, const IpAddress& address) {
  return !relations.load_balancers_at(address).empty() || !relations.eips_at(address).empty() ||
         std::ranges::any_of(relations.members_at(address),
                             [&address](const auto& member) { return member->address == address; });
}

/// The next address up; of the highest one, the lowest of its family.
IpAddress next(const IpAddress& address) {
  if (address.is_v4()) return IpAddress::from_v4_host(address.v4_host() + 1);
  auto bytes = address.bytes();
  for (size_t i = bytes.size(); i > 0 && ++bytes[i - 1] == 0; --i) continue;
  return IpAddress::from_v6(bytes);
}

IpAddress last_of(const Cidr& cidr) {
  auto bytes = cidr.address.bytes();
  for (size_t bit = cidr.prefix; bit < (cidr.address.is_v4() ? 32U : 128U); ++bit)
    bytes[bit / 8] |= static_cast<uint8_t>(0x80U >> bit % 8);
  if (!cidr.address.is_v4()) return IpAddress::from_v6(bytes);
  return IpAddress::from_v4_host(uint32_t{bytes[0]} << 24U | uint32_t{bytes[1]} << 16U | uint32_t{bytes[2]} << 8U |
                                 bytes[3]);
}

/// IPv4's last address of a range that has network and broadcast address (a /31 and a /32 have neither, RFC 3021).
bool is_broadcast(const Cidr& cidr, const IpAddress& address) {
  return cidr.address.is_v4() && cidr.prefix < 31 && address == last_of(cidr);
}

/// The node's range that the address lies in; null: none.
const Cidr* local_range(const IpAddress& address, const Node& node) {
  const auto it = std::find_if(node.local_addresses.begin(), node.local_addresses.end(),
                               [&](const Cidr& cidr) { return cidr.contains(address); });
  return it == node.local_addresses.end() ? nullptr : &*it;
}

/// IPv4's network address, or IPv6's anycast address of the routers (RFC 4291 2.6.1; not of a /127, RFC 6164).
bool is_network(const Cidr& cidr, const IpAddress& address) {
  return address == cidr.address && cidr.prefix < (cidr.address.is_v4() ? 31 : 127);
}

const Subnet* gateway_of(const IpAddress& address, const Node& node) {
  const auto it = std::find_if(node.subnets.begin(), node.subnets.end(),
                               [&](const Subnet& subnet) { return subnet.gateway == address; });
  return it == node.subnets.end() ? nullptr : &*it;
}

/// Steps at most once for each address and each range that is taken.
std::optional<IpAddress> lowest_free(const Cidr& cidr, const Node& node, const model::Relations& relations) {
  const IpAddress last = last_of(cidr);
  for (IpAddress address = cidr.address;; address = next(address)) {
    if (const Cidr* local = local_range(address, node)) {
      address = std::min(last_of(*local), last);
    } else if (!is_network(cidr, address) && !is_broadcast(cidr, address) && !is_held(relations, address) &&
               gateway_of(address, node) == nullptr) {
      return address;
    }
    if (address == last) return std::nullopt;
  }
}

Status check_free(std::string_view field, const IpAddress& address, const model::Relations& relations) {
  const std::string holder = holder_of(relations, address);
  if (holder.empty()) return {};
  return fail(ErrorCode::kConflict, fmt::format("{} is already the address of {}", address.to_string(), holder),
              std::string(field));
}

Status check_given(const LoadBalancer& lb, const Subnet& subnet, const Node& node, const model::Relations& relations) {
  const std::string address = lb.vip_address.to_string();
  if (!subnet.cidr.contains(lb.vip_address))
    return invalid("vip_address",
                   fmt::format("{} is not in subnet {} ({})", address, subnet.id, subnet.cidr.to_string()));
  if (is_network(subnet.cidr, lb.vip_address))
    return invalid("vip_address", fmt::format("{} is the network address of subnet {}", address, subnet.id));
  if (is_broadcast(subnet.cidr, lb.vip_address))
    return invalid("vip_address", fmt::format("{} is the broadcast address of subnet {}", address, subnet.id));
  if (auto status = check_foreign("vip_address", lb.vip_address, node); !status) return status;
  return check_free("vip_address", lb.vip_address, relations);
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
      if (subnet.network_id == lb.vip_network_id) found.push_back(&subnet);
    if (found.empty())
      return invalid("vip_network_id", fmt::format("network {} has no subnet on this node", lb.vip_network_id));
    std::stable_partition(found.begin(), found.end(),
                          [](const Subnet* subnet) { return subnet->cidr.address.is_v4(); });
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
  return found;
}

}  // namespace

Status check_foreign(std::string_view field, const IpAddress& address, const Node& node) {
  if (local_range(address, node))
    return invalid(std::string(field), fmt::format("{} is one of the node's own addresses (--local-addresses), from "
                                                   "which it speaks to members",
                                                   address.to_string()));
  if (const Subnet* subnet = gateway_of(address, node))
    return invalid(std::string(field), fmt::format("{} is the gateway of subnet {}", address.to_string(), subnet->id));
  return {};
}

Status place_vip(LoadBalancer& load_balancer, bool vip_given, const Node& node, const model::Relations& relations) {
  const auto allowed = candidates(load_balancer, vip_given, node.subnets);
  if (!allowed) return pass_on(allowed.error());
  for (const Subnet* subnet : *allowed) {
    if (vip_given) {
      if (auto status = check_given(load_balancer, *subnet, node, relations); !status) return status;
    } else {
      const auto address = lowest_free(subnet->cidr, node, relations);
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

Status place_eip(Eip& eip, bool address_given, const Node& node, const model::Relations& relations) {
  if (address_given) {
    if (auto status = check_foreign("address", eip.address, node); !status) return status;
    return check_free("address", eip.address, relations);
  }
  if (node.eip_pools.empty())
    return invalid("address", "is required: this node has no pool of EIPs (elb-agent --eip-pool CIDR configures one)");
  for (const Cidr& pool : node.eip_pools) {
    const auto address = lowest_free(pool, node, relations);
    if (!address) continue;
    eip.address = *address;
    return {};
  }
  return fail(ErrorCode::kConflict, "the node's EIP pools have no free address left", "address");
}

}  // namespace elb::control
