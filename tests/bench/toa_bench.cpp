// SPDX-License-Identifier: Apache-2.0
// toa_bench option|plain CONNECTIONS: what a member's stack and calls cost, in a network namespace of its own; the
// option of each client comes by a TUN device, as from a balancer. Whether somebody reads it is up to whoever starts
// this. One JSON line, CPU ns:
//   connection   the segments of a handshake through the stack and what is done when it is established
//   accept       of an established connection, with the peer's address
//   getpeername  of an open one
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <ctime>
#include <string_view>
#include <vector>

#include "toa/tun_peer.h"

namespace {

using elb::test::peer;

constexpr uint16_t kPort = 80;
constexpr unsigned kAsks = 200000;

double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

elb::Fd listening() {
  elb::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(kPort);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 || ::listen(fd.get(), 4096) != 0)
    die("listen");
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: toa_bench option|plain CONNECTIONS\n");
    return 2;
  }
  const unsigned count = static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10));
  elb::test::Opening opening{.from = elb::test::next_local(elb::test::kLocal), .to_port = kPort};
  if (std::string_view(argv[1]) == "option")
    opening.option = elb::test::toa_option(elb::test::endpoint("203.0.113.7", 4711));
  const elb::Fd server = listening();
  if (!peer().open(opening)) die("handshake");  // warms up
  if (const elb::Fd first(::accept(server.get(), nullptr, nullptr)); !first) die("accept");

  std::vector<elb::test::Connection> opened;
  double start = cpu_ns();
  for (unsigned i = 0; i < count; ++i) {
    opening.from = elb::test::next_local(elb::test::kLocal);
    const auto connection = peer().open(opening);
    if (!connection) die("handshake");
    opened.push_back(*connection);
  }
  const double connection = (cpu_ns() - start) / count;

  std::vector<elb::Fd> accepted(count);
  sockaddr_in who{};
  socklen_t size = sizeof who;
  start = cpu_ns();
  for (elb::Fd& fd : accepted) {
    size = sizeof who;
    fd.reset(::accept4(server.get(), reinterpret_cast<sockaddr*>(&who), &size, SOCK_CLOEXEC));
  }
  const double accept = (cpu_ns() - start) / count;
  if (!accepted.back()) die("accept");

  start = cpu_ns();
  for (unsigned i = 0; i < kAsks; ++i) {
    size = sizeof who;
    if (::getpeername(accepted.front().get(), reinterpret_cast<sockaddr*>(&who), &size) != 0) die("getpeername");
  }
  const double getpeername = (cpu_ns() - start) / kAsks;
  for (auto& one : opened) peer().reset(one);
  fmt::print("{{\"connection\": {:.1f}, \"accept\": {:.1f}, \"getpeername\": {:.1f}, \"port\": {}}}\n", connection,
             accept, getpeername, ntohs(who.sin_port));
  return 0;
}
