// SPDX-License-Identifier: Apache-2.0
// VethNode: the balancer's program on two interfaces with one UDP listener and one member, its maps filled by hand as
// the agent would fill them. For the benchmark only. Thread rule: one thread, inside the balancer's namespace.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/ip.h"
#include "base/result.h"

struct xdp_balancer;
struct bpf_link;

namespace elb::bench {

using Mac = std::array<uint8_t, 6>;

struct NodeSettings {
  uint32_t client_ifindex = 0;
  uint32_t member_ifindex = 0;
  Mac client_side_mac{};  // of the node's own interfaces
  Mac member_side_mac{};
  Mac member_mac{};
  Endpoint vip;
  Endpoint member;
  Cidr local;
  uint32_t flow_slots = 1U << 20;
};

class VethNode {
 public:
  /// Loads, fills the maps, attaches. What it attached goes with it.
  static Result<std::unique_ptr<VethNode>> start(const NodeSettings& settings);
  ~VethNode();
  /// "no_member=3 ttl=1": every reason that was counted.
  std::string reasons() const;

 private:
  VethNode() = default;
  Status fill(const NodeSettings& settings);

  xdp_balancer* program_ = nullptr;
  std::array<bpf_link*, 2> links_{};
};

}  // namespace elb::bench
