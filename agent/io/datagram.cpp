// SPDX-License-Identifier: Apache-2.0
#include "io/datagram.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "io/socket_address.h"

namespace elb::io {
namespace {

/// As on the wire. The kernel fills in identifier and checksum, and gives the socket only replies to its identifier.
struct Message {
  uint8_t type = 0;
  uint8_t code = 0;
  uint16_t checksum = 0;
  uint16_t identifier = 0;
  uint16_t sequence = 0;
  std::array<uint8_t, 16> token{};
};
static_assert(sizeof(Message) == 24);

DatagramSocket open_to(int protocol, const IpAddress& source, const Endpoint& target) {
  if (source.is_v4() != target.address.is_v4()) return {Fd{}, EAFNOSUPPORT};
  Fd fd(socket(source.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!fd) return {Fd{}, errno};
  const SocketAddress from(source, 0);
  if (bind(fd.get(), from.get(), from.length) != 0) return {Fd{}, errno};
  const SocketAddress to(target.address, target.port);
  if (connect(fd.get(), to.get(), to.length) != 0) return {Fd{}, errno};
  return {std::move(fd), 0};
}

bool is_from(const sockaddr_storage& sender, const IpAddress& target) {
  if (target.is_v4()) {
    sockaddr_in v4{};
    std::memcpy(&v4, &sender, sizeof v4);
    return v4.sin_family == AF_INET && v4.sin_addr.s_addr == target.v4_be();
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &sender, sizeof v6);
  return v6.sin6_family == AF_INET6 && std::memcmp(&v6.sin6_addr, target.bytes().data(), sizeof v6.sin6_addr) == 0;
}

}  // namespace

DatagramSocket udp_connect(const IpAddress& source, const Endpoint& target) {
  return open_to(IPPROTO_UDP, source, target);
}

DatagramSocket ping_socket(const IpAddress& source, const IpAddress& target) {
  const bool v4 = target.is_v4();
  DatagramSocket made =
      open_to(v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6), source, {target, 0});
  if (made.error == EACCES) made.error = kEchoForbidden;
  return made;
}

int send_echo(int fd, const IpAddress& target, const Echo& echo) {
  Message message;
  message.type = target.is_v4() ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  message.sequence = htons(echo.sequence);
  message.token = echo.token;
  return send(fd, &message, sizeof message, MSG_NOSIGNAL) < 0 ? errno : 0;
}

EchoAnswer read_echo(int fd, const IpAddress& target, const Echo& echo, int& error) {
  for (;;) {
    Message message;
    sockaddr_storage sender{};
    socklen_t length = sizeof sender;
    const ssize_t got =
        recvfrom(fd, &message, sizeof message, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&sender), &length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return EchoAnswer::kNothing;
    if (got < 0) {
      error = errno;
      return EchoAnswer::kError;
    }
    const uint8_t reply = target.is_v4() ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
    if (static_cast<size_t>(got) == sizeof message && message.type == reply &&
        message.sequence == htons(echo.sequence) && message.token == echo.token && is_from(sender, target))
      return EchoAnswer::kReply;
  }
}

}  // namespace elb::io
