// SPDX-License-Identifier: Apache-2.0
// Target: one member to check, and the difference between two sets of them. Pure: the snapshot in, changes out.
// Thread rule: plain values.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "base/ip.h"
#include "health/http_check.h"
#include "health/tracker.h"
#include "model/snapshot.h"

namespace elb::health {

struct Target {
  Endpoint endpoint;  // what is connected to: monitor_address and monitor_port of the member, or else its address and
                      // the monitor's port or its own (HC-04)
  std::chrono::milliseconds delay{};
  std::chrono::milliseconds timeout{};  // never more than delay (HC-06)
  int rise = 3;
  int fall = 3;
  model::HealthState initial = model::HealthState::kUnchecked;  // counts only when the target is new
  std::optional<HttpCheck> http;                                // empty: that it can be connected to is enough
  bool udp = false;                                             // HC-13, instead of a connection

  /// Whether the same is checked in the same way; `initial` is no part of it.
  bool same_check(const Target& other) const;
  Thresholds thresholds() const { return {rise, fall}; }
};

using Targets = std::map<model::Id, Target>;

/// The members of every monitored pool. Members of pools without a monitor are not checked (HC-15).
Targets plan_targets(const model::Snapshot& snapshot);
/// Of one pool: adds its members.
void plan_targets(const model::SnapshotPool& pool, Targets& targets);

struct Changes {
  std::vector<std::pair<model::Id, Target>> put;  // new, or with other settings
  std::vector<model::Id> removed;
  size_t size() const { return put.size() + removed.size(); }
};

Changes difference(const Targets& before, const Targets& after);

}  // namespace elb::health
