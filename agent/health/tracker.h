// SPDX-License-Identifier: Apache-2.0
// Tracker: the health of one member as a pure state machine over check results (HC-08, HC-12).
//   unchecked --first result--> healthy or unhealthy, at once
//   healthy   --`fall` failures in a row--> unhealthy --`rise` successes in a row--> healthy
// A result that agrees with the state restarts the count. Thread rule: a plain value.
#pragma once

#include "model/health.h"

namespace elb::health {

/// Consecutive results that change the state; both at least 1. Given with each result, so that a changed setting
/// counts from the next result on, for the run of results that is going on too (HC-19).
struct Thresholds {
  int rise = 3;
  int fall = 3;
};

class Tracker {
 public:
  /// kHealthy and kUnhealthy: a member whose state was known before (adopted from the kernel, kept over a change of
  /// the monitor). Anything else starts unchecked.
  explicit Tracker(model::HealthState initial = model::HealthState::kUnchecked);

  /// True when the state changed.
  bool record(bool success, Thresholds thresholds);

  model::HealthState state() const { return state_; }
  /// Results in a row that speak against the state, 0 when the last one agreed with it.
  int against() const { return against_; }

 private:
  model::HealthState state_;
  int against_ = 0;
};

}  // namespace elb::health
