// SPDX-License-Identifier: Apache-2.0
// set_constants(): the `const volatile` words of a program (bpf/lib/maps.h), the same for XDP's and tc's, before it is
// loaded. Thread rule: a plain function.
#pragma once

#include <bpf/libbpf.h>
#include <elb/abi.h>

#include <algorithm>
#include <iterator>

#include "dataplane/options.h"
#include "dataplane/tick.h"

namespace elb::dataplane {

template <class Skeleton>
void set_constants(Skeleton& skeleton, const DataplaneOptions& options, const elb_meta& meta, const TickRate& rate) {
  auto& constants = *skeleton.rodata;
  constants.elb_flow_mask = meta.flow_slots - 1;
  std::copy(std::begin(meta.seed), std::end(meta.seed), std::begin(constants.elb_flow_seed));
  constants.elb_tick_shift = meta.tick_shift;
  constants.elb_local_first_host = options.first_local().v4_host();
  constants.elb_local_count = options.local_count();
  const uint64_t tick_jiffies = uint64_t{1} << rate.shift;
  if (options.max_new_connections_per_s > 0)
    constants.elb_new_per_tick =
        static_cast<uint32_t>(std::max<uint64_t>(1, options.max_new_connections_per_s * tick_jiffies / rate.hz));
  constants.elb_cpu_count = static_cast<uint32_t>(libbpf_num_possible_cpus());
}

}  // namespace elb::dataplane
