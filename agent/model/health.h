// SPDX-License-Identifier: Apache-2.0
// What is known of a member's health, and the event by which the health executor tells the reconciler.
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace elb::model {

enum class HealthState : uint8_t {
  kUnmonitored,  // no monitor, or it is disabled: gets traffic (HC-15)
  kUnchecked,    // monitored, no result yet: gets no traffic (MB-05)
  kHealthy,
  kUnhealthy,
};

struct Health {
  HealthState state = HealthState::kUnmonitored;
  std::string reason;       // of the last result, e.g. "connection refused"; empty when healthy
  WallTime since{};         // of the state
  WallTime checked{};       // last result
  int64_t latency_us = -1;  // of the last successful check, -1: none
};

/// A change of state, or (same state) a fresh reason, time or latency worth showing.
struct HealthEvent {
  std::string member_id;
  Health health;
};

}  // namespace elb::model
