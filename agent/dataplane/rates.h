// SPDX-License-Identifier: Apache-2.0
// Rates: what elb_rates is to hold for a bandwidth (LB-09..11), in the terms of bpf/lib/rate.h. Pure; thread rule: none
// needed.
#pragma once

#include <elb/abi.h>

#include "base/ip.h"

namespace elb::dataplane {

/// `hz`: jiffies in a second; `cpus`: possible ones, each of which may hold a quantum.
elb_rate build_rate(const IpAddress& address, uint32_t mbit_per_s, uint32_t hz, uint32_t cpus);

/// Entry 0, which tells the packet program that there are limits.
elb_rate any_rate();

}  // namespace elb::dataplane
