// SPDX-License-Identifier: Apache-2.0
#include "dataplane/routes.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cerrno>

namespace elb::dataplane {

namespace {

constexpr uint16_t kNudValid = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;

uint8_t family_of(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }
uint8_t bits_of(const IpAddress& address) { return address.is_v4() ? 32 : 128; }

void put_address(NetlinkRequest& request, uint16_t attribute, const IpAddress& address) {
  request.put(attribute, address.bytes().data(), address.is_v4() ? 4 : 16);
}

std::optional<IpAddress> address_of(unsigned family, std::span<const uint8_t> bytes) {
  if (family == AF_INET && bytes.size() == 4) return IpAddress::from_v4_be(*netlink_value<uint32_t>(bytes));
  if (family == AF_INET6 && bytes.size() == 16)
    return IpAddress::from_v6(*netlink_value<std::array<uint8_t, 16>>(bytes));
  return std::nullopt;
}

/// The gateway of another family than the route's (RFC 5549).
std::optional<IpAddress> via_of(std::span<const uint8_t> bytes) {
  const auto family = netlink_value<uint16_t>(bytes);
  return family ? address_of(*family, bytes.subspan(sizeof *family)) : std::nullopt;
}

NetlinkRequest neighbour_request(uint16_t type, uint16_t flags, uint32_t ifindex, const IpAddress& address,
                                 uint8_t ndm_flags) {
  ndmsg body{};
  body.ndm_family = family_of(address);
  body.ndm_ifindex = static_cast<int>(ifindex);
  body.ndm_flags = ndm_flags;
  NetlinkRequest request(type, flags, body);
  put_address(request, NDA_DST, address);
  return request;
}

std::optional<Mac> mac_of(std::span<const uint8_t> bytes) {
  if (bytes.size() != sizeof(Mac)) return std::nullopt;
  return netlink_value<Mac>(bytes);
}

std::string text_of(std::span<const uint8_t> bytes) {
  const std::string text(bytes.begin(), bytes.end());
  return text.substr(0, text.find('\0'));
}

NetlinkRequest address_request(uint16_t type, uint16_t flags, const IpAddress& address) {
  ifaddrmsg body{};
  body.ifa_family = family_of(address);
  body.ifa_prefixlen = bits_of(address);
  body.ifa_scope = RT_SCOPE_UNIVERSE;  // so that the stack answers with it beyond the host
  body.ifa_index = if_nametoindex("lo");
  NetlinkRequest request(type, flags, body);
  put_address(request, IFA_LOCAL, address);
  put_address(request, IFA_ADDRESS, address);
  return request;
}

}  // namespace

std::optional<NeighbourInfo> parse_neighbour(const NetlinkMessage& message) {
  if (message.type() != RTM_NEWNEIGH && message.type() != RTM_DELNEIGH) return std::nullopt;
  const auto body = message.body<ndmsg>();
  if (!body) return std::nullopt;
  NeighbourInfo info;
  info.ifindex = static_cast<uint32_t>(body->ndm_ifindex);
  std::optional<IpAddress> address;
  message.attributes(sizeof(ndmsg), [&](uint16_t type, std::span<const uint8_t> bytes) {
    if (type == NDA_DST) address = address_of(body->ndm_family, bytes);
    if (type == NDA_LLADDR) info.mac = mac_of(bytes);
  });
  if (!address) return std::nullopt;
  info.address = *address;
  if ((body->ndm_state & kNudValid) == 0 || message.type() == RTM_DELNEIGH) info.mac.reset();
  return info;
}

std::optional<LinkInfo> parse_link(const NetlinkMessage& message) {
  if (message.type() != RTM_NEWLINK) return std::nullopt;
  const auto body = message.body<ifinfomsg>();
  if (!body) return std::nullopt;
  LinkInfo info;
  info.ifindex = static_cast<uint32_t>(body->ifi_index);
  info.up = (body->ifi_flags & IFF_UP) != 0 && (body->ifi_flags & IFF_RUNNING) != 0;
  message.attributes(sizeof(ifinfomsg), [&](uint16_t type, std::span<const uint8_t> bytes) {
    if (type == IFLA_IFNAME) info.name = text_of(bytes);
    if (type == IFLA_ADDRESS) info.mac = mac_of(bytes);
    if (type == IFLA_MTU) info.mtu = netlink_value<uint32_t>(bytes).value_or(0);
    if (type == IFLA_LINKINFO)
      netlink_attributes(bytes, [&](uint16_t nested, std::span<const uint8_t> value) {
        if (nested == IFLA_INFO_KIND) info.kind = text_of(value);
      });
  });
  return info;
}

Result<Routes> Routes::open() {
  auto netlink = Netlink::open();
  if (!netlink) return pass_on(std::move(netlink.error()));
  return Routes(std::move(*netlink));
}

Result<std::vector<LinkInfo>> Routes::links() {
  std::vector<LinkInfo> links;
  const ifinfomsg body{};
  auto status =
      netlink_.ask(NetlinkRequest(RTM_GETLINK, NLM_F_DUMP, body), "list of links", [&](const NetlinkMessage& message) {
        if (auto link = parse_link(message)) links.push_back(std::move(*link));
      });
  if (!status) return pass_on(std::move(status.error()));
  return links;
}

Result<RouteInfo> Routes::route_to(const IpAddress& address) {
  rtmsg body{};
  body.rtm_family = family_of(address);
  body.rtm_dst_len = bits_of(address);
  NetlinkRequest request(RTM_GETROUTE, 0, body);
  put_address(request, RTA_DST, address);
  RouteInfo route;
  route.neighbour = address;
  uint8_t kind = RTN_UNREACHABLE;
  int refused = 0;
  auto status = netlink_.ask(
      std::move(request), "route lookup",
      [&](const NetlinkMessage& message) {
        const auto found = message.body<rtmsg>();
        if (message.type() != RTM_NEWROUTE || !found) return;
        kind = found->rtm_type;
        message.attributes(sizeof(rtmsg), [&](uint16_t type, std::span<const uint8_t> bytes) {
          if (type == RTA_OIF) route.ifindex = netlink_value<uint32_t>(bytes).value_or(0);
          if (type == RTA_GATEWAY)
            if (const auto gateway = address_of(found->rtm_family, bytes)) route.neighbour = *gateway;
          if (type == RTA_VIA)
            if (const auto gateway = via_of(bytes)) route.neighbour = *gateway;
          if (type == RTA_METRICS)
            netlink_attributes(bytes, [&](uint16_t metric, std::span<const uint8_t> value) {
              if (metric == RTAX_MTU) route.mtu = netlink_value<uint32_t>(value).value_or(0);
            });
        });
      },
      &refused);
  if (!status) return pass_on(std::move(status.error()));
  if (refused != 0 || kind == RTN_UNREACHABLE)
    return fail(ErrorCode::kNotFound, fmt::format("no route to {}", address.to_string()));
  if (kind != RTN_UNICAST || route.ifindex == 0)
    return fail(ErrorCode::kNotFound,
                fmt::format("{} is the node's own address or no unicast address", address.to_string()));
  return route;
}

Result<std::optional<NeighbourInfo>> Routes::neighbour(uint32_t ifindex, const IpAddress& address) {
  std::optional<NeighbourInfo> found;
  int refused = 0;
  auto status = netlink_.ask(
      neighbour_request(RTM_GETNEIGH, 0, ifindex, address, 0), "neighbour lookup",
      [&](const NetlinkMessage& message) { found = parse_neighbour(message); }, &refused);
  if (!status) return pass_on(std::move(status.error()));
  return found;
}

Status Routes::manage_neighbour(uint32_t ifindex, const IpAddress& address) {
  auto request = neighbour_request(RTM_NEWNEIGH, NLM_F_CREATE, ifindex, address, 0);
  request.put_u32(NDA_FLAGS_EXT, NTF_EXT_MANAGED);
  int refused = 0;
  auto status = netlink_.ask(std::move(request), "neighbour", {}, &refused);
  if (!status || refused == 0) return status;
  if (refused != EINVAL && refused != EOPNOTSUPP)
    return fail_errno(refused, fmt::format("neighbour {}", address.to_string()));
  return probe_neighbour(ifindex, address);  // a kernel without managed neighbours: resolve it now
}

Status Routes::probe_neighbour(uint32_t ifindex, const IpAddress& address) {
  return netlink_.ask(neighbour_request(RTM_NEWNEIGH, NLM_F_CREATE, ifindex, address, NTF_USE),
                      fmt::format("neighbour {}", address.to_string()));
}

/// An update without the managed flag takes it away.
Status Routes::release_neighbour(uint32_t ifindex, const IpAddress& address) {
  int refused = 0;
  auto status = netlink_.ask(neighbour_request(RTM_NEWNEIGH, 0, ifindex, address, NTF_USE), "neighbour", {}, &refused);
  if (!status || refused == 0 || refused == ENOENT || refused == ENODEV) return status;
  return fail_errno(refused, fmt::format("neighbour {}", address.to_string()));
}

/// In a new network namespace lo is down, and an address on it is no local one.
Status Routes::raise_loopback() {
  ifinfomsg body{};
  body.ifi_index = static_cast<int>(if_nametoindex("lo"));
  body.ifi_flags = IFF_UP;
  body.ifi_change = IFF_UP;
  return netlink_.ask(NetlinkRequest(RTM_NEWLINK, 0, body), "raising of lo");
}

Result<bool> Routes::add_host_address(const IpAddress& address) {
  if (auto status = raise_loopback(); !status) return pass_on(std::move(status.error()));
  int refused = 0;
  auto status =
      netlink_.ask(address_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address), "address on lo", {}, &refused);
  if (!status) return pass_on(std::move(status.error()));
  if (refused != 0 && refused != EEXIST)
    return fail_errno(refused, fmt::format("address {}/{} on lo", address.to_string(), bits_of(address)));
  return refused == 0;
}

Status Routes::remove_host_address(const IpAddress& address) {
  int refused = 0;
  auto status = netlink_.ask(address_request(RTM_DELADDR, 0, address), "address on lo", {}, &refused);
  if (!status || refused == 0 || refused == EADDRNOTAVAIL) return status;
  return fail_errno(refused, fmt::format("address {}/{} on lo", address.to_string(), bits_of(address)));
}

}  // namespace elb::dataplane
