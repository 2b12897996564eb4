// SPDX-License-Identifier: Apache-2.0
// Sockets on loopback that stand for members: one that listens, one whose accept queue is full (as silent as a
// filtered port), and a port where nobody listens. Thread rule: one thread.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/ip.h"

namespace elb::test {

inline sockaddr_in v4_address(const IpAddress& address, uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = address.v4_be();
  result.sin_port = htons(port);
  return result;
}

class LoopbackMember {
 public:
  explicit LoopbackMember(const char* address = "127.0.0.1") : address_(*IpAddress::parse(address)) {
    listen_on(0, 4096);
    sockaddr_in name{};
    socklen_t length = sizeof name;
    getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &length);
    port_ = ntohs(name.sin_port);
  }

  Endpoint endpoint() const { return {address_, port_}; }
  void close() {
    held_.clear();
    socket_.reset();
  }
  void reopen() { listen_on(port_, 4096); }

  /// From now on nobody gets an answer: the accept queue is full and the kernel drops further SYNs.
  void stop_answering() {
    close();
    listen_on(port_, 0);
    for (int i = 0; i < 2; ++i) {
      Fd filler(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      const sockaddr_in name = v4_address(address_, port_);
      [[maybe_unused]] const int ignored = connect(filler.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
      held_.push_back(std::move(filler));
    }
    usleep(20'000);  // until the fillers' handshakes are through
  }

  /// Takes one waiting connection and returns who made it; an empty address when there is none.
  Endpoint accept_one() {
    sockaddr_in name{};
    socklen_t length = sizeof name;
    const Fd connection(accept4(socket_.get(), reinterpret_cast<sockaddr*>(&name), &length, SOCK_NONBLOCK));
    if (!connection) return {};
    return {IpAddress::from_v4_be(name.sin_addr.s_addr), ntohs(name.sin_port)};
  }

 private:
  void listen_on(uint16_t port, int backlog) {
    socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in name = v4_address(address_, port);
    if (bind(socket_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
        listen(socket_.get(), backlog) != 0)
      std::abort();  // a test without its socket shows nothing
  }

  IpAddress address_;
  uint16_t port_ = 0;
  Fd socket_;
  std::vector<Fd> held_;
};

}  // namespace elb::test
