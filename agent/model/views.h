// SPDX-License-Identifier: Apache-2.0
// Read-only views that the executors and the reconciler offer upward: the API shows them, main/ wires them, nobody
// includes an executor for them. Thread rule: every call is safe from any thread and takes no longer than its answer is
// large.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "model/health.h"
#include "model/resources.h"

namespace elb::model {

/// Sums over all CPUs since the object was made; they restart at 0 only when the kernel objects are rebuilt.
struct Traffic {
  uint64_t connections = 0;                 // opened so far
  uint64_t active = 0;                      // open now: established TCP, live UDP
  uint64_t inactive = 0;                    // open now, TCP not established (opening or closing)
  uint64_t packets_in = 0, bytes_in = 0;    // from clients, bytes as on the wire from Ethernet header on
  uint64_t packets_out = 0, bytes_out = 0;  // to clients
  uint64_t refused = 0;                     // new connections that could not be made
};

struct DropCount {
  std::string reason;       // "no_listener"
  std::string description;  // one sentence: what it means and what to do
  uint64_t packets = 0;
  bool drop = true;  // false: counted, but the packet went on
};

struct FlowRecord {
  Protocol protocol = Protocol::kTcp;
  Endpoint client, vip, local, member;
  Id listener_id, member_id;  // empty when it no longer exists
  std::string state;          // opening, established, closing, closed
  int64_t idle_s = 0;
  uint64_t packets_in = 0, bytes_in = 0, packets_out = 0, bytes_out = 0;
};

struct FlowFilter {
  std::optional<Protocol> protocol;
  std::optional<IpAddress> client, vip, member;
  std::optional<uint16_t> client_port, vip_port, member_port;
  Id listener_id, member_id;        // empty: any
  std::vector<std::string> states;  // as in FlowRecord; empty: any
  size_t limit = 1000;
};

struct FlowPage {
  std::vector<FlowRecord> flows;
  uint64_t matched = 0;   // may exceed flows.size()
  uint64_t capacity = 0;  // slots of the table; a connection takes two
  uint64_t used = 0;      // slots in use, quarantined ports included
};

class TrafficView {
 public:
  virtual ~TrafficView() = default;
  virtual std::optional<Traffic> listener_traffic(const Id& listener_id) const = 0;
  virtual std::optional<Traffic> member_traffic(const Id& member_id) const = 0;
  virtual std::vector<DropCount> drops() const = 0;
  virtual FlowPage flows(const FlowFilter& filter) const = 0;

  /// Only capacity and used. Default: a page without flows; override where that still walks the table.
  virtual FlowPage flow_usage() const {
    FlowFilter none;
    none.limit = 0;
    return flows(none);
  }
};

/// State of one executor, for `elbctl status` and /v1/status.
struct SinkStatus {
  std::string name;
  uint64_t applied_generation = 0;
  uint64_t applied_revision = 0;
  std::string error;     // of the last attempt, empty when it worked
  uint64_t applies = 0;  // successful
  uint64_t failures = 0;
  uint64_t writes = 0;
  uint64_t drift_repaired = 0;
  std::string last_finding;
  int64_t idle_s = -1;  // since the last apply or audit that worked, -1: none yet
};

class ReconcilerView {
 public:
  virtual ~ReconcilerView() = default;
  virtual Health member_health(const Id& member_id) const = 0;  // kUnmonitored for an unknown one
  virtual std::vector<SinkStatus> sinks() const = 0;
  /// The revision that every executor has applied.
  virtual uint64_t applied_revision() const = 0;
};

}  // namespace elb::model
