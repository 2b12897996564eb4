// SPDX-License-Identifier: Apache-2.0
// What the network between client, balancer and member may do to packets: VLAN tags, IP options, fragments, ICMP
// errors, links of different MTU. Each on XDP and on tc; the expected frame is composed anew.
// Shows: PL-05
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cstring>

#include "bpf/testbed.h"

namespace elb::test {
namespace {

const Ethernet kFromClient{.dst = kOwnMac, .src = kClientMac};
const Ethernet kToMember{.dst = kMemberMac, .src = kOwnMac};
const Ethernet kFromMember{.dst = kOwnMac, .src = kMemberMac};
const Ethernet kToClient{.dst = kClientMac, .src = kOwnMac};
constexpr const char* kMember = "10.0.0.11";
constexpr const char* kRouter = "10.9.9.9";

struct Local {
  Ipv4Address addr;
  uint16_t port;
};

class Network : public testing::TestWithParam<Hook> {
 protected:
  void SetUp() override { ASSERT_TRUE(bed.runner.ok()); }
  Bytes pass(const Bytes& frame, uint32_t verdict = XDP_TX) {
    const RunResult result = bed.runner.run(frame);
    EXPECT_STREQ(verdict_name(result.verdict), verdict_name(bed.runner.shown(verdict))) << describe(frame);
    return result.frame;
  }
  void expect(const Bytes& got, const Bytes& wanted) {
    EXPECT_EQ(describe(got), describe(wanted));
    EXPECT_EQ(got, wanted);
  }
  /// tc hands the outermost tag to the kernel beside the frame, where this test does not see it.
  Bytes pushed(Bytes frame) const {
    if (GetParam() == Hook::kTc) frame.erase(frame.begin() + 12, frame.begin() + 16);
    return frame;
  }
  Local local_of(const Bytes& frame, size_t l3 = 14, size_t header = 20) {
    const auto* ip = frame.data() + l3;
    const uint32_t addr = uint32_t{ip[12]} << 24 | ip[13] << 16 | ip[14] << 8 | ip[15];
    return {Ipv4Address::from_host(addr), static_cast<uint16_t>(ip[header] << 8 | ip[header + 1])};
  }
  Local open_tcp(uint16_t port = kPlain) {
    return local_of(pass(kFromClient / IPv4{.src = kClient, .dst = kVip} / TCP{.dport = port, .flags = kSyn}));
  }
  Testbed bed{RunnerOptions{.hook = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(Hooks, Network, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(Network, TagsOfTheClientComeBack) {
  const IPv4 in{.src = kClient, .dst = kVip};
  for (const std::vector<Vlan>& tags :
       {std::vector<Vlan>{{.id = 5}}, {{.id = 100, .service = true}, {.id = 5}}, {{.id = 9}, {.id = 10}}}) {
    const auto tagged = [&](Ethernet eth) {
      Packet packet(eth);
      for (const Vlan& tag : tags) packet.add(tag);
      return packet;
    };
    const uint16_t port = static_cast<uint16_t>(40000 + tags.size() + tags[0].id);
    const Bytes out = pass(tagged(kFromClient) / in / TCP{.sport = port, .dport = 80, .flags = kSyn});
    const Local local = local_of(out);
    const Ipv4Address member = Ipv4Address::from_host(uint32_t{out[30]} << 24 | out[31] << 16 | out[32] << 8 | out[33]);
    expect(out, kToMember / IPv4{.src = local.addr, .dst = member, .ttl = 63} /
                    TCP{.sport = local.port, .dport = kMemberPort, .flags = kSyn});
    expect(pass(kFromMember / IPv4{.src = member, .dst = local.addr} / TCP{.sport = kMemberPort, .dport = local.port}),
           pushed(tagged(kToClient) / IPv4{.src = kVip, .dst = kClient, .ttl = 63} / TCP{.sport = 80, .dport = port}));
  }
}

TEST_P(Network, TheMembersTagReplacesTheClients) {
  const IPv4 in{.src = kClient, .dst = kVip};
  const Bytes plain = pass(kFromClient / in / TCP{.dport = kTagged, .flags = kSyn});
  const size_t l3 = GetParam() == Hook::kTc ? 14 : 18;
  const Local local = local_of(plain, l3);
  const IPv4 to_member{.src = local.addr, .dst = kMember, .ttl = 63};
  expect(plain,
         pushed(kToMember / Vlan{.id = 7} / to_member / TCP{.sport = local.port, .dport = kMemberPort, .flags = kSyn}));
  // The same connection by frames with one and with two tags: it goes where the member is.
  expect(pass(kFromClient / Vlan{.id = 3} / in / TCP{.dport = kTagged}),
         pushed(kToMember / Vlan{.id = 7} / to_member / TCP{.sport = local.port, .dport = kMemberPort}));
  expect(pass(kFromClient / Vlan{.id = 3, .service = true} / Vlan{.id = 4} / in / TCP{.dport = kTagged}),
         pushed(kToMember / Vlan{.id = 7} / to_member / TCP{.sport = local.port, .dport = kMemberPort}));
  // The tag that it would get anyway stays as it is, with its priority.
  expect(pass(kFromClient / Vlan{.id = 7, .priority = 5} / in / TCP{.dport = kTagged}),
         kToMember / Vlan{.id = 7, .priority = 5} / to_member / TCP{.sport = local.port, .dport = kMemberPort});
  expect(pass(kFromMember / Vlan{.id = 7} / IPv4{.src = kMember, .dst = local.addr} /
              TCP{.sport = kMemberPort, .dport = local.port}),
         kToClient / IPv4{.src = kVip, .dst = kClient, .ttl = 63} / TCP{.sport = kTagged, .dport = 40000});
}

TEST_P(Network, ArpAndPingInAVlan) {
  expect(pass(Ethernet{.dst = "ff:ff:ff:ff:ff:ff", .src = kClientMac} / Vlan{.id = 8} /
              Arp{.sender = kClient, .target = kVip}),
         kToClient / Vlan{.id = 8} /
             Arp{.op = 2, .sender_mac = kOwnMac, .sender = kVip, .target_mac = kClientMac, .target = kClient});
  expect(pass(kFromClient / Vlan{.id = 8} / IPv4{.src = kClient, .dst = kVip, .ttl = 9} / ICMP{} / "12"),
         kToClient / Vlan{.id = 8} / IPv4{.src = kVip, .dst = kClient} / ICMP{.type = 0} / "12");
}

TEST_P(Network, OptionsAreForwarded) {
  const Bytes options = {7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0};  // record route, NOP, router alert
  const Bytes out = pass(kFromClient / IPv4{.src = kClient, .dst = kVip, .options = options} /
                         TCP{.dport = 80, .flags = kSyn} / "data");
  const Local local = local_of(out, 14, 32);
  expect(out, kToMember / IPv4{.src = local.addr, .dst = kMember, .ttl = 63, .options = options} /
                  TCP{.sport = local.port, .dport = kMemberPort, .flags = kSyn} / "data");
  const Bytes longest(40, 1);
  expect(
      pass(kFromMember / IPv4{.src = kMember, .dst = local.addr, .options = longest} /
           TCP{.sport = kMemberPort, .dport = local.port}),
      kToClient / IPv4{.src = kVip, .dst = kClient, .ttl = 63, .options = longest} / TCP{.sport = 80, .dport = 40000});
  Bytes padded = kFromClient / IPv4{.src = kClient, .dst = kVip, .options = {1, 1, 1, 0}} / UDP{};
  padded.resize(60, 0xee);
  EXPECT_EQ(pass(padded).size(), 60u);
}

/// As a sender makes them: the checksum of the whole datagram in the first one.
TEST_P(Network, FragmentsFollowTheFirst) {
  Bytes datagram = kFromClient / IPv4{.src = kClient, .dst = kVip} / UDP{} / std::string(4000, 'f');
  const auto piece = [](const Bytes& whole, Ethernet eth, IPv4 ip, size_t from, size_t to, bool more) {
    ip.frag = static_cast<uint16_t>(from / 8 | (more ? 0x2000 : 0));
    ip.protocol = 17;
    return (eth / ip / Payload{Bytes(whole.begin() + 34 + from, whole.begin() + 34 + to)}).build();
  };
  const IPv4 in{.src = kClient, .dst = kVip, .id = 77};
  const Bytes first = pass(piece(datagram, kFromClient, in, 0, 1480, true));
  const Local local = local_of(first);
  const IPv4 out{.src = local.addr, .dst = kMember, .ttl = 63, .id = 77};
  const Bytes wanted = kToMember / IPv4{.src = local.addr, .dst = kMember} /
                       UDP{.sport = local.port, .dport = kMemberUdpPort} / std::string(4000, 'f');
  expect(first, piece(wanted, kToMember, out, 0, 1480, true));
  expect(pass(piece(datagram, kFromClient, in, 2960, 4008, false)), piece(wanted, kToMember, out, 2960, 4008, false));
  expect(pass(piece(datagram, kFromClient, in, 1480, 2960, true)), piece(wanted, kToMember, out, 1480, 2960, true));
  // And back.
  const Bytes reply = kFromMember / IPv4{.src = kMember, .dst = local.addr} /
                      UDP{.sport = kMemberUdpPort, .dport = local.port} / std::string(2000, 'r');
  const Bytes answer =
      kToClient / IPv4{.src = kVip, .dst = kClient} / UDP{.sport = 53, .dport = 40000} / std::string(2000, 'r');
  const IPv4 back{.src = kMember, .dst = local.addr, .id = 9}, home{.src = kVip, .dst = kClient, .ttl = 63, .id = 9};
  expect(pass(piece(reply, kFromMember, back, 0, 1480, true)), piece(answer, kToClient, home, 0, 1480, true));
  expect(pass(piece(reply, kFromMember, back, 1480, 2008, false)), piece(answer, kToClient, home, 1480, 2008, false));
  for (const uint64_t count : bed.runner.reasons()) EXPECT_EQ(count, 0u);
}

struct Error {
  uint8_t type, code;
};
constexpr Error kErrors[] = {{3, 0}, {3, 1}, {3, 3}, {3, 4}, {11, 0}, {12, 0}};

TEST_P(Network, ErrorsAboutTheClientsPackets) {
  const Local local = open_tcp();
  for (const auto& [type, code] : kErrors)
    for (const char* from : {kRouter, kMember})
      for (const size_t quoted : {size_t{8}, size_t{20}, size_t{60}}) {
        const TCP sent{.sport = local.port, .dport = kMemberPort}, seen{.sport = 40000, .dport = 80};
        const auto quote = [&](IPv4 ip, const TCP& tcp) {
          const Bytes whole = Ethernet{} / ip / tcp / std::string(40, 'q');
          return Payload{Bytes(whole.begin() + 14, whole.begin() + 34 + quoted)};
        };
        expect(pass(kFromMember / IPv4{.src = from, .dst = local.addr} / ICMP{type, code} /
                    quote({.src = local.addr, .dst = kMember, .ttl = 1}, sent)),
               kToClient / IPv4{.src = kVip, .dst = kClient, .ttl = 63} / ICMP{type, code} /
                   quote({.src = kClient, .dst = kVip, .ttl = 1}, seen));
      }
  EXPECT_EQ(bed.runner.reason(ELB_REASON_ICMP_TRANSLATED), std::size(kErrors) * 6);
}

TEST_P(Network, ErrorsAboutTheMembersPackets) {
  const Bytes opened = pass(kFromClient / IPv4{.src = kClient, .dst = kVip} / UDP{} / "query");
  const Local local = local_of(opened);
  for (const uint16_t no_check : {0, 1}) {
    UDP sent{.sport = 53, .dport = 40000}, seen{.sport = kMemberUdpPort, .dport = local.port};
    if (no_check) sent.check = seen.check = 0;
    const auto quote = [&](IPv4 ip, const UDP& udp) {
      const Bytes whole = Ethernet{} / ip / udp / "answer";
      return Payload{Bytes(whole.begin() + 14, whole.end())};
    };
    expect(
        pass(kFromClient / IPv4{.src = kRouter, .dst = kVip} / ICMP{3, 4} / quote({.src = kVip, .dst = kClient}, sent)),
        kToMember / IPv4{.src = local.addr, .dst = kMember, .ttl = 63} / ICMP{3, 4} /
            quote({.src = kMember, .dst = local.addr}, seen));
  }
}

TEST_P(Network, ForgedErrorsChangeNothing) {
  const Local local = open_tcp();
  const std::vector<elb_flow> before(bed.runner.table().base, bed.runner.table().base + bed.runner.table().mask + 1);
  const auto quoting = [&](IPv4 inner, TCP tcp, size_t bytes = 28) {
    const Bytes whole = Ethernet{} / inner / tcp;
    return Payload{Bytes(whole.begin() + 14, whole.begin() + 14 + bytes)};
  };
  const IPv4 to_local{.src = kRouter, .dst = local.addr}, sent{.src = local.addr, .dst = kMember};
  const TCP right{.sport = local.port, .dport = kMemberPort};
  TCP wrong_port = right;
  wrong_port.dport++;
  IPv4 version = sent, header = sent, fragment = sent, longer = sent;
  version.version_ihl = 0x65;
  header.version_ihl = 0x44;
  fragment.frag = 0x0001;
  longer.version_ihl = 0x4f;
  for (const Payload& payload :
       {quoting({.src = kClient, .dst = kMember}, right), quoting({.src = local.addr, .dst = kClient}, right),
        quoting(sent, wrong_port), quoting(sent, right, 27), quoting(sent, right, 0), quoting(version, right),
        quoting(header, right), quoting(fragment, right), quoting(longer, right)})
    pass(kFromMember / to_local / ICMP{3, 1} / payload, XDP_DROP);
  EXPECT_EQ(bed.runner.reason(ELB_REASON_ICMP_STRAY), 9u);
  // A right one is forwarded, and changes nothing either.
  pass(kFromMember / to_local / ICMP{3, 1} / quoting(sent, right));
  EXPECT_EQ(std::memcmp(before.data(), bed.runner.table().base, before.size() * sizeof(elb_flow)), 0);
}

TEST_P(Network, SendersOfTooBigPacketsAreTold) {
  open_tcp(kNarrow);
  const IPv4 in{.src = kClient, .dst = kVip, .id = 3};
  for (const bool tagged : {false, true})
    for (const Bytes& options : {Bytes{}, Bytes{1, 1, 1, 0}}) {
      Packet sent = tagged ? kFromClient / Vlan{.id = 6} : Packet(kFromClient);
      IPv4 ip = in;
      ip.options = options;
      const Bytes big = std::move(sent) / ip / TCP{.dport = kNarrow} / std::string(1200, 'b');
      const size_t l3 = tagged ? 18 : 14;
      Packet answer = tagged ? kToClient / Vlan{.id = 6} : Packet(kToClient);
      // The rest of the ICMP header is the MTU: 600.
      Bytes wanted = std::move(answer) / IPv4{.src = kVip, .dst = kClient, .id = 0, .frag = 0} / ICMP{3, 4, 600} /
                     Payload{Bytes(big.begin() + l3, big.begin() + l3 + 68)};
      Bytes got = pass(big);
      EXPECT_GE(got.size(), wanted.size());
      got.resize(wanted.size());  // tc pads
      expect(got, wanted);
    }
  EXPECT_EQ(bed.runner.reason(ELB_REASON_TOO_BIG_TOLD), 4u);
  EXPECT_EQ(bed.runner.traffic(60).packets_in, 1u) << "the SYN";
  const OnCpu here(0);
  const Bytes again = kFromClient / in / TCP{.dport = kNarrow} / std::string(1200, 'b');
  for (int i = 0; i < 500; i++) bed.runner.run(again);
  EXPECT_LT(bed.runner.reason(ELB_REASON_TOO_BIG_TOLD), 200u) << "a flood does not make another";
  EXPECT_GT(bed.runner.reason(ELB_REASON_TOO_BIG), 300u);
}

}  // namespace
}  // namespace elb::test
