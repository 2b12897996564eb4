// SPDX-License-Identifier: Apache-2.0
// Ticks: the flow table's unit of time, jiffies >> shift, about half a second. The kernel does not tell its HZ, so it
// is measured once at start (a tenth of a second) with a program of two instructions. Thread rule: plain values.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "dataplane/options.h"

namespace elb::dataplane {

struct TickRate {
  uint32_t hz = 0;
  uint32_t shift = 0;

  /// Ticks that certainly last as long as `seconds`.
  uint32_t ticks(uint32_t seconds) const;
  double seconds(uint32_t ticks) const;
};

/// 100, 250, 300 or 1000, whichever fits.
Result<uint32_t> measure_hz();
/// The shift that brings a tick next to half a second.
uint32_t tick_shift_for(uint32_t hz);

}  // namespace elb::dataplane
