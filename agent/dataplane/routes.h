// SPDX-License-Identifier: Apache-2.0
// Routes: the questions the dataplane asks the kernel's network stack and the few changes it makes there: links, the
// route to an address, neighbours, the node's own addresses on lo. Both families. Thread rule: one thread for each
// object.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "dataplane/netlink.h"

namespace elb::dataplane {

using Mac = std::array<uint8_t, 6>;

struct LinkInfo {
  uint32_t ifindex = 0;
  std::string name;
  std::string kind;  // "veth", "bond", ...; empty for hardware
  std::optional<Mac> mac;
  uint32_t mtu = 0;
  bool up = false;  // administratively, and with carrier
};

struct RouteInfo {
  uint32_t ifindex = 0;
  IpAddress neighbour;  // the gateway, or the address itself when it is on the link
  uint32_t mtu = 0;     // 0: the link's
};

struct NeighbourInfo {
  uint32_t ifindex = 0;
  IpAddress address;
  std::optional<Mac> mac;  // while the kernel trusts it
};

class Routes {
 public:
  static Result<Routes> open();

  Result<std::vector<LinkInfo>> links();
  /// kNotFound where there is no route or the address is the node's own.
  Result<RouteInfo> route_to(const IpAddress& address);
  /// Nothing if the kernel has no entry.
  Result<std::optional<NeighbourInfo>> neighbour(uint32_t ifindex, const IpAddress& address);
  /// Has the kernel resolve the neighbour and keep it resolved by itself (5.16 and newer; before that: resolve it
  /// once).
  Status manage_neighbour(uint32_t ifindex, const IpAddress& address);
  /// Ends that, for a neighbour that is still known.
  Status release_neighbour(uint32_t ifindex, const IpAddress& address);

  /// address/32 (or /128) on lo, which is raised if it is down. True if the address had to be added.
  Result<bool> add_host_address(const IpAddress& address);
  Status remove_host_address(const IpAddress& address);

 private:
  Status raise_loopback();
  Status probe_neighbour(uint32_t ifindex, const IpAddress& address);

  explicit Routes(Netlink netlink) : netlink_(std::move(netlink)) {}
  Netlink netlink_;
};

/// What a notification is about; nothing for a message that is not of that kind.
std::optional<NeighbourInfo> parse_neighbour(const NetlinkMessage& message);
std::optional<LinkInfo> parse_link(const NetlinkMessage& message);

}  // namespace elb::dataplane
