// SPDX-License-Identifier: Apache-2.0
// set_constants(): the `const volatile` words of a program (bpf/lib/maps.h), the same for XDP's and tc's, before it is
// loaded. Thread rule: a plain function.
#pragma once

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <elb/abi.h>
#include <elb/flow6.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "dataplane/options.h"
#include "dataplane/syn_cookies.h"
#include "dataplane/tick.h"

namespace elb::dataplane {

template <class Skeleton>
void set_constants(Skeleton& skeleton, const DataplaneOptions& options, const elb_meta& meta, const TickRate& rate) {
  auto& constants = *skeleton.rodata;
  constants.elb_flow_mask = meta.flow_slots - 1;
  std::copy(std::begin(meta.seed), std::end(meta.seed), std::begin(constants.elb_flow_seed));
  constants.elb_tick_shift = meta.tick_shift;
  constants.elb_reset_strays = options.reset_strays;
  constants.elb_local_first_host = options.first_local().v4_host();
  constants.elb_local_count = options.local_count();
  for (uint32_t i = 0; i < ELB_SEEDS6; ++i) constants.elb_seeds6[i] = elb_derive_seed6(meta.seed[i % 5], i);
  if (options.local_addresses6) {
    uint32_t words[4];
    std::memcpy(words, options.first_local6().bytes().data(), sizeof words);
    std::copy_n(words, 3, constants.elb_local6_prefix);
    constants.elb_local6_first_host = ntohl(words[3]);
    constants.elb_local6_count = options.local_count6();
  }
  const uint64_t tick_jiffies = uint64_t{1} << rate.shift;
  if (options.max_new_connections_per_s > 0)
    constants.elb_new_per_tick =
        static_cast<uint32_t>(std::max<uint64_t>(1, options.max_new_connections_per_s * tick_jiffies / rate.hz));
  constants.elb_syn_cookies = uses_syn_cookies(options);
  constants.elb_cpu_count = static_cast<uint32_t>(libbpf_num_possible_cpus());
}

}  // namespace elb::dataplane
