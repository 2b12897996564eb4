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
#include "dataplane/flow_table.h"
#include "dataplane/index_view.h"
#include "dataplane/map_sync.h"
#include "dataplane/options.h"
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
  elb_sweep_counts counts{};
  std::optional<uint32_t> at;  // tick at its beginning
};

/// One sweep over all slots, ending the connections of members that `view` does not name as live. `stop` ends it early,
/// then the result is worth nothing.
SweepResult sweep_once(const elb_table& table, uint32_t now, const elb_flow_limits& limits, const IndexView& view,
                       uint32_t max_members, const std::function<bool()>& stop);

class FlowSweeper {
 public:
  /// `tick` tells the time as packets see it. Everything given outlives the object.
  FlowSweeper(const FlowTable& table, const DataplaneOptions& options, const TickRate& rate,
              std::function<Result<uint32_t>()> tick, const Published<IndexView>& view);
  ~FlowSweeper();
  FlowSweeper(const FlowSweeper&) = delete;
  FlowSweeper& operator=(const FlowSweeper&) = delete;

  Usage usage() const;
  OpenFlows open_flows(uint32_t member) const;
  /// Of the last whole sweep, except `ended` and `released` (since the start).
  elb_sweep_counts counts() const;
  /// Tick at which the last whole sweep began; nothing before the first has ended.
  std::optional<uint32_t> swept_at() const;

 private:
  void run();

  const FlowTable& table_;
  const uint32_t max_members_;
  const elb_flow_limits limits_;
  const std::function<Result<uint32_t>()> tick_;
  const Published<IndexView>& view_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  uint64_t begun_ = 0, ended_ = 0;
  SweepResult last_;
  uint64_t ended_flows_ = 0, released_ports_ = 0;
  std::thread thread_;
};

}  // namespace elb::dataplane
