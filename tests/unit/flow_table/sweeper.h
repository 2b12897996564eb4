// SPDX-License-Identifier: Apache-2.0
// The stress test's agent: sweeps the table, compares each end with what packets were told, and dies now and then at a
// pause point; the next one starts over with what it finds.
// Thread rule: one thread at a time.
#pragma once

#include "unit/flow_table/shadow.h"

namespace elb::test {

class Sweeper {
 public:
  Sweeper(const Table& table, Shadow& shadow, const elb_flow_limits& limits, uint32_t gone_every);

  /// All slots once, as of tick `now`. A death on the way starts anew, as of the same tick, so a sweep ends complete.
  void sweep(uint32_t now);
  /// Takes everything away, whatever is left and wherever the last agent died.
  void drain(uint32_t now);

  elb_sweep_counts counts{};
  uint64_t sweeps = 0;
  uint64_t deaths = 0;
  uint64_t gone = 0;
  uint64_t compared = 0;

 private:
  void sweep_once(uint32_t now, const elb_flow_limits& limits);
  bool is_gone();
  void ended(const elb_flow& forward, const elb_flow& reverse, elb_flow_state state, elb_flow_end why);
  void released(const elb_flow& reverse);
  void compare(const elb_flow& flow, uint32_t limit);

  const Table& table_;
  Shadow& shadow_;
  elb_flow_limits limits_;
  uint32_t gone_every_;  // of so many looks, one finds its member gone; 0: never
  uint32_t looks_ = 0;
  uint32_t now_ = 0;
  bool draining_ = false;
  uint64_t giving_back_ = 0;  // identity of the reverse entry an agent died on while it gave the key back
  elb_flow_observer observer_{};
};

}  // namespace elb::test
