// SPDX-License-Identifier: Apache-2.0
// Datagrams and ICMP echoes from a given source address. Echoes go through the kernel's ping sockets, which need no
// capability: whoever's group is within net.ipv4.ping_group_range may have one, for IPv4 and IPv6. errno values, not
// Results: the caller tells the peer's faults from ours by them. Thread rule: any thread.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>

#include "base/fd.h"
#include "base/ip.h"

namespace elb::io {

struct DatagramSocket {
  Fd fd;          // valid when error is 0
  int error = 0;  // EAFNOSUPPORT when source and target are of different families
};

/// Connected: ICMP errors about what was sent come back as errors of recv(). Never waits.
DatagramSocket udp_connect(const IpAddress& source, const Endpoint& target);

/// error kEchoForbidden: this process may have no ping socket.
DatagramSocket ping_socket(const IpAddress& source, const IpAddress& target);
inline constexpr int kEchoForbidden = ENOPROTOOPT;

struct Echo {
  uint16_t sequence = 0;
  std::array<uint8_t, 16> token{};  // comes back with the reply
};

/// 0, or why it could not be sent.
int send_echo(int fd, const IpAddress& target, const Echo& echo);

enum class EchoAnswer : uint8_t { kNothing, kReply, kError };
/// What waits at the socket; `error` is set with kError. Replies to other echoes, or from others, are nothing.
EchoAnswer read_echo(int fd, const IpAddress& target, const Echo& echo, int& error);

}  // namespace elb::io
