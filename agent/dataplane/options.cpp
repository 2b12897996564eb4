// SPDX-License-Identifier: Apache-2.0
#include "dataplane/options.h"

#include <net/if.h>

#include <algorithm>
#include <bit>

namespace elb::dataplane {

namespace {

constexpr uint32_t kFlowSlotsMin = 1U << 10;
constexpr uint32_t kFlowSlotsMax = 1U << 28;  // 16 GiB
constexpr uint32_t kIndexesMax = 1U << 16;    // a flow holds 16 bits for each
constexpr uint32_t kTimeMax = 24 * 3600;
constexpr uint8_t kLocal6Shortest = 64, kLocal6Longest = 126;
/// Of an IPv6 prefix no more bits than these vary, so that the packet path can count addresses as it does for IPv4.
constexpr uint32_t kLocal6Bits = 16;
constexpr uint32_t kAclEntriesMax = 10'000'000;
constexpr uint32_t kStickyMin = 1024;
constexpr uint32_t kStickyMax = 1U << 24;
constexpr uint32_t kRateMax = 100'000'000;

Status check_time(const char* field, uint32_t seconds) {
  if (seconds >= 1 && seconds <= kTimeMax) return {};
  return invalid(field, fmt::format("{} s is out of range (1 to {})", seconds, kTimeMax));
}

/// The prefix's address number n; n below 2^16.
IpAddress numbered(const Cidr& cidr, uint16_t n) {
  auto bytes = cidr.address.bytes();
  bytes[14] |= static_cast<uint8_t>(n >> 8U);
  bytes[15] |= static_cast<uint8_t>(n);
  return IpAddress::from_v6(bytes);
}

}  // namespace

HookMode DataplaneOptions::mode_of(const std::string& interface) const {
  const auto own = modes.find(interface);
  return own == modes.end() ? mode : own->second;
}

IpAddress DataplaneOptions::host_address() const {
  return IpAddress::from_v4_host(local_addresses.address.v4_host() + 1);
}

IpAddress DataplaneOptions::first_local() const {
  return IpAddress::from_v4_host(local_addresses.address.v4_host() + 2);
}

uint32_t DataplaneOptions::local_count() const { return (1U << (32 - local_addresses.prefix)) - 3; }

// Number 0 is the subnet routers' anycast address (RFC 4291); IPv6 has no broadcast address to leave out.
IpAddress DataplaneOptions::host_address6() const { return numbered(*local_addresses6, 1); }
IpAddress DataplaneOptions::first_local6() const { return numbered(*local_addresses6, 2); }

uint32_t DataplaneOptions::local_count6() const {
  return (1U << std::min(kLocal6Bits, 128U - local_addresses6->prefix)) - 2;
}

std::vector<IpAddress> DataplaneOptions::host_addresses() const {
  std::vector<IpAddress> addresses{host_address()};
  if (local_addresses6) addresses.push_back(host_address6());
  return addresses;
}

Status DataplaneOptions::validate() const {
  if (interfaces.empty()) return invalid("interfaces", "name at least one interface");
  for (const std::string& name : interfaces) {
    if (name.empty() || name.size() >= IFNAMSIZ || name.find('/') != std::string::npos)
      return invalid("interfaces", fmt::format("'{}' is no interface name", name));
    if (std::count(interfaces.begin(), interfaces.end(), name) > 1)
      return invalid("interfaces", fmt::format("'{}' is named twice", name));
  }
  for (const std::string& name : interfaces)
    if (attach == XdpAttach::kLibxdp && mode_of(name) == HookMode::kTc)
      return invalid("mode", fmt::format("{}: tc and xdp-attach libxdp exclude each other", name));
  if (!local_addresses.address.is_v4() || local_addresses.prefix < 8 || local_addresses.prefix > 30)
    return invalid("local-addresses", fmt::format("'{}' is no IPv4 prefix of /8 to /30", local_addresses.to_string()));
  if (local_addresses6 && (local_addresses6->address.is_v4() || local_addresses6->prefix < kLocal6Shortest ||
                           local_addresses6->prefix > kLocal6Longest))
    return invalid("local-addresses", fmt::format("'{}' is no IPv6 prefix of /{} to /{}", local_addresses6->to_string(),
                                                  kLocal6Shortest, kLocal6Longest));
  if (!std::has_single_bit(flow_slots) || flow_slots < kFlowSlotsMin || flow_slots > kFlowSlotsMax)
    return invalid("flow-slots",
                   fmt::format("{} is no power of two from {} to {}", flow_slots, kFlowSlotsMin, kFlowSlotsMax));
  if (max_listeners < 1 || max_listeners > kIndexesMax)
    return invalid("max-listeners", fmt::format("{} is out of range (1 to {})", max_listeners, kIndexesMax));
  if (max_members < 1 || max_members > kIndexesMax)
    return invalid("max-members", fmt::format("{} is out of range (1 to {})", max_members, kIndexesMax));
  if (max_acl_entries < 1 || max_acl_entries > kAclEntriesMax)
    return invalid("max-acl-entries", fmt::format("{} is out of range (1 to {})", max_acl_entries, kAclEntriesMax));
  if (max_sticky_clients < kStickyMin || max_sticky_clients > kStickyMax)
    return invalid("max-sticky-clients",
                   fmt::format("{} is out of range ({} to {})", max_sticky_clients, kStickyMin, kStickyMax));
  if (max_new_connections_per_s > kRateMax)
    return invalid("max-new-connections-per-s",
                   fmt::format("{} is out of range (0 to {})", max_new_connections_per_s, kRateMax));
  if (pin_dir.empty() || pin_dir[0] != '/') return invalid("pin-dir", fmt::format("'{}' is no absolute path", pin_dir));
  for (const auto& [field, seconds] : {std::pair{"tcp-idle-s", times.tcp_idle_s},
                                       {"tcp-opening-s", times.tcp_opening_s},
                                       {"tcp-closing-s", times.tcp_closing_s},
                                       {"udp-idle-s", times.udp_idle_s},
                                       {"port-rest-s", times.port_rest_s}})
    if (auto status = check_time(field, seconds); !status) return status;
  return {};
}

}  // namespace elb::dataplane
