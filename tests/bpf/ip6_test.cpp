// SPDX-License-Identifier: Apache-2.0
// IPv6 connections and those between the families: what a forwarded packet looks like, both ways, composed anew with
// its checksums in full; and one row for each way a single packet can leave.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "bpf/testbed6.h"

namespace elb::test {
namespace {

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
