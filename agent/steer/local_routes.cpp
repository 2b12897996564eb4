// SPDX-License-Identifier: Apache-2.0
#include "steer/local_routes.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace elb::steer {
namespace {

// Free for administrators' use in iproute2's rt_protos; shown by 'ip route show table local proto 151'.
constexpr uint8_t kProtocol = 151;

struct RouteRequest {
  nlmsghdr header{};
  rtmsg route{};
  std::array<char, 64> attributes{};

  void add(uint16_t type, const void* data, size_t size) {
    auto* attribute = reinterpret_cast<rtattr*>(reinterpret_cast<char*>(&header) + NLMSG_ALIGN(header.nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = static_cast<uint16_t>(RTA_LENGTH(size));
    std::memcpy(RTA_DATA(attribute), data, size);
    header.nlmsg_len = NLMSG_ALIGN(header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
  }
};

Status send_request(const Fd& socket, const RouteRequest& request) {
  const ssize_t sent = ::send(socket.get(), &request, request.header.nlmsg_len, 0);
  return sent < 0 ? Status(fail_errno(errno, "netlink send")) : Status();
}

/// Our route's destination; nothing if it is not ours.
std::optional<IpAddress> own_destination(nlmsghdr* header) {
  auto* route = static_cast<rtmsg*>(NLMSG_DATA(header));
  if (header->nlmsg_type != RTM_NEWROUTE || route->rtm_protocol != kProtocol || route->rtm_type != RTN_LOCAL)
    return std::nullopt;
  int left = static_cast<int>(RTM_PAYLOAD(header));
  for (rtattr* attribute = RTM_RTA(route); RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type != RTA_DST) continue;
    if (route->rtm_family == AF_INET) {
      uint32_t v4 = 0;
      std::memcpy(&v4, RTA_DATA(attribute), sizeof v4);
      return IpAddress::from_v4_be(v4);
    }
    std::array<uint8_t, 16> v6{};
    std::memcpy(v6.data(), RTA_DATA(attribute), v6.size());
    return IpAddress::from_v6(v6);
  }
  return std::nullopt;
}

}  // namespace

Result<LocalRoutes> LocalRoutes::open() {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail_errno(errno, "netlink socket");
  return LocalRoutes(std::move(socket));
}

Status LocalRoutes::change(uint16_t type, uint16_t flags, const IpAddress& address) {
  RouteRequest request;
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof(rtmsg));
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  request.header.nlmsg_seq = ++sequence_;
  request.route.rtm_family = address.is_v4() ? AF_INET : AF_INET6;
  request.route.rtm_dst_len = address.is_v4() ? 32 : 128;
  request.route.rtm_table = RT_TABLE_LOCAL;
  request.route.rtm_protocol = kProtocol;
  request.route.rtm_scope = address.is_v4() ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  request.route.rtm_type = RTN_LOCAL;
  request.add(RTA_DST, address.bytes().data(), address.is_v4() ? 4 : 16);
  const uint32_t loopback = ::if_nametoindex("lo");
  request.add(RTA_OIF, &loopback, sizeof loopback);
  if (auto status = send_request(socket_, request); !status) return status;

  alignas(nlmsghdr) std::array<char, 4096> buffer;
  const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) return fail_errno(errno, "netlink receive");
  const auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data());
  if (static_cast<size_t>(size) < NLMSG_LENGTH(sizeof(nlmsgerr)) || header->nlmsg_type != NLMSG_ERROR ||
      header->nlmsg_seq != sequence_)
    return fail(ErrorCode::kSystem, "netlink answered something else");
  nlmsgerr answer{};
  std::memcpy(&answer, NLMSG_DATA(header), sizeof answer);
  if (answer.error == 0 || (type == RTM_DELROUTE && answer.error == -ESRCH)) return {};
  return fail_errno(-answer.error, fmt::format("local route {}", address.to_string()));
}

Status LocalRoutes::add(const IpAddress& address) {
  return change(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, address);
}

Status LocalRoutes::remove(const IpAddress& address) { return change(RTM_DELROUTE, 0, address); }

Result<std::set<IpAddress>> LocalRoutes::read() {
  RouteRequest request;
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof(rtmsg));
  request.header.nlmsg_type = RTM_GETROUTE;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.header.nlmsg_seq = ++sequence_;
  request.route.rtm_family = AF_UNSPEC;
  if (auto status = send_request(socket_, request); !status) return pass_on(std::move(status.error()));

  std::set<IpAddress> found;
  alignas(nlmsghdr) std::array<char, 32768> buffer;
  for (;;) {
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size <= 0) return fail_errno(errno, "netlink receive");
    auto left = static_cast<uint32_t>(size);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE) return found;
      if (header->nlmsg_type == NLMSG_ERROR) return fail(ErrorCode::kSystem, "the kernel does not list its routes");
      if (const auto address = own_destination(header)) found.insert(*address);
    }
  }
}

}  // namespace elb::steer
