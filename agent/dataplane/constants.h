// SPDX-License-Identifier: Apache-2.0
// set_constants(): the `const volatile` words of a program (bpf/lib/maps.h), the same for XDP's and tc's, before it is
// loaded. Thread rule: a plain function.
#pragma once

#include <bpf/libbpf.h>
#include <elb/abi.h>

#include <algorithm>
#include <iterator>

#include "dataplane/options.h"

namespace elb::dataplane {

template <class Skeleton>
void set_constants(Skeleton& skeleton, const DataplaneOptions& options, const elb_meta& meta) {
  auto& constants = *skeleton.rodata;
  constants.elb_flow_mask = meta.flow_slots - 1;
  std::copy(std::begin(meta.seed), std::end(meta.seed), std::begin(constants.elb_flow_seed));
  constants.elb_tick_shift = meta.tick_shift;
  constants.elb_local_first_host = options.first_local().v4_host();
  constants.elb_local_count = options.local_count();
  constants.elb_cpu_count = static_cast<uint32_t>(libbpf_num_possible_cpus());
}

}  // namespace elb::dataplane
