// SPDX-License-Identifier: Apache-2.0
// DesiredMaps: what the kernel is to hold for one snapshot, and IndexBook: which index belongs to whom. Pure
// computation, no kernel. Each listener owns one extra member entry whose member id is the listener's own: the counters
// of removed members are added to it, so that a listener's sums never fall. Thread rule: one thread (the reconciler's).
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <set>

#include "dataplane/index_allocator.h"
#include "dataplane/map_port.h"
#include "dataplane/options.h"
#include "dataplane/tick.h"
#include "dataplane/uuid.h"
#include "dataplane/whitelist.h"
#include "model/snapshot.h"

namespace elb::dataplane {

struct PairKey {
  Uuid listener{};
  Uuid member{};  // the listener's own id: the entry that gathers removed members' counters
  auto operator<=>(const PairKey&) const = default;
  bool gathers() const { return listener == member; }
};

/// A whitelist under the number it has in elb_acl. Another content gets another number.
struct NumberedList {
  uint32_t acl = 0;
  std::shared_ptr<const Whitelist> list;
};

struct IndexBook {
  explicit IndexBook(const DataplaneOptions& options)
      : listeners(0, options.max_listeners), pairs(0, options.max_members), hops(1, ELB_HOPS_MEMBERS) {}

  IndexAllocator<Uuid> listeners;
  IndexAllocator<PairKey> pairs;
  IndexAllocator<IpAddress> hops;      // by member address: a moved route or MAC is one write, flows keep the index
  std::map<Uuid, NumberedList> lists;  // by listener
  uint32_t next_acl = 1;
};

struct DesiredMaps {
  ListenerTable listeners;
  MemberTable members;             // those in quarantine too, not usable
  std::map<uint32_t, Ring> rings;  // by listener index; none for a listener without usable member
  PolicyTable policies;            // by listener index; none for a plain one
  AclTable acl;
  std::map<uint32_t, std::shared_ptr<const Whitelist>> whitelists;  // by listener index
  AddrTable addrs;
  std::set<Uuid> parked;               // members that get nothing new and keep what is open
  std::map<IpAddress, uint32_t> hops;  // index of each member address
};

/// Assigns indexes where needed and releases those no longer wanted. `held`: the members the kernel holds, from which
/// those in quarantine are kept. Errors: kQuota when a table is too small (the message names the option).
Result<DesiredMaps> build_desired(const model::Snapshot& snapshot, const DataplaneOptions& options,
                                  const TickRate& rate, const MemberTable& held, IndexBook& book);

}  // namespace elb::dataplane
