// SPDX-License-Identifier: Apache-2.0
// Bed6: small_world() and beside it IPv6: a VIP whose listeners have members of either family. Thread rule: as Testbed.
#pragma once

#include "bpf/testbed.h"

namespace elb::test {

inline constexpr const char* kVip6 = "2001:db8::10";
inline constexpr const char* kHost6 = "fd00:100:125::1";
inline constexpr const char* kLocal6 = "fd00:100:125::2";  // the first of four
inline constexpr const char* kClient6 = "2001:db8:99::7";
inline constexpr const char* kMember6 = "2001:db8:2::11";
inline constexpr const char* kMember4 = "10.0.0.11";
inline constexpr const char* kElsewhere6 = "2001:db8:77::1";

/// Listeners of the IPv6 VIP, besides those of small_world().
enum Port6 : uint16_t { kSix = 80, kFour = 81, kNone = 82, kSmall = 83, kSixUdp = 53, kFourUdp = 54 };

inline const Ethernet kFromClient{.dst = kOwnMac, .src = kClientMac};
inline const Ethernet kToMember{.dst = kMemberMac, .src = kOwnMac};
inline const Ethernet kFromMember{.dst = kOwnMac, .src = kMemberMac};
inline const Ethernet kToClient{.dst = kClientMac, .src = kOwnMac};

struct Bed6 : Testbed {
  explicit Bed6(const RunnerOptions& options = {}) : Testbed(options) {
    if (!runner.ok()) return;
    runner.set_address(Ipv6Address(kVip6), ELB_ADDR_VIP);
    runner.set_address(Ipv6Address("fd00:100:125::"), ELB_ADDR_LOCAL, 112);
    runner.set_address(Ipv6Address(kHost6), ELB_ADDR_HOST);
    listener(kSix, 6, 20);
    listener(kSixUdp, 17, 21);
    listener(kFour, 6, 22);
    listener(kFourUdp, 17, 23);
    listener(kSmall, 6, 24);
    runner.set_listener(Ipv6Address(kVip6), kNone, 6, 25);
    runner.set_member(200, Ipv6Address(kMember6), kMemberPort, 1, 20);
    runner.set_member(210, Ipv6Address(kMember6), kMemberUdpPort, 1, 21);
    runner.set_member(220, Ipv4Address(kMember4), kMemberPort, 1, 22);
    runner.set_member(230, Ipv4Address(kMember4), kMemberUdpPort, 1, 23);
    runner.set_member(240, Ipv6Address(kMember6), kMemberPort, 3, 24);
  }
  void listener(uint16_t port, uint8_t proto, uint32_t index) {
    runner.set_listener(Ipv6Address(kVip6), port, proto, index);
    runner.set_ring(index, {index * 10});
  }
};

struct Local6 {
  Ipv6Address addr;
  uint16_t port;
};
inline Local6 source6_of(const Bytes& frame) {
  Local6 local;
  std::copy_n(frame.begin() + 22, 16, local.addr.bytes.begin());
  local.port = static_cast<uint16_t>(frame.at(54) << 8 | frame.at(55));
  return local;
}
struct Local4 {
  Ipv4Address addr;
  uint16_t port, id, frag;
};
inline Local4 source4_of(const Bytes& f) {
  const auto get = [&](size_t at) { return static_cast<uint16_t>(f.at(at) << 8 | f.at(at + 1)); };
  return {Ipv4Address::from_host(uint32_t{get(26)} << 16 | get(28)), get(34), get(18), get(20)};
}

}  // namespace elb::test
