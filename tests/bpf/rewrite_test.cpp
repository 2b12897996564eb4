// SPDX-License-Identifier: Apache-2.0
// What a forwarded packet looks like, both ways: the expected frame is composed anew with its checksums in full and
// compared byte by byte.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "bpf/testbed.h"

namespace elb::test {
namespace {

const Ethernet kFromClient{.dst = kOwnMac, .src = kClientMac};
const Ethernet kToMember{.dst = kMemberMac, .src = kOwnMac};
const Ethernet kFromMember{.dst = kOwnMac, .src = kMemberMac};
const Ethernet kToClient{.dst = kClientMac, .src = kOwnMac};

struct Local {
  Ipv4Address addr;
  uint16_t port;
};
Local source_of(const Bytes& frame) {
  return {Ipv4Address::from_host(uint32_t{frame.at(26)} << 24 | frame.at(27) << 16 | frame.at(28) << 8 | frame.at(29)),
          static_cast<uint16_t>(frame.at(34) << 8 | frame.at(35))};
}

class Rewrite : public testing::TestWithParam<Hook> {
 protected:
  void SetUp() override { ASSERT_TRUE(bed.runner.ok()); }
  Bytes pass(const Bytes& frame, uint32_t verdict = XDP_TX, uint32_t ingress = ProgRunner::kLoopback) {
    const RunResult result = bed.runner.run(frame, 1, nullptr, ingress);
    EXPECT_STREQ(verdict_name(result.verdict), verdict_name(bed.runner.shown(verdict))) << describe(frame);
    return result.frame;
  }
  void expect(const Bytes& got, const Bytes& wanted) {
    EXPECT_EQ(describe(got), describe(wanted));
    EXPECT_EQ(got, wanted);
  }
  Testbed bed{RunnerOptions{.hook = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(Hooks, Rewrite, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(Rewrite, TcpBothWays) {
  const Bytes opened =
      pass(kFromClient / IPv4{.src = kClient, .dst = kVip, .ttl = 64} / TCP{.dport = 80, .flags = kSyn});
  const Local local = source_of(opened);
  expect(opened, kToMember / IPv4{.src = local.addr, .dst = "10.0.0.11", .ttl = 63} /
                     TCP{.sport = local.port, .dport = kMemberPort, .flags = kSyn});
  expect(pass(kFromMember / IPv4{.src = "10.0.0.11", .dst = local.addr, .ttl = 50, .id = 7} /
              TCP{.sport = kMemberPort, .dport = local.port, .seq = 9, .ack = 2, .flags = kSyn | kAck}),
         kToClient / IPv4{.src = kVip, .dst = kClient, .ttl = 49, .id = 7} /
             TCP{.sport = 80, .dport = 40000, .seq = 9, .ack = 2, .flags = kSyn | kAck});
  for (const std::string& data : {std::string("GET / HTTP/1.1"), std::string("odd"), std::string(1400, '\xff')})
    expect(pass(kFromClient / IPv4{.src = kClient, .dst = kVip, .ttl = 2, .tos = 0xb8} /
                TCP{.dport = 80, .flags = kAck | kPsh, .options = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}} / data),
           kToMember / IPv4{.src = local.addr, .dst = "10.0.0.11", .ttl = 1, .tos = 0xb8} /
               TCP{.sport = local.port,
                   .dport = kMemberPort,
                   .flags = kAck | kPsh,
                   .options = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}} /
               data);
  const elb_traffic traffic = bed.runner.traffic(10);
  EXPECT_EQ(traffic.connections, 1u);
  EXPECT_EQ(traffic.packets_in, 4u);
  EXPECT_EQ(traffic.packets_out, 1u);
  EXPECT_EQ(traffic.bytes_in, 54u + 3 * 66 + 14 + 3 + 1400);
  EXPECT_EQ(traffic.bytes_out, 54u);
  for (const uint64_t count : bed.runner.reasons()) EXPECT_EQ(count, 0u);
}

TEST_P(Rewrite, UdpBothWays) {
  const Bytes opened = pass(kFromClient / IPv4{.src = kClient, .dst = kVip} / UDP{} / "query");
  const Local local = source_of(opened);
  expect(opened, kToMember / IPv4{.src = local.addr, .dst = "10.0.0.11", .ttl = 63} /
                     UDP{.sport = local.port, .dport = kMemberUdpPort} / "query");
  expect(pass(kFromMember / IPv4{.src = "10.0.0.11", .dst = local.addr} /
              UDP{.sport = kMemberUdpPort, .dport = local.port} / "answer"),
         kToClient / IPv4{.src = kVip, .dst = kClient, .ttl = 63} / UDP{.sport = 53, .dport = 40000} / "answer");
}

TEST_P(Rewrite, UdpWithoutChecksumStaysWithout) {
  const Bytes opened = pass(kFromClient / IPv4{.src = kClient, .dst = kVip} / UDP{.check = 0} / "query");
  const Local local = source_of(opened);
  expect(opened, kToMember / IPv4{.src = local.addr, .dst = "10.0.0.11", .ttl = 63} /
                     UDP{.sport = local.port, .dport = kMemberUdpPort, .check = 0} / "query");
}

/// Every value of two payload bytes goes through, so every checksum: among them the one whose result is 0.
TEST_P(Rewrite, UdpChecksumThatComesOutAsZeroIsSentAsAllOnes) {
  int all_ones = 0;
  for (uint32_t value = 0; value < 65536; value++) {
    const Payload payload{{static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)}};
    const Bytes out = pass(kFromClient / IPv4{.src = kClient, .dst = kVip} / UDP{} / payload);
    const Local local = source_of(out);
    ASSERT_EQ(out, (kToMember / IPv4{.src = local.addr, .dst = "10.0.0.11", .ttl = 63} /
                    UDP{.sport = local.port, .dport = kMemberUdpPort} / payload)
                       .build());
    ASSERT_TRUE(checksums_hold(out));
    all_ones += out[40] == 0xff && out[41] == 0xff;
  }
  EXPECT_GE(all_ones, 1);
}

/// As wrong as it was, so that the receiver notices: correcting would hide what happened on the way here.
TEST_P(Rewrite, WrongChecksumsStayWrong) {
  pass(kFromClient / IPv4{.src = kClient, .dst = kVip} / TCP{.flags = kSyn});
  for (const uint16_t wrong : {0x0000, 0x1234, 0xffff}) {
    const Bytes in = kFromClient / IPv4{.src = kClient, .dst = kVip} / TCP{.check = wrong} / "data";
    ASSERT_FALSE(checksums_hold(in));
    const Bytes out = pass(in);
    EXPECT_FALSE(checksums_hold(out)) << describe(out);
    EXPECT_EQ(fold_checksum(ones_sum(std::span(out).subspan(14, 20))), 0) << "the IP header's was right";
    const Bytes in_ip = kFromClient / IPv4{.src = kClient, .dst = kVip, .check = wrong} / TCP{} / "data";
    EXPECT_FALSE(checksums_hold(pass(in_ip)));
  }
}

TEST_P(Rewrite, RepliesGoToTheNeighbourTheSynCameFrom) {
  const Ethernet router{.dst = kOtherOwnMac, .src = "02:00:00:00:00:77"};
  const uint32_t other = other_interface();
  const Bytes opened = pass(router / IPv4{.src = kClient, .dst = kVip} / TCP{.flags = kSyn}, XDP_REDIRECT, other);
  const Local local = source_of(opened);
  expect(opened, kToMember / IPv4{.src = local.addr, .dst = "10.0.0.11", .ttl = 63} /
                     TCP{.sport = local.port, .dport = kMemberPort, .flags = kSyn});
  expect(
      pass(kFromMember / IPv4{.src = "10.0.0.11", .dst = local.addr} / TCP{.sport = kMemberPort, .dport = local.port},
           XDP_REDIRECT),
      Ethernet{.dst = "02:00:00:00:00:77", .src = kOtherOwnMac} / IPv4{.src = kVip, .dst = kClient, .ttl = 63} /
          TCP{.sport = 80, .dport = 40000});
  EXPECT_EQ(bed.runner.hop(ELB_HOPS_MEMBERS).mtu, 1400) << "of the link, since replies leave by it";
}

TEST_P(Rewrite, ByTheOtherInterface) {
  const Bytes out =
      pass(kFromClient / IPv4{.src = kClient, .dst = kVip} / TCP{.dport = kElsewherePort, .flags = kSyn}, XDP_REDIRECT);
  const Local local = source_of(out);
  expect(out, Ethernet{.dst = kOtherMemberMac, .src = kOtherOwnMac} /
                  IPv4{.src = local.addr, .dst = "10.0.0.11", .ttl = 63} /
                  TCP{.sport = local.port, .dport = kMemberPort, .flags = kSyn});
}

TEST_P(Rewrite, PaddingIsNeitherCountedNorTouched) {
  Bytes in = kFromClient / IPv4{.src = kClient, .dst = kVip} / TCP{.flags = kSyn};
  in.resize(60, 0xee);
  const Bytes out = pass(in);
  const Local local = source_of(out);
  Bytes wanted = kToMember / IPv4{.src = local.addr, .dst = "10.0.0.11", .ttl = 63} /
                 TCP{.sport = local.port, .dport = kMemberPort, .flags = kSyn};
  wanted.resize(60, 0xee);
  expect(out, wanted);
  EXPECT_EQ(bed.runner.traffic(10).bytes_in, 54u);
}

}  // namespace
}  // namespace elb::test
