// SPDX-License-Identifier: Apache-2.0
// LoadCounts: the counters of open connections that packets and the sweep share (elb_loads, elb_cursors), mapped into
// the agent; their correction after a crash; and each listener's share of the flow table. Thread rule: the sweeper's
// thread; load() and active() from any.
#pragma once

#include <elb/abi.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "dataplane/index_view.h"

namespace elb::dataplane {

class LoadCounts {
 public:
  /// Maps the two arrays; the descriptors may be closed afterwards.
  static Result<std::unique_ptr<LoadCounts>> map(int loads_fd, uint32_t members, int cursors_fd, uint32_t listeners);
  /// Over memory of the caller's, in the form the kernel gives it: a load takes eight bytes.
  LoadCounts(uint64_t* loads, uint32_t members, elb_cursor* cursors, uint32_t listeners);
  ~LoadCounts();
  LoadCounts(const LoadCounts&) = delete;
  LoadCounts& operator=(const LoadCounts&) = delete;

  uint32_t load(uint32_t member) const;
  uint32_t active(uint32_t listener) const;

  /// A connection that was still counted has ended.
  void uncount(uint32_t member, const IndexView& view);

  /// Around a whole sweep. An agent that was killed between the end of a connection and uncount() leaves a counter too
  /// high. What a sweep counted says by how much, if the listener was quiet: nothing opened or closed since the sweep
  /// before the last began. So a wrong counter is put right about two seconds after the listener's last change.
  void sweep_begins(uint32_t now);
  /// `open`: counted connections by member index. Returns how many counters were wrong.
  uint64_t sweep_ended(const std::vector<uint32_t>& open, const IndexView& view);

  /// Written for the packet path: how many connections each listener may still open (docs/flow-table.md, "Shares").
  void share_out(uint64_t slots, const std::vector<uint32_t>& held, const IndexView& view);

 private:
  static constexpr uint32_t kQuietSweeps = 2;
  static constexpr uint32_t kQuietTicks = 2;
  bool quiet(uint32_t listener) const;
  uint32_t* load_at(uint32_t member) const;
  uint64_t pair_at(uint32_t listener) const;  // active and opened

  uint64_t* const loads_;
  const uint32_t members_;
  elb_cursor* const cursors_;
  const uint32_t listeners_;
  const bool mapped_;
  struct Watch {
    uint64_t pair = 0;    // pair_at() when the last sweep began
    uint32_t since = 0;   // tick of the first sweep that began with it
    uint32_t sweeps = 0;  // that ended with it
  };
  std::vector<Watch> watches_;  // by listener
  uint32_t now_ = 0;
};

/// Connections that a listener may open until the next sweep. `slots`: of the table; `used`: entries in it; `held`: the
/// listener's; `listeners`: how many there are; `heavy`: those at or above their share of the table.
uint32_t room_of(uint64_t slots, uint64_t used, uint64_t held, uint64_t listeners, uint64_t heavy);
/// Entries that each of so many listeners is certain of.
uint64_t share_of(uint64_t slots, uint64_t listeners);

}  // namespace elb::dataplane
