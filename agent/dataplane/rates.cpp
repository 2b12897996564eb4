// SPDX-License-Identifier: Apache-2.0
#include "dataplane/rates.h"

#include <algorithm>

#include "dataplane/abi_values.h"

namespace elb::dataplane {

namespace {

constexpr uint64_t kBytesPerMbit = 1000 * 1000 / 8;
/// Long enough for the bursts of a few TCP senders, short enough to add little to ten seconds of traffic.
constexpr uint64_t kBurstsPerSecond = 5;
constexpr uint64_t kBurstMin = 1U << 16;    // the largest packet that tc hands over in one piece
constexpr uint64_t kQuantumMax = 1U << 18;  // more spares no time

}  // namespace

elb_rate build_rate(const IpAddress& address, uint32_t mbit_per_s, uint32_t hz, uint32_t cpus) {
  const uint64_t bytes_per_s = mbit_per_s * kBytesPerMbit;
  elb_rate rate{};
  rate.per_jiffy = (bytes_per_s << ELB_RATE_SHIFT) / hz;
  const uint64_t burst = std::max(bytes_per_s / kBurstsPerSecond, kBurstMin);
  rate.burst = burst;
  // All CPUs together may hold a quarter of a burst.
  rate.quantum = static_cast<uint32_t>(std::min(burst / 4 / std::max(cpus, 1U), kQuantumMax));
  rate.mbit_per_s = mbit_per_s;
  rate.addr = abi_ip(address);
  return rate;
}

elb_rate any_rate() {
  elb_rate rate{};
  rate.per_jiffy = 1;
  return rate;
}

}  // namespace elb::dataplane
