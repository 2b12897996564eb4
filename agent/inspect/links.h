// SPDX-License-Identifier: Apache-2.0
// Network interfaces as the packet program meets them: state, offloads that break or forbid it, queues. Facts come from
// socket ioctls (which see this process' network namespace, unlike /sys), the judging is pure. Thread rule: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/diagnosis.h"

namespace elb::inspect {

struct LinkFacts {
  std::string name;
  bool exists = false;
  bool up = false;       // administratively
  bool running = false;  // with carrier
  std::string driver;
  std::map<std::string, bool> features;  // as ethtool -k calls them: "rx-lro", "rx-gro-hw", "tx-checksum-ip-generic"
  uint32_t rx_queues = 0;                // 0: not told
  std::vector<uint32_t> indirection;     // RSS: queue of each bucket; empty: none
  std::string peer;                      // of a veth, when it is in this namespace too
  std::map<std::string, bool> peer_features;
  std::optional<int64_t> rp_filter;  // the stricter of "all" and the interface's own
};

LinkFacts read_link(const std::string& name);
/// `links`: how many interfaces are balanced on; `cpus`: of the machine.
model::Findings judge_link(const LinkFacts& facts, size_t links, uint32_t cpus);
/// Both for each of them.
model::Findings look_at_links(const std::vector<std::string>& names);

}  // namespace elb::inspect
