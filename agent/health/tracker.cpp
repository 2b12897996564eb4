// SPDX-License-Identifier: Apache-2.0
#include "health/tracker.h"

namespace elb::health {

using model::HealthState;

Tracker::Tracker(HealthState initial)
    : state_(initial == HealthState::kHealthy || initial == HealthState::kUnhealthy ? initial
                                                                                    : HealthState::kUnchecked) {}

bool Tracker::record(bool success, Thresholds thresholds) {
  const HealthState seen = success ? HealthState::kHealthy : HealthState::kUnhealthy;
  if (seen == state_) {
    against_ = 0;
    return false;
  }
  ++against_;
  const int needed = state_ == HealthState::kUnchecked ? 1 : success ? thresholds.rise : thresholds.fall;
  if (against_ < needed) return false;
  state_ = seen;
  against_ = 0;
  return true;
}

}  // namespace elb::health
