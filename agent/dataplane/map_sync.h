// SPDX-License-Identifier: Apache-2.0
// MapSync: makes the maps hold what a snapshot says, with as few writes as possible and in an order in which no packet
// meets something half built; finds and repairs what others changed. Talks to the kernel through MapPort only. Thread
// rule: one thread (the reconciler's); view() may be read by others.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dataplane/desired_maps.h"
#include "dataplane/index_view.h"
#include "dataplane/map_port.h"
#include "model/sink.h"

namespace elb::dataplane {

/// What the sweeps of the flow table have seen.
struct Usage {
  uint64_t begun = 0;
  uint64_t ended = 0;
  std::vector<uint32_t> flows;  // entries by member index in the last ended sweep
};

class MapSync {
 public:
  MapSync(MapPort& port, const DataplaneOptions& options, const TickRate& rate)
      : port_(port), options_(options), rate_(rate), book_(options) {}

  /// Reads what the maps hold and takes over its indexes; once, before the first plan().
  Status adopt();
  /// Members that were usable in the maps at adopt().
  const std::vector<model::Id>& adopted_members() const { return adopted_members_; }

  /// Decides; writes nothing but the counters of members whose quarantine is over.
  Result<DesiredMaps> plan(const model::Snapshot& snapshot, const Usage& usage);
  /// Writes the difference; how many writes. After an error the next call goes on where this one stopped.
  /// `sweeps_begun` is asked when everything is written: from then on removed members can be chosen by no packet.
  Result<uint64_t> commit(DesiredMaps desired, const std::function<uint64_t()>& sweeps_begun);
  /// Instead of both where `after` differs from `before`, which was committed last, in members only: writes what
  /// changed of weights and usability; how many writes. Empty, and nothing is done: members came, went or moved. After
  /// an error plan() and commit() have to mend it.
  Result<std::optional<uint64_t>> adjust(const model::Snapshot& before, const model::Snapshot& after);
  /// Compares the maps with the last commit and repairs them.
  Result<model::Audit> audit(const Usage& usage);

  const Published<IndexView>& view() const { return view_; }

 private:
  Status read_all();
  Status retire(const Usage& usage);
  Status gather(const PairKey& key, uint32_t index);
  Result<uint64_t> write_difference();
  Status add_and_change(uint64_t& writes);
  void adopt_lists();
  enum class Losing { kNo, kYes };
  Status put_members(const MemberTable& wanted, Losing losing, uint64_t& writes);
  Status put_policies(bool hashed, uint64_t& writes);
  Status put_rates(uint64_t& writes);
  Status put_acl(uint64_t& writes);
  Status erase_acl(uint64_t& writes);
  Status put_rings(const std::map<uint32_t, Ring>& wanted, uint64_t& writes);
  Status erase_rings(const std::set<uint32_t>& gone, uint64_t& writes);
  Status remove(uint64_t& writes);
  enum class Live { kConfigured, kReleasedToo };
  void publish_view(Live live);

  MapPort& port_;
  const DataplaneOptions options_;
  const TickRate rate_;
  IndexBook book_;
  // What the kernel holds as far as we know.
  ListenerTable listeners_;
  MemberTable members_;
  std::map<uint32_t, std::optional<Ring>> rings_;
  PolicyTable policies_;
  RateTable rates_;
  AclTable acl_;
  std::map<uint32_t, std::shared_ptr<const Whitelist>> whitelists_;  // as policies_ name them
  AddrTable addrs_;
  DesiredMaps desired_;
  bool committed_ = false;
  std::vector<model::Id> adopted_members_;
  Published<IndexView> view_;
};

}  // namespace elb::dataplane
