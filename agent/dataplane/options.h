// SPDX-License-Identifier: Apache-2.0
// DataplaneOptions: what the dataplane needs to know before it starts; all of it comes from the agent's configuration.
// A change of flow_slots or of a max_* other than max_new_connections_per_s makes other maps, so a restart with other
// values rebuilds them and loses the connections (it says so). Thread rule: a plain value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace elb::dataplane {

/// How long a connection may be silent before it is ended, in seconds.
struct FlowTimes {
  uint32_t tcp_idle_s = 300;    // established
  uint32_t tcp_opening_s = 30;  // no answer of the member yet
  uint32_t tcp_closing_s = 60;  // a FIN or RST was seen
  uint32_t udp_idle_s = 60;
  uint32_t port_rest_s = 60;  // how long a local port stays unused after its connection has ended
};

/// kLink: a bpf_link of our own, pinned and replaced without a gap. kLibxdp: beside other XDP programs through libxdp's
/// dispatcher, which can not be replaced without a gap (docs/architecture.md, "Pins").
enum class XdpAttach : uint8_t { kLink, kLibxdp };

/// Where on an interface packets are met. kAuto: native XDP, except on a veth, whose peer may leave checksums to the
/// receiver, on a bond, of which XDP sees the ports, and where the driver refuses: there tc.
enum class HookMode : uint8_t { kAuto, kXdp, kTc };

struct DataplaneOptions {
  std::vector<std::string> interfaces;  // every link that clients' or members' packets arrive at
  HookMode mode = HookMode::kAuto;
  std::map<std::string, HookMode> modes;  // of single interfaces
  Cidr local_addresses;                  // IPv4, /8 to /30: the first usable is the node's own, the others are for SNAT
  std::optional<Cidr> local_addresses6;  // IPv6, /64 to /126, likewise; nothing: IPv6 is not served
  std::string pin_dir = "/sys/fs/bpf/elb";  // below a mounted bpffs
  uint32_t flow_slots = 1U << 20;           // power of two; two for each connection and one for each resting port
  uint32_t max_listeners = 4096;
  uint32_t max_members = 65536;            // (listener, member) pairs, and one for each listener
  uint32_t max_acl_entries = 65536;        // of all whitelists
  uint32_t max_sticky_clients = 131072;    // (listener, client) pairs; the longest unused are forgotten
  uint32_t max_new_connections_per_s = 0;  // that each CPU accepts; 0: no limit
  bool syn_cookies = true;                 // what is above it is answered by SYN cookies; else it is dropped
  FlowTimes times;
  uint32_t flow_sampling = 0;  // one connection in so many is recorded; 0: none
  bool reset_strays = true;    // answer TCP segments of no connection with a RST; else drop them silently
  XdpAttach attach = XdpAttach::kLink;
  bool rebuild = true;  // pinned maps that do not fit are replaced, which ends all connections; false: refuse to start

  HookMode mode_of(const std::string& interface) const;
  /// The node's own address among local_addresses, source of the health checks: 100.125.0.1 of 100.125.0.0/24.
  IpAddress host_address() const;
  /// The SNAT addresses: 100.125.0.2 to 100.125.0.254 of 100.125.0.0/24.
  IpAddress first_local() const;
  uint32_t local_count() const;

  /// The same of IPv6: fd00:100:125::1 and, from ::2 on, at most 65,534 addresses. Only with local_addresses6.
  IpAddress host_address6() const;
  IpAddress first_local6() const;
  uint32_t local_count6() const;
  /// The node's own addresses: one or two.
  std::vector<IpAddress> host_addresses() const;

  Status validate() const;
};

}  // namespace elb::dataplane
