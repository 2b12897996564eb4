// SPDX-License-Identifier: Apache-2.0
// world6(): admission_world() and beside it IPv6, for the model and the program alike: a VIP whose listeners have
// members of either family, of every condition. Thread rule: as Testbed.
#pragma once

#include "bpf/testbed6.h"

namespace elb::test {

inline constexpr const char* kLastLocal6 = "fd00:100:125::5";

/// Listeners of the IPv6 VIP in world6(), by what is special about them; their indexes begin at kListener6.
enum World6 : uint16_t {
  kSix3 = 80,            // three IPv6 members
  kFour2 = 81,           // two IPv4 members
  kMixed = 82,           // one of each family
  kNoMember6 = 83,       // ring of no members
  kUnresolved6 = 84,     // its member's hop is not valid
  kNarrowSix = 85,       // IPv6 member, whose link takes 600 bytes
  kNarrowFour = 86,      // IPv4 member, likewise
  kElsewhereSix = 87,    // its member is behind the other interface
  kElsewhereFour = 88,   //
  kTaggedSix = 89,       // its member is in VLAN 7
  kTaggedFour = 90,      //
  kToaSix = 91,          // hands over the client's address
  kToaFour = 92,         //
  kAllowed6 = 93,        // whitelist with the lower half of the clients' network
  kHashed6 = 94,         // source hash over members of both families
  kSticky6 = 95,         // stickiness
  kLimited6 = 96,        // at most kLimit connections
  kLeast6 = 97,          // least connections, weights 1, 2, 3
  kNoDevice6 = 98,       // its member is behind an interface that is not attached
  kProxied6 = 99,        // the proxy's, with kAllowed6's whitelist
  kSixDatagrams = 53,    // UDP: two IPv6 members
  kFourDatagrams = 54,   // UDP: two IPv4 members
  kMixedDatagrams = 55,  // UDP: one of each family
};
inline constexpr uint32_t kListener6 = 20;

ModelConfig world6();
/// For it.
RunnerOptions options6(Hook hook);

}  // namespace elb::test
