// SPDX-License-Identifier: Apache-2.0
// HopTables: the tables elb_hops, elb_links and elb_tx_ports as they are and as they should be. Writes what differs.
// Thread rule: one thread (NextHops').
#pragma once

#include <cstdint>
#include <set>

#include "dataplane/map_port.h"
#include "model/sink.h"

namespace elb::dataplane {

class HopTables {
 public:
  explicit HopTables(MapPort& port) : port_(port) {}

  Status load();  // takes what the kernel holds as the state to start from
  Status set_hop(uint32_t index, const elb_hop& hop);
  Status set_link(uint32_t ifindex, const elb_link& link);
  /// Packets may leave by these and no others.
  Status set_tx_ports(const std::set<uint32_t>& ifindexes);
  /// Entries of others are zeroed or erased.
  Status keep_only(const std::set<uint32_t>& hop_indexes, const std::set<uint32_t>& link_ifindexes);
  /// Reads the kernel, describes what somebody else changed and writes it again.
  Status audit(model::Audit& audit);

  const HopTable& hops() const { return hops_; }
  const std::set<uint32_t>& tx_ports() const { return tx_ports_; }
  uint64_t writes() const { return writes_; }

 private:
  MapPort& port_;
  HopTable hops_;  // as held by the kernel; absent = all zero
  LinkTable links_;
  std::set<uint32_t> tx_ports_;
  uint64_t writes_ = 0;
};

}  // namespace elb::dataplane
