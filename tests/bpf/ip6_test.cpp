// SPDX-License-Identifier: Apache-2.0
// IPv6 connections and those between the families: what a forwarded packet looks like, both ways, composed anew with
// its checksums in full; and one row for each way a single packet can leave.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "bpf/testbed.h"

namespace elb::test {
namespace {

constexpr const char* kVip6 = "2001:db8::10";
constexpr const char* kHost6 = "fd00:100:125::1";
constexpr const char* kLocal6 = "fd00:100:125::2";  // the first of four
constexpr const char* kClient6 = "2001:db8:99::7";
constexpr const char* kMember6 = "2001:db8:2::11";
constexpr const char* kMember4 = "10.0.0.11";
constexpr const char* kElsewhere6 = "2001:db8:77::1";

/// Listeners of the IPv6 VIP, besides those of small_world().
enum Port6 : uint16_t { kSix = 80, kFour = 81, kNone = 82, kSmall = 83, kSixUdp = 53, kFourUdp = 54 };

const Ethernet kFromClient{.dst = kOwnMac, .src = kClientMac};
const Ethernet kToMember{.dst = kMemberMac, .src = kOwnMac};
const Ethernet kFromMember{.dst = kOwnMac, .src = kMemberMac};
const Ethernet kToClient{.dst = kClientMac, .src = kOwnMac};

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
Local6 source6_of(const Bytes& frame) {
  Local6 local;
  std::copy_n(frame.begin() + 22, 16, local.addr.bytes.begin());
  local.port = static_cast<uint16_t>(frame.at(54) << 8 | frame.at(55));
  return local;
}
struct Local4 {
  Ipv4Address addr;
  uint16_t port, id, frag;
};
Local4 source4_of(const Bytes& f) {
  const auto get = [&](size_t at) { return static_cast<uint16_t>(f.at(at) << 8 | f.at(at + 1)); };
  return {Ipv4Address::from_host(uint32_t{get(26)} << 16 | get(28)), get(34), get(18), get(20)};
}

class Rewrite6 : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(bed.runner.ok()); }
  Bytes pass(const Bytes& frame, uint32_t verdict = XDP_TX) {
    const RunResult result = bed.runner.run(frame);
    EXPECT_STREQ(verdict_name(result.verdict), verdict_name(verdict)) << describe(frame) << reasons();
    return result.frame;
  }
  std::string reasons() const {
    std::string text;
    const auto counted = bed.runner.reasons();
    for (uint32_t i = 0; i < ELB_REASON_COUNT; i++)
      if (counted[i]) text += std::string(" ") + reason_name(i);
    return text;
  }
  void expect(const Bytes& got, const Bytes& wanted) {
    EXPECT_EQ(describe(got), describe(wanted));
    EXPECT_EQ(got, wanted);
  }
  Bed6 bed;
};

TEST_F(Rewrite6, TcpBothWays) {
  const Bytes opened = pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6} / TCP{.dport = kSix, .flags = kSyn});
  const Local6 local = source6_of(opened);
  expect(opened, kToMember / IPv6{.src = local.addr, .dst = kMember6, .hop_limit = 63} /
                     TCP{.sport = local.port, .dport = kMemberPort, .flags = kSyn});
  expect(pass(kFromMember / IPv6{.src = kMember6, .dst = local.addr, .hop_limit = 50} /
              TCP{.sport = kMemberPort, .dport = local.port, .seq = 9, .ack = 2, .flags = kSyn | kAck}),
         kToClient / IPv6{.src = kVip6, .dst = kClient6, .hop_limit = 49} /
             TCP{.sport = kSix, .dport = 40000, .seq = 9, .ack = 2, .flags = kSyn | kAck});
  for (const std::string& data : {std::string("GET / HTTP/1.1"), std::string("odd"), std::string(1400, '\xff')})
    expect(pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6, .traffic_class = 0xb8, .flow_label = 0x12345} /
                TCP{.dport = kSix} / data),
           kToMember /
               IPv6{.src = local.addr, .dst = kMember6, .hop_limit = 63, .traffic_class = 0xb8, .flow_label = 0x12345} /
               TCP{.sport = local.port, .dport = kMemberPort} / data);
  EXPECT_EQ(bed.runner.traffic(200).packets_in, 4u);
  EXPECT_EQ(bed.runner.traffic(200).packets_out, 1u);
  EXPECT_EQ(bed.runner.traffic(200).bytes_out, 74u);
  EXPECT_EQ(reasons(), "");
}

TEST_F(Rewrite6, UdpBothWays) {
  const Bytes opened = pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6} / UDP{.dport = kSixUdp} / "query");
  const Local6 local = source6_of(opened);
  expect(opened, kToMember / IPv6{.src = local.addr, .dst = kMember6, .hop_limit = 63} /
                     UDP{.sport = local.port, .dport = kMemberUdpPort} / "query");
  expect(pass(kFromMember / IPv6{.src = kMember6, .dst = local.addr} /
              UDP{.sport = kMemberUdpPort, .dport = local.port} / "answer"),
         kToClient / IPv6{.src = kVip6, .dst = kClient6, .hop_limit = 63} / UDP{.sport = kSixUdp, .dport = 40000} /
             "answer");
}

TEST_F(Rewrite6, TcpToAnIpv4MemberBothWays) {
  const Bytes opened = pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6, .traffic_class = 0xb8, .flow_label = 7} /
                            TCP{.dport = kFour, .flags = kSyn});
  const Local4 local = source4_of(opened);
  EXPECT_EQ(local.frag, 0) << "short enough to be fragmented";
  expect(opened, kToMember /
                     IPv4{.src = local.addr, .dst = kMember4, .ttl = 63, .tos = 0xb8, .id = local.id, .frag = 0} /
                     TCP{.sport = local.port, .dport = kMemberPort, .flags = kSyn});
  expect(pass(kFromMember / IPv4{.src = kMember4, .dst = local.addr, .ttl = 50, .tos = 0x28} /
              TCP{.sport = kMemberPort, .dport = local.port, .seq = 9, .ack = 2, .flags = kSyn | kAck}),
         kToClient / IPv6{.src = kVip6, .dst = kClient6, .hop_limit = 49, .traffic_class = 0x28} /
             TCP{.sport = kFour, .dport = 40000, .seq = 9, .ack = 2, .flags = kSyn | kAck});
  const std::string data(1400, 'x');
  expect(pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6} / TCP{.dport = kFour} / data),
         kToMember / IPv4{.src = local.addr, .dst = kMember4, .ttl = 63, .id = 0} /
             TCP{.sport = local.port, .dport = kMemberPort} / data);
  EXPECT_EQ(bed.runner.traffic(220).packets_in, 2u);
  EXPECT_EQ(bed.runner.traffic(220).bytes_in, 74u + 1474);
  EXPECT_EQ(bed.runner.traffic(220).bytes_out, 54u);
}

TEST_F(Rewrite6, UdpToAnIpv4MemberBothWays) {
  const Bytes opened = pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6} / UDP{.dport = kFourUdp} / "query");
  const Local4 local = source4_of(opened);
  expect(opened, kToMember / IPv4{.src = local.addr, .dst = kMember4, .ttl = 63, .id = local.id, .frag = 0} /
                     UDP{.sport = local.port, .dport = kMemberUdpPort} / "query");
  const auto answer = kFromMember / IPv4{.src = kMember4, .dst = local.addr};
  expect(pass(answer / UDP{.sport = kMemberUdpPort, .dport = local.port} / "answer"),
         kToClient / IPv6{.src = kVip6, .dst = kClient6, .hop_limit = 63} / UDP{.sport = kFourUdp, .dport = 40000} /
             "answer");
  pass(answer / UDP{.sport = kMemberUdpPort, .dport = local.port, .check = 0} / "answer", XDP_DROP);
  EXPECT_EQ(bed.runner.reason(ELB_REASON_NO_UDP_CHECKSUM), 1u);
}

/// Every value of two payload bytes: among the checksums is the one whose result is 0.
TEST_F(Rewrite6, UdpChecksumThatComesOutAsZeroIsSentAsAllOnes) {
  for (const uint16_t port : {kSixUdp, kFourUdp}) {
    int all_ones = 0;
    for (uint32_t value = 0; value < 65536; value++) {
      const Payload payload{{static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)}};
      const Bytes out = pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6} / UDP{.dport = port} / payload);
      ASSERT_TRUE(checksums_hold(out)) << describe(out);
      const size_t check = port == kSixUdp ? 60 : 40;
      ASSERT_TRUE(out[check] || out[check + 1]);
      all_ones += out[check] == 0xff && out[check + 1] == 0xff;
    }
    EXPECT_GE(all_ones, 1);
  }
}

TEST_F(Rewrite6, WrongChecksumsStayWrong) {
  for (const uint16_t port : {kSix, kFour}) {
    pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6} / TCP{.dport = port, .flags = kSyn});
    for (const uint16_t wrong : {0x0000, 0x1234, 0xffff}) {
      const Bytes out =
          pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6} / TCP{.dport = port, .check = wrong} / "data");
      EXPECT_FALSE(checksums_hold(out)) << describe(out);
    }
  }
}

/// Options that concern only the destination: over to an IPv6 member they stay, to an IPv4 member they go.
TEST_F(Rewrite6, ExtensionHeadersAreSteppedOver) {
  const Bytes both = {60, 0, 1, 4, 0, 0, 0, 0, 6, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const auto from = [&](uint16_t port) {
    return kFromClient / IPv6{.src = kClient6, .dst = kVip6, .extensions = both, .next = 0} /
           TCP{.dport = port, .flags = kSyn};
  };
  const Bytes six = pass(from(kSix));
  Local6 local = source6_of(six);
  local.port = static_cast<uint16_t>(six.at(78) << 8 | six.at(79));
  expect(six, kToMember / IPv6{.src = local.addr, .dst = kMember6, .hop_limit = 63, .extensions = both, .next = 0} /
                  TCP{.sport = local.port, .dport = kMemberPort, .flags = kSyn});
  const Bytes four = pass(from(kFour));
  const Local4 local4 = source4_of(four);
  expect(four, kToMember / IPv4{.src = local4.addr, .dst = kMember4, .ttl = 63, .id = local4.id, .frag = 0} /
                   TCP{.sport = local4.port, .dport = kMemberPort, .flags = kSyn});
}

/// What a table without the addresses beside it would do: give one client the other's connection.
TEST_F(Rewrite6, AnEqualHashIsNotEnough) {
  pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6} / TCP{.dport = kSix, .flags = kSyn});
  const elb_table table = bed.runner.table();
  for (uint32_t slot = 0; slot <= table.mask; slot++) {
    elb_flow6 beside{};
    bpf_map_lookup_elem(bed.runner.map_fd(ELB_MAP_FLOWS6), &slot, &beside);
    if (!beside.key_source.word[0]) continue;
    beside.key_source.word[3] ^= 1;
    bpf_map_update_elem(bed.runner.map_fd(ELB_MAP_FLOWS6), &slot, &beside, BPF_ANY);
  }
  pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6} / TCP{.dport = kSix}, XDP_DROP);
  EXPECT_EQ(bed.runner.reason(ELB_REASON_RACE), 1u);
}

}  // namespace
}  // namespace elb::test
