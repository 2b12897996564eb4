// SPDX-License-Identifier: Apache-2.0
// The stress test: threads of random packets beside a sweeper, all of them stopped and delayed at the table's pause
// points, and an agent that dies there. Time passes in episodes, each with a table, limits and habits of its own; an
// episode has rounds, after which everybody stands still and the whole table is compared with the shadow.
// Thread rule: run() starts and joins all threads.
#pragma once

#include <array>
#include <chrono>

#include "unit/flow_table/packets.h"

namespace elb::test {

struct StressOptions {
  std::chrono::duration<double> time{10};
  uint64_t seed = 1;
  uint32_t threads = 6;
};

struct StressReport {
  uint64_t episodes = 0;
  uint64_t rounds = 0;
  uint64_t sweeps = 0;
  uint64_t deaths = 0;  // of the agent
  uint64_t gone = 0;    // connections ended because their member was taken away
  uint64_t late = 0;    // acknowledged packets compared with an end
  PacketCounts packets;
  elb_sweep_counts swept{};
  std::array<uint64_t, static_cast<size_t>(Violation::count)> violations{};

  uint64_t violated() const;
  void print() const;
};

/// Runs until the time is over or, at once, something is wrong.
StressReport run_stress(const StressOptions& options);

/// Nobody runs: compares every slot with its home word, its peer and the shadow. Reports into the shadow.
void audit(const Table& table, Shadow& shadow);

/// After everything was ended: all slots free, no bit set, nobody owns anything.
void audit_empty(const Table& table, Shadow& shadow);

}  // namespace elb::test
