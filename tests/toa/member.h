// SPDX-License-Identifier: Apache-2.0
// A server on this host, as any: it listens, accepts, asks who its peer is. Thread rule: one thread for each object.
#pragma once

#include <optional>
#include <ostream>

#include "base/fd.h"
#include "base/ip.h"
#include "toa/tun_peer.h"

namespace elb::test {

inline constexpr uint16_t kPort4 = 80;  // an AF_INET socket
inline constexpr uint16_t kPort6 = 81;  // an AF_INET6 socket, which takes IPv4 as well

/// What a server sees of one connection.
struct Seen {
  Fd socket;
  Endpoint accepted;  // by accept()
};

class Member {
 public:
  Member(int family, uint16_t port);
  std::optional<Seen> accept(int timeout_ms = 3000);

 private:
  Fd listener_;
};

/// By getpeername(); the address 0.0.0.0 when it fails.
Endpoint peer_of(int socket);

/// The calling thread asks as often as it can, and no other waits for it: emulated processors are few and slow.
void stand_back();

/// The listeners of the process: that of an AF_INET and that of an AF_INET6 socket.
Member& member(uint16_t port);

/// Opens a connection and says what accept() told; a failed handshake is a test failure and nothing.
struct Opened {
  Connection connection;
  Seen seen;
};
std::optional<Opened> open_and_accept(const Opening& opening);

}  // namespace elb::test

namespace elb {
inline void PrintTo(const Endpoint& endpoint, std::ostream* out) { *out << endpoint.to_string(); }
}  // namespace elb
