// SPDX-License-Identifier: Apache-2.0
// MapPort: the kernel's maps as the dataplane uses them, one typed call for each thing it does. LibbpfMapPort is the
// real one, tests/harness/fake_map_port.h the scripted one. A read answers what is in the kernel now, whoever wrote it.
// Thread rule: safe from any thread; callers keep two writers from one entry (listeners, members, rings and addresses
// belong to the reconciler's thread, hops and ports to whoever holds NextHops' or XdpLinks' lock).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/result.h"
#include "dataplane/abi_values.h"

namespace elb::dataplane {

using ListenerTable = AbiTable<elb_listener_key, elb_listener>;
using MemberTable = std::map<uint32_t, elb_member>;  // by index
using HopTable = std::map<uint32_t, elb_hop>;        // by index
using LinkTable = std::map<uint32_t, elb_link>;      // by ifindex
using AddrTable = AbiTable<elb_addr_key, uint32_t>;  // -> enum elb_addr_kind
using PolicyTable = std::map<uint32_t, elb_policy>;  // by listener index
using AclTable = AbiTable<elb_acl_key, uint32_t>;    // -> nothing of interest
using Ring = std::vector<uint32_t>;                  // member indexes, without the length in slot 0

class MapPort {
 public:
  virtual ~MapPort() = default;

  virtual Status put_listener(const elb_listener_key& key, const elb_listener& value) = 0;
  virtual Status erase_listener(const elb_listener_key& key) = 0;
  virtual Result<ListenerTable> read_listeners() = 0;

  /// An all-zero entry counts as absent; erasing writes zeros.
  virtual Status put_member(uint32_t index, const elb_member& value) = 0;
  virtual Status erase_member(uint32_t index) = 0;
  virtual Result<MemberTable> read_members() = 0;

  /// Replaces the rings of these listeners, each as a whole. All of them in one call, since the kernel waits for every
  /// packet program (an RCU grace period, some 15 ms) before it returns from such a write. After an error any of them
  /// may stand or not.
  virtual Status put_rings(const std::map<uint32_t, Ring>& rings) = 0;
  virtual Status erase_rings(const std::set<uint32_t>& listeners) = 0;
  /// Rings by listener index. One that this object did not put there itself is told as nothing: its contents can not be
  /// read.
  virtual Result<std::map<uint32_t, std::optional<Ring>>> read_rings() = 0;

  /// An all-zero entry counts as absent: a listener that is plain in every respect.
  virtual Status put_policy(uint32_t listener, const elb_policy& value) = 0;
  virtual Result<PolicyTable> read_policies() = 0;

  /// Entries of whitelists, many in one call; after an error any of them may stand or not.
  virtual Status put_acl(const AclTable& entries) = 0;
  virtual Status erase_acl(const std::vector<elb_acl_key>& keys) = 0;
  virtual Result<AclTable> read_acl() = 0;

  virtual Status put_addr(const elb_addr_key& key, uint32_t kind) = 0;
  virtual Status erase_addr(const elb_addr_key& key) = 0;
  virtual Result<AddrTable> read_addrs() = 0;

  /// Only the agent's part, 1 .. ELB_HOPS_MEMBERS - 1.
  virtual Status put_hop(uint32_t index, const elb_hop& value) = 0;
  virtual Result<HopTable> read_hops() = 0;

  /// Interfaces that packets may be redirected to.
  virtual Status put_tx_port(uint32_t ifindex) = 0;
  virtual Status erase_tx_port(uint32_t ifindex) = 0;
  virtual Result<std::set<uint32_t>> read_tx_ports() = 0;

  /// Interfaces the program is attached to.
  virtual Status put_link(uint32_t ifindex, const elb_link& value) = 0;
  virtual Status erase_link(uint32_t ifindex) = 0;
  virtual Result<LinkTable> read_links() = 0;

  /// Sums over the CPUs.
  virtual Result<elb_traffic> read_traffic(uint32_t member) = 0;
  /// Only for entries that no packet counts on now.
  virtual Status set_traffic(uint32_t member, const elb_traffic& value) = 0;
  virtual Result<uint64_t> read_refused(uint32_t listener) = 0;
  virtual Status clear_refused(uint32_t listener) = 0;
  virtual Result<std::vector<uint64_t>> read_reasons() = 0;
};

}  // namespace elb::dataplane
