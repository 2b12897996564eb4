// SPDX-License-Identifier: Apache-2.0
// Testbed: the balancer's program with a small world around it, the same for the program's maps and for the model:
// listeners of every condition, members, next hops, a neighbour on either of two interfaces. The test process lives in
// a network namespace of its own (made before the first test). Thread rule: as ProgRunner.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "harness/model_balancer.h"
#include "harness/prog_runner.h"

namespace elb::test {

inline constexpr const char* kVip = "198.51.100.10";
inline constexpr const char* kHost = "100.125.0.1";
inline constexpr const char* kLocal = "100.125.0.2";  // the first of four
inline constexpr const char* kLastLocal = "100.125.0.5";
inline constexpr const char* kClient = "203.0.113.7";
inline constexpr const char* kElsewhere = "192.0.2.99";

inline constexpr const char* kOwnMac = "02:00:00:00:00:01";     // of the loopback interface, where frames arrive
inline constexpr const char* kClientMac = "02:00:00:00:00:02";  // neighbour of the client
inline constexpr const char* kMemberMac = "02:00:00:00:00:03";  // neighbour of the members
inline constexpr const char* kOtherOwnMac = "02:00:00:00:00:11";
inline constexpr const char* kOtherMemberMac = "02:00:00:00:00:13";

/// Ports of the VIP, by what is special about the listener there. Listener index = member index base / 10.
enum Port : uint16_t {
  kPlain = 80,          // members 10, 11, 12 on kMemberMac
  kEmpty = 81,          // ring of no members
  kNoRing = 82,         // no ring at all
  kUnresolved = 83,     // its member's hop is not valid
  kNarrow = 84,         // its member's link takes 600 bytes
  kElsewherePort = 85,  // its member is behind the other interface
  kNoDevice = 86,       // its member is behind an interface that is not attached
  kTagged = 87,         // its member is in VLAN 7
  kToa = 88,            // hands over the client's address; member 100
  kUdpPlain = 53,       // members 20, 21
  // Listeners of admission_world() only, 11 to 19.
  kAllowed = 93,     // whitelist with the lower half of the clients' network
  kNobody = 94,      // an empty whitelist
  kLeast = 89,       // least connections, weights 1, 2, 3 and a member that is not usable
  kHashed = 90,      // source hash over four members, one not resolved
  kSticky = 91,      // round robin with stickiness
  kLimited = 92,     // at most kLimit connections
  kProxied = 95,     // the proxy's, with kAllowed's whitelist
  kUdpAllowed = 54,  // whitelist as kAllowed's
  kUdpSticky = 55,
};
inline constexpr uint32_t kLimit = 5;
inline constexpr uint16_t kMemberPort = 8080, kMemberUdpPort = 5353;

/// The suffix of a test that runs on both hooks.
std::string hook_name(const testing::TestParamInfo<Hook>& info);

/// The second interface of the namespace.
uint32_t other_interface();

ModelConfig small_world();
/// small_world() with a listener for each way to admit connections.
ModelConfig admission_world();
elb_policy abi_policy(uint32_t listener, const ModelPolicy& policy);
void write_maps(ProgRunner& runner, const ModelConfig& config);

struct Testbed {
  explicit Testbed(const RunnerOptions& options = {}, ModelConfig world = small_world());
  ModelConfig config;
  ProgRunner runner;
};

/// Runs the calling thread on one CPU until destroyed.
class OnCpu {
 public:
  explicit OnCpu(int cpu);
  ~OnCpu();

 private:
  std::string before_;
};

const char* verdict_name(uint32_t verdict);
const char* reason_name(uint32_t reason);  // "forwarded" for ELB_REASON_COUNT

}  // namespace elb::test
