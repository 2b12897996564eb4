// SPDX-License-Identifier: Apache-2.0
// The other side of every connection: the balancer with its clients behind it, speaking raw TCP through a TUN device.
// The member is this host's own stack at kMember and kMember6. Thread rule: one thread.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/ip.h"
#include "harness/packet.h"

namespace elb::test {

inline constexpr const char* kMember = "10.99.0.1";
inline constexpr const char* kMember6 = "fd99::1";
inline constexpr const char* kLocal = "100.125.3.4";  // a local address of the balancer, trusted
inline constexpr const char* kLocal6 = "fd64:125::7";
inline constexpr const char* kStranger = "192.0.2.66";  // nobody's, and trusted by nobody
inline constexpr const char* kStranger6 = "2001:db8:bad::66";
inline constexpr const char* kTrusted = "100.125.0.0/16,fd64:125::/32";  // what the means is to be loaded with

/// The option as the balancer writes it.
Bytes toa_option(const Endpoint& client);
Endpoint endpoint(const char* address, unsigned port);

/// Which segments of the handshake carry `option`; one that is lost is never sent.
struct Opening {
  Endpoint from;  // the balancer's local address
  uint16_t to_port = 0;
  Bytes option = {};
  bool on_syn = false;
  bool on_ack = true;
  bool on_data = false;  // sends one byte behind the handshake
  bool ack_lost = false;
};

struct Connection {
  Endpoint from;
  uint16_t to_port = 0;
  uint32_t seq = 0;
  uint32_t ack = 0;
};

class TunPeer {
 public:
  TunPeer();  // the device, addresses and the default routes; a failure ends the process

  /// The handshake; nothing when the member does not answer or refuses.
  std::optional<Connection> open(const Opening& opening);
  void send(Connection& connection, uint8_t flags, const Bytes& options = {}, const Bytes& payload = {});
  /// The next payload of the member on this connection, acknowledged.
  std::optional<Bytes> receive(Connection& connection, int timeout_ms = 3000);
  void reset(Connection& connection) { send(connection, kRst); }

 private:
  struct Heard {
    uint32_t seq;
    uint8_t flags;
    Bytes payload;
  };
  std::optional<Heard> hear(const Connection& connection, int timeout_ms);

  Fd tun_;
  uint32_t next_seq_ = 1;
};

/// One device for all tests of the process.
TunPeer& peer();
/// A local address of the balancer with a port that was not used for long.
Endpoint next_local(const char* address);

}  // namespace elb::test
