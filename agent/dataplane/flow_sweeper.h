// SPDX-License-Identifier: Apache-2.0
// FlowSweeper: ends connections. A thread walks the whole flow table about once a second and ends those that were
// silent for too long or whose member or listener is gone (MB-06); on the way it counts the open ones of each member
// index. Thread rule: usage(), open_flows() and counts() are safe from any thread. One sweeper for a table.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "dataplane/flow_sampler.h"
#include "dataplane/flow_table.h"
#include "dataplane/index_view.h"
#include "dataplane/load_counts.h"
#include "dataplane/map_sync.h"
#include "dataplane/options.h"
#include "dataplane/resets.h"
#include "dataplane/tick.h"

namespace elb::dataplane {

elb_flow_limits limits_of(const FlowTimes& times, const TickRate& rate);

/// Open connections of one member index.
struct OpenFlows {
  uint32_t active = 0;    // established TCP, UDP
  uint32_t inactive = 0;  // TCP opening or closing
};

/// What one sweep saw.
struct SweepResult {
  std::vector<OpenFlows> open;  // by member index
  std::vector<uint32_t> held;   // entries that hold the member index, in whatever phase
  uint64_t revoked = 0;         // ended since their client is not in the whitelist any more
  elb_sweep_counts counts{};
  std::vector<elb_reset> resets;  // for both ends of connections that were ended
  uint64_t resets_left_out = 0;
  std::optional<uint32_t> at;  // tick at its beginning
};

/// Which listeners' connections a sweep compares with their whitelist: those with another list than two whole sweeps
/// ago. The second sweep finds what a packet admitted by the old list had opened behind the first one's back.
class Revocations {
 public:
  void sweep_begins(const IndexView& view);
  void sweep_ended();
  bool any() const { return !due_.empty(); }
  bool revokes(uint32_t listener, const elb_ip& client) const;

 private:
  static constexpr int kSweeps = 2;
  struct Known {
    std::shared_ptr<const Whitelist> list;
    int left = kSweeps;
  };
  std::map<uint32_t, Known> known_;
  std::map<uint32_t, const Whitelist*> due_;
};

/// One sweep over all slots, ending the connections of members that `view` does not name as live. `stop` ends it early,
/// then the result is worth nothing.
/// `loads`, `revocations` and `sampler` may be null.
SweepResult sweep_once(const elb_table& table, uint32_t now, const elb_flow_limits& limits, const IndexView& view,
                       uint32_t max_members, const std::function<bool()>& stop, LoadCounts* loads = nullptr,
                       const Revocations* revocations = nullptr, FlowSampler* sampler = nullptr);

class FlowSweeper {
 public:
  /// `tick` tells the time as packets see it; `sampler` may be null. Everything given outlives the object.
  FlowSweeper(const FlowTable& table, LoadCounts& loads, const DataplaneOptions& options, const TickRate& rate,
              std::function<Result<uint32_t>()> tick, const Published<IndexView>& view, ResetSender& resets,
              FlowSampler* sampler = nullptr);
  ~FlowSweeper();
  FlowSweeper(const FlowSweeper&) = delete;
  FlowSweeper& operator=(const FlowSweeper&) = delete;

  /// The next sweep begins at once: a whitelist has changed.
  void hurry();
  Usage usage() const;
  OpenFlows open_flows(uint32_t member) const;
  /// Of the last whole sweep, except `ended` and `released` (since the start).
  elb_sweep_counts counts() const;
  /// Tick at which the last whole sweep began; nothing before the first has ended.
  std::optional<uint32_t> swept_at() const;

 private:
  void run();
  void send_resets(SweepResult& result);
  void settle(const SweepResult& result, const IndexView& view);

  const FlowTable& table_;
  LoadCounts& loads_;
  const uint32_t max_members_;
  const elb_flow_limits limits_;
  const std::function<Result<uint32_t>()> tick_;
  const Published<IndexView>& view_;
  ResetSender& resets_;
  FlowSampler* const sampler_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool hurry_ = false;
  Revocations revocations_;  // the thread's
  uint64_t begun_ = 0, ended_ = 0;
  SweepResult last_;
  uint64_t ended_flows_ = 0, released_ports_ = 0;
  std::thread thread_;
};

}  // namespace elb::dataplane
