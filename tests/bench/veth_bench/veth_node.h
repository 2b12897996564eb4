// SPDX-License-Identifier: Apache-2.0
// VethNode: the balancer's program on two interfaces with one UDP listener and one member, its maps filled by hand as
// the agent would fill them, in XDP or in tc mode. For the benchmark only. Thread rule: one thread, inside the
// balancer's namespace.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

struct bpf_object;
struct bpf_link;
struct bpf_map;

namespace elb::bench {

using Mac = std::array<uint8_t, 6>;

enum class Hook : uint8_t { kXdp, kTc };

struct NodeSettings {
  Hook hook = Hook::kXdp;
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
  Status load(const NodeSettings& settings);
  Status fill(const NodeSettings& settings);
  Status attach(uint32_t ifindex);
  bpf_map* map(const char* name) const;

  Hook hook_ = Hook::kXdp;
  bpf_object* object_ = nullptr;
  std::vector<bpf_link*> links_;      // XDP
  std::vector<uint32_t> interfaces_;  // tc: they have a qdisc of ours
};

}  // namespace elb::bench
