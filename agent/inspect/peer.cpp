// SPDX-License-Identifier: Apache-2.0
#include "inspect/peer.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "base/fd.h"

namespace elb::inspect {
namespace {

constexpr size_t kAnswerMax = 65536;  // one message about one link

struct Request {
  nlmsghdr header;
  ifinfomsg link;
};

}  // namespace

std::optional<uint32_t> peer_here(uint32_t ifindex) {
  const Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.link.ifi_index = static_cast<int>(ifindex);
  if (!socket || ::send(socket.get(), &request, sizeof request, 0) != sizeof request) return std::nullopt;

  alignas(nlmsghdr) std::array<char, kAnswerMax> buffer;
  const ssize_t length = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
  const auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data());
  if (length < 0 || !NLMSG_OK(header, static_cast<uint32_t>(length)) || header->nlmsg_type != RTM_NEWLINK)
    return std::nullopt;
  const auto* link = static_cast<const ifinfomsg*>(NLMSG_DATA(header));
  std::optional<uint32_t> peer;
  auto left = static_cast<int>(IFLA_PAYLOAD(header));
  for (const rtattr* attribute = IFLA_RTA(link); RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type == IFLA_LINK_NETNSID) return std::nullopt;
    if (attribute->rta_type == IFLA_LINK && RTA_PAYLOAD(attribute) >= sizeof(uint32_t)) {
      peer.emplace();
      std::memcpy(&*peer, RTA_DATA(attribute), sizeof(uint32_t));
    }
  }
  return peer;
}

}  // namespace elb::inspect
