// SPDX-License-Identifier: Apache-2.0
#include "toa/member.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace elb::test {
namespace {

Endpoint endpoint_of(const sockaddr_storage& name) {
  if (name.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(name);
    return {IpAddress::from_v4_be(v4.sin_addr.s_addr), ntohs(v4.sin_port)};
  }
  if (name.ss_family != AF_INET6) return {};
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(name);
  std::array<uint8_t, 16> bytes{};
  std::copy_n(v6.sin6_addr.s6_addr, bytes.size(), bytes.begin());
  return {IpAddress::from_v6(bytes), ntohs(v6.sin6_port)};
}

}  // namespace

Member::Member(int family, uint16_t port) : listener_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_storage name{};
  name.ss_family = static_cast<sa_family_t>(family);
  reinterpret_cast<sockaddr_in6&>(name).sin6_port = htons(port);  // where sin_port is, too
  const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&name), size) || listen(listener_.get(), 1024)) {
    std::fprintf(stderr, "toa_harness: cannot listen on port %u: %s\n", unsigned{port}, std::strerror(errno));
    std::exit(2);
  }
}

std::optional<Seen> Member::accept(int timeout_ms) {
  pollfd ready{listener_.get(), POLLIN, 0};
  if (poll(&ready, 1, timeout_ms) <= 0) return std::nullopt;
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  Fd socket(accept4(listener_.get(), reinterpret_cast<sockaddr*>(&name), &size, SOCK_CLOEXEC));
  if (!socket) return std::nullopt;
  return Seen{std::move(socket), endpoint_of(name)};
}

Endpoint peer_of(int socket) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&name), &size)) return {};
  return endpoint_of(name);
}

void stand_back() {
  const sched_param none{};
  sched_setscheduler(0, SCHED_IDLE, &none);
}

Member& member(uint16_t port) {
  static Member v4(AF_INET, kPort4);
  static Member v6(AF_INET6, kPort6);
  return port == kPort4 ? v4 : v6;
}

std::optional<Opened> open_and_accept(const Opening& opening) {
  Member& server = member(opening.to_port);
  const auto connection = peer().open(opening);
  if (!connection) {
    ADD_FAILURE() << "no handshake from " << opening.from.to_string();
    return std::nullopt;
  }
  auto seen = server.accept();
  if (!seen) {
    ADD_FAILURE() << "nothing to accept from " << opening.from.to_string();
    return std::nullopt;
  }
  return Opened{*connection, std::move(*seen)};
}

}  // namespace elb::test
