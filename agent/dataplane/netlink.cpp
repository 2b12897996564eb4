// SPDX-License-Identifier: Apache-2.0
#include "dataplane/netlink.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>

namespace elb::dataplane {

namespace {

constexpr size_t kBufferBytes = 32 * 1024;      // what the kernel fills at most for one dump message
constexpr int kReceiveBytes = 4 * 1024 * 1024;  // for bursts of notifications
constexpr timeval kAnswerWithin{2, 0};

}  // namespace

void NetlinkRequest::append(const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  buffer_.insert(buffer_.end(), bytes, bytes + size);
  header().nlmsg_len = static_cast<uint32_t>(buffer_.size());
  buffer_.resize(NLMSG_ALIGN(buffer_.size()));
}

void NetlinkRequest::put(uint16_t attribute, const void* data, size_t size) {
  nlattr head{static_cast<uint16_t>(NLA_HDRLEN + size), attribute};
  append(&head, sizeof head);
  append(data, size);
  header().nlmsg_len = static_cast<uint32_t>(buffer_.size());
}

void netlink_attributes(std::span<const uint8_t> bytes,
                        const std::function<void(uint16_t, std::span<const uint8_t>)>& each) {
  while (bytes.size() >= NLA_HDRLEN) {
    nlattr head;
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.nla_len < NLA_HDRLEN || head.nla_len > bytes.size()) return;
    each(head.nla_type & NLA_TYPE_MASK, bytes.subspan(NLA_HDRLEN, head.nla_len - NLA_HDRLEN));
    bytes = bytes.subspan(std::min<size_t>(bytes.size(), NLA_ALIGN(head.nla_len)));
  }
}

void NetlinkMessage::attributes(size_t body_size,
                                const std::function<void(uint16_t, std::span<const uint8_t>)>& each) const {
  const size_t offset = NLMSG_ALIGN(body_size);
  if (payload().size() > offset) netlink_attributes(payload().subspan(offset), each);
}

Result<Netlink> Netlink::open(uint32_t groups) {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail_errno(errno, "netlink socket");
  // SO_RCVBUF stays within the system's limit where the capability for more is missing; that is enough.
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBytes, sizeof kReceiveBytes);
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerWithin, sizeof kAnswerWithin);
  const int one = 1;
  setsockopt(socket.get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return fail_errno(errno, "netlink bind");
  return Netlink(std::move(socket));
}

Status Netlink::ask(NetlinkRequest request, std::string_view what, const Handler& handler, int* refused) {
  request.header().nlmsg_seq = ++sequence_;
  const auto bytes = request.bytes();
  if (send(socket_.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return fail_errno(errno, fmt::format("{}: netlink send", what));
  alignas(nlmsghdr) uint8_t buffer[kBufferBytes];
  for (;;) {
    const ssize_t received = recv(socket_.get(), buffer, sizeof buffer, 0);
    if (received < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, fmt::format("{}: netlink receive", what));
    }
    auto left = static_cast<size_t>(received);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_seq != sequence_) continue;  // a late answer to an earlier request
      if (header->nlmsg_type == NLMSG_DONE) return {};
      if (header->nlmsg_type == NLMSG_ERROR) {
        nlmsgerr error{};
        std::memcpy(&error, NLMSG_DATA(header), sizeof error);
        if (refused != nullptr) *refused = -error.error;
        if (error.error == 0 || refused != nullptr) return {};
        return fail_errno(-error.error, what);
      }
      if (handler) handler(NetlinkMessage(header));
    }
  }
}

bool Netlink::receive_pending(const Handler& handler) {
  alignas(nlmsghdr) uint8_t buffer[kBufferBytes];
  bool complete = true;
  for (;;) {
    const ssize_t received = recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (received < 0) {
      if (errno == EINTR) continue;
      if (errno != ENOBUFS) return complete;
      complete = false;
      continue;
    }
    auto left = static_cast<size_t>(received);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(header, left); header = NLMSG_NEXT(header, left))
      handler(NetlinkMessage(header));
  }
}

}  // namespace elb::dataplane
