// SPDX-License-Identifier: Apache-2.0
#include "proxy/listen_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace elb::proxy {
namespace {

constexpr int kBacklog = 65535;  // the kernel takes net.core.somaxconn if that is less

Result<Fd> listening(int family) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "listening socket");
  sockaddr_storage address{};
  address.ss_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  } else {
    reinterpret_cast<sockaddr_in6&>(address).sin6_addr = in6addr_loopback;
  }
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return fail_errno(errno, "bind of a listening socket to loopback");
  if (::listen(fd.get(), kBacklog) != 0) return fail_errno(errno, "listen");
  return fd;
}

bool has_ipv6() {
  const Fd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return probe && ::bind(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

Result<std::vector<ListenPair>> make_listen_sockets(size_t loops) {
  const bool ipv6 = has_ipv6();
  std::vector<ListenPair> pairs;
  for (size_t i = 0; i < loops; ++i) {
    auto v4 = listening(AF_INET);
    if (!v4) return pass_on(std::move(v4.error()));
    ListenPair pair{std::move(*v4), Fd()};
    if (ipv6) {
      auto v6 = listening(AF_INET6);
      if (!v6) return pass_on(std::move(v6.error()));
      pair.v6 = std::move(*v6);
    }
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

}  // namespace elb::proxy
