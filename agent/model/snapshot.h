// SPDX-License-Identifier: Apache-2.0
// Snapshot: what the executors (dataplane, health, later proxy) are to do, compiled from the model and the observed
// health. Immutable once published; executors keep a shared_ptr<const Snapshot> and compare generations. Thread rule:
// read-only, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "model/health.h"
#include "model/resources.h"
#include "model/shared_list.h"
#include "model/snapshot_http.h"

namespace elb::model {

struct SnapshotMember {
  Id id;
  Endpoint endpoint;
  uint16_t weight = 1;
  bool usable =
      false;      // gets new connections: up, weight > 0, healthy or not monitored; no backup, unless it stands in
  Health health;  // as observed when the snapshot was compiled
  bool backup = false;                          // stands in while no member of the pool that is none is usable
  std::optional<IpAddress> check_address = {};  // empty: the member's own
  std::optional<uint16_t> check_port = {};      // empty: the monitor's, or else the member's own
};

struct SnapshotMonitor {
  Id id;
  MonitorType type = MonitorType::kTcp;
  int delay_s = 5;
  int timeout_s = 3;  // effective
  int rise = 3;
  int fall = 3;
  std::optional<uint16_t> port;  // empty: each member's own, HC-04
  std::string path = "/";        // kHttp
  std::string host;              // kHttp: of the Host header; empty: the member's address
  std::vector<CodeRange> codes;  // kHttp: of a healthy answer
  std::string method = "GET";    // kHttp
};

struct SnapshotPool {
  Id id;
  int sticky_s = 0;  // source address stickiness (ST-06); 0: none
  Protocol protocol = Protocol::kTcp;
  Algorithm algorithm = Algorithm::kRoundRobin;
  std::vector<SnapshotMember> members;  // ordered by id; includes those that are down or draining, not those admin-down
  std::optional<SnapshotMonitor> monitor;               // empty: none, or disabled (HC-15)
  SnapshotCookie cookie;                                // HTTP pools with cookie stickiness
  ProxyProtocol proxy_protocol = ProxyProtocol::kNone;  // HTTP pools
  bool http2 = false;                                   // likewise: members speak HTTP/2 without TLS
  int slow_start_s = 0;                                 // likewise; 0: a new member has its whole share at once
};

struct SnapshotListener {
  Id id;
  Id loadbalancer_id;
  Protocol protocol = Protocol::kTcp;
  Endpoint vip;
  std::optional<IpAddress> eip;                // the load balancer's public address, served on the same port (LB-03)
  std::optional<std::vector<Cidr>> whitelist;  // empty optional: everybody; empty list: nobody (AC-02). Sorted, unique
  std::optional<uint32_t> connection_limit;    // open connections; beyond it new ones are refused
  bool toa = false;                            // hand members the client's address (CA-02)
  std::optional<size_t> pool;                  // index into Snapshot::pools; empty: no pool
  std::optional<SnapshotHttp> http;            // HTTP and HTTPS listeners only
};

/// Both directions each get this much (LB-09, LB-10); all listeners of the address share it.
struct SnapshotBandwidth {
  IpAddress address;  // a VIP or an EIP
  uint32_t mbit_per_s = 0;
  bool operator==(const SnapshotBandwidth&) const = default;
};

struct Snapshot {
  uint64_t generation = 0;                 // steps at every publish
  uint64_t revision = 0;                   // of the model it was compiled from
  SharedList<SnapshotPool> pools;          // ordered by id; only pools that are admin-up and used by a listener here
  SharedList<SnapshotListener> listeners;  // ordered by id; only listeners that are admin-up on an admin-up LB
  /// Configured members that no pool above lists: admin-down, or of a pool that no listener uses (any more). They get
  /// nothing new, but what is open goes on (LS-09); only a member that was removed loses its connections. Sorted.
  std::vector<Id> parked_members;
  std::vector<IpAddress> vips;  // of every admin-up LB, EIPs too, sorted, unique: answered for even without a listener
  std::vector<SnapshotCertificate> certificates;  // that HTTPS listeners here use, ordered by id
  std::vector<SnapshotBandwidth> bandwidths;      // ordered by address, unique; addresses without a limit are not here
};

/// Whether one was made from the other for members alone (control/recompile.h): its listeners, their pools' order,
/// addresses, bandwidths and certificates are the same, and pools that it does not share differ in their members.
inline bool differs_in_members_only(const Snapshot& before, const Snapshot& after) {
  // Without listeners there are none to share, but addresses may differ all the same.
  return before.pools.size() == after.pools.size() && before.listeners.shares_all(after.listeners) &&
         before.vips == after.vips && before.bandwidths == after.bandwidths;
}

using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace elb::model
