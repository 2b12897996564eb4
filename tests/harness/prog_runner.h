// SPDX-License-Identifier: Apache-2.0
// ProgRunner: the balancer's programs in the real kernel, fed by BPF_PROG_TEST_RUN, with maps of its own (nothing is
// pinned or attached). Needs CAP_BPF and CAP_NET_ADMIN. A kernel that refuses ends the test run with the verifier's
// words. Thread rule: run() from any thread, the rest from one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "elb/flow6.h"
#include "elb/flow_sweep.h"
#include "harness/packet.h"

struct bpf_object;

namespace elb::test {

enum class Hook { kXdp, kTc };

struct RunnerOptions {
  Hook hook = Hook::kXdp;
  uint32_t flow_slots = 4096;  // a power of two
  uint32_t listeners = 64;
  uint32_t members = 256;
  Ipv4Address local_first = "100.125.0.2";
  uint32_t local_count = 4;
  Ipv6Address local6_first = "fd00:100:125::2";
  uint32_t local6_count = 4;  // 0: IPv6 is not configured
  uint32_t tick_shift = 7;
  uint32_t new_per_tick = 0;  // of the rate guard
  bool syn_cookies = true;    // above it
  uint64_t seed[5] = {0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0x8CB92BA72F3D8DD7, 0xABC98388FB8FAC03, 0};
};

struct RunResult {
  uint32_t verdict;  // XDP_*; of tc's the one that means the same, a frame turned round is XDP_REDIRECT there
  Bytes frame;       // after the program
  double ns;         // per repetition
};

struct ProgramFacts {
  std::string name;
  uint32_t verified_instructions;
  uint32_t jited_bytes;
};

class ProgRunner {
 public:
  static constexpr uint32_t kLoopback = 1;  // ifindex that frames arrive on unless told otherwise

  /// Opens and loads; errors go to stderr and `ok()` is false.
  ProgRunner(std::span<const uint8_t> elf, const RunnerOptions& options);
  ~ProgRunner();
  ProgRunner(const ProgRunner&) = delete;
  ProgRunner& operator=(const ProgRunner&) = delete;

  bool ok() const { return loaded_; }
  int error() const { return error_; }  // errno of a load that failed
  std::vector<ProgramFacts> facts() const;

  void set_address(Ipv4Address addr, elb_addr_kind kind, uint32_t prefix = 32);
  void set_listener(Ipv4Address vip, uint16_t port, uint8_t proto, uint32_t index, uint32_t flags = 0);
  void set_rate(uint32_t index, const elb_rate& rate);
  void set_address(Ipv6Address addr, elb_addr_kind kind, uint32_t prefix = 128);
  void set_listener(Ipv6Address vip, uint16_t port, uint8_t proto, uint32_t index, uint32_t flags = 0);
  void set_ring(uint32_t listener, const std::vector<uint32_t>& members);
  void set_member(uint32_t index, Ipv4Address addr, uint16_t port, uint16_t hop, uint32_t listener);
  void set_member(uint32_t index, Ipv6Address addr, uint16_t port, uint16_t hop, uint32_t listener);
  void put_member(uint32_t index, const elb_member& member);
  elb_member member(uint32_t index) const;
  void set_policy(uint32_t listener, const elb_policy& policy);
  /// `bits`: of an IPv4 prefix.
  void allow(uint32_t acl, Ipv4Address client, uint32_t bits = 32);
  void allow(uint32_t acl, Ipv6Address client, uint32_t bits = 128);
  void set_hop(uint32_t index, const elb_hop& hop);
  void set_link(uint32_t ifindex, MacAddress mac, uint16_t mtu);
  void set_tx_port(uint32_t ifindex);
  void free_hops(uint32_t first, uint32_t count);

  RunResult run(std::span<const uint8_t> frame, uint32_t repeat = 1, const char* program = nullptr,
                uint32_t ingress = kLoopback) const;
  /// The kernel's test run makes no socket buffer of a frame that ends within its IP header.
  bool takes(std::span<const uint8_t> frame) const;
  /// How this hook shows an XDP_* verdict.
  uint32_t shown(uint32_t verdict) const { return hook_ == Hook::kTc && verdict == 3 ? 4 : verdict; }

  uint64_t reason(elb_reason reason) const;
  std::vector<uint64_t> reasons() const;
  elb_traffic traffic(uint32_t member) const;
  uint64_t refused(uint32_t listener) const;
  uint64_t limited(uint32_t listener) const;  // packets dropped for bandwidth
  elb_hop hop(uint32_t index) const;
  uint32_t load(uint32_t member) const;
  /// What the agent does for each of so many counted connections of the member that it ends.
  void uncount(uint32_t member, uint32_t connections);
  elb_cursor cursor(uint32_t listener) const;
  void set_cursor(uint32_t listener, const elb_cursor& cursor);
  elb_table table() const { return table_; }
  int map_fd(const char* name) const;
  int program_fd(const char* name) const;

 private:
  void put(const char* map, const void* key, const void* value) const;
  void put_address(const elb_ip& addr, elb_addr_kind kind, uint32_t prefix) const;
  void put_listener(const elb_ip& vip, uint16_t port, uint8_t proto, uint32_t index, uint32_t flags) const;
  void put_allowed(uint32_t acl, const elb_ip& client, uint32_t bits) const;
  void put_member(uint32_t index, const elb_ip& addr, uint16_t port, uint16_t hop, uint32_t listener);

  Hook hook_;
  bpf_object* object_ = nullptr;
  bool loaded_ = false;
  int error_ = 0;
  elb_table table_{};
};

/// Sweeps the whole table once and returns what it met.
elb_sweep_counts sweep_all(const elb_table& table, uint32_t now, const elb_flow_limits& limits,
                           const elb_flow_observer* observer = nullptr);

/// Program object files that were built with this test, by skeleton name.
std::span<const uint8_t> balancer_elf(Hook hook = Hook::kXdp);

}  // namespace elb::test
