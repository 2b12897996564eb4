// SPDX-License-Identifier: Apache-2.0
// One row for each way a packet can leave the program that a single packet (after a few that set the stage) can
// provoke.
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <functional>

#include "bpf/testbed.h"

namespace elb::test {
namespace {

struct Fixture {
  const char* description;
  std::vector<Bytes> before;
  Bytes input;
  uint32_t verdict;
  uint32_t reason;
  Bytes output = {};     // empty: not a byte is changed
  bool refuses = false;  // counted as a connection that the listener refused
};

IPv4 to(const char* address) { return {.src = kClient, .dst = address}; }
TCP syn(uint16_t port, uint16_t from = 40000) { return {.sport = from, .dport = port, .flags = kSyn}; }
Ethernet asks() { return {.dst = "ff:ff:ff:ff:ff:ff", .src = kClientMac}; }
Bytes arp_answer(const char* about, const char* asker) {
  return Ethernet{.dst = kClientMac, .src = kOwnMac} /
         Arp{.op = 2, .sender_mac = kOwnMac, .sender = about, .target_mac = kClientMac, .target = asker};
}
Bytes short_of(Bytes frame, size_t cut) {
  frame.resize(frame.size() - cut);
  return frame;
}
std::vector<Bytes> neighbours(uint16_t count) {
  std::vector<Bytes> frames;
  for (uint16_t i = 0; i < count; i++) {
    Ethernet eth;
    eth.src.bytes[4] = 1 + i;
    frames.push_back(eth / to(kVip) / syn(kPlain, 2000 + i));
  }
  return frames;
}

const Ethernet kEth;
IPv4 from(const char* address) { return {.src = address, .dst = kVip}; }
Bytes pong(const char* of) {
  return Ethernet{.dst = kClientMac, .src = kOwnMac} / IPv4{.src = of, .dst = kClient} / ICMP{.type = 0} / "ping";
}
const std::string kBig(1460, 'x');

const Fixture kFixtures[] = {
    {"TCP to an address of nobody here", {}, kEth / to(kElsewhere) / syn(80), XDP_PASS, ELB_REASON_PASS_OTHER},
    {"not IPv4", {}, Ethernet{.type = 0x86dd} / Payload{Bytes(40, 1)}, XDP_PASS, ELB_REASON_PASS_OTHER},
    {"broken, but of nobody here",
     {},
     kEth / IPv4{.dst = kElsewhere, .total_length = 19} / syn(80),
     XDP_PASS,
     ELB_REASON_PASS_OTHER},
    {"fragment of nobody here",
     {},
     kEth / IPv4{.dst = kElsewhere, .frag = 0x2000} / syn(80),
     XDP_PASS,
     ELB_REASON_PASS_OTHER},
    {"reply to a health check", {}, kEth / to(kHost) / TCP{.flags = kSyn | kAck}, XDP_PASS, ELB_REASON_PASS_HOST},
    {"ping of the node", {}, kEth / to(kHost) / ICMP{}, XDP_PASS, ELB_REASON_PASS_HOST},
    {"ping of a VIP", {}, kEth / to(kVip) / ICMP{} / "ping", XDP_TX, ELB_REASON_ECHO_ANSWERED, pong(kVip)},
    {"ping of a local address",
     {},
     kEth / to(kLocal) / ICMP{} / "ping",
     XDP_TX,
     ELB_REASON_ECHO_ANSWERED,
     pong(kLocal)},
    {"ping with a TTL of 1 ends here",
     {},
     kEth / IPv4{.src = kClient, .dst = kVip, .ttl = 1} / ICMP{} / "ping",
     XDP_TX,
     ELB_REASON_ECHO_ANSWERED,
     pong(kVip)},
    {"ping from a multicast address", {}, kEth / from("224.0.0.1") / ICMP{}, XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"ping from the VIP to itself (LAND)", {}, kEth / from(kVip) / ICMP{}, XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"timestamp request to a VIP", {}, kEth / to(kVip) / ICMP{.type = 13}, XDP_PASS, ELB_REASON_PASS_ICMP},
    {"timestamp request to a local address",
     {},
     kEth / to(kLocal) / ICMP{.type = 13},
     XDP_DROP,
     ELB_REASON_STRAY_REPLY},
    {"ICMP cut short", {}, short_of(kEth / to(kVip) / ICMP{}, 1), XDP_DROP, ELB_REASON_MALFORMED},
    {"fragment of a ping", {}, kEth / IPv4{.dst = kVip, .frag = 0x2000} / ICMP{}, XDP_DROP, ELB_REASON_FRAGMENT},

    {"who has the VIP",
     {},
     asks() / Arp{.sender = kClient, .target = kVip},
     XDP_TX,
     ELB_REASON_ARP_ANSWERED,
     arp_answer(kVip, kClient)},
    {"who has a local address",
     {},
     asks() / Arp{.sender = kClient, .target = kLocal},
     XDP_TX,
     ELB_REASON_ARP_ANSWERED,
     arp_answer(kLocal, kClient)},
    {"who has the host address",
     {},
     asks() / Arp{.sender = kClient, .target = kHost},
     XDP_TX,
     ELB_REASON_ARP_ANSWERED,
     arp_answer(kHost, kClient)},
    {"probe for a duplicate (RFC 5227)",
     {},
     asks() / Arp{.sender = "0.0.0.0", .target = kVip},
     XDP_TX,
     ELB_REASON_ARP_ANSWERED,
     arp_answer(kVip, "0.0.0.0")},
    {"announcement of the VIP by another",
     {},
     asks() / Arp{.sender = kVip, .target = kVip},
     XDP_PASS,
     ELB_REASON_PASS_OTHER},
    {"who has somebody else", {}, asks() / Arp{.target = kElsewhere}, XDP_PASS, ELB_REASON_PASS_OTHER},
    {"ARP reply", {}, asks() / Arp{.op = 2, .target = kVip}, XDP_PASS, ELB_REASON_PASS_OTHER},
    {"ARP cut short", {}, short_of(asks() / Arp{.target = kVip}, 1), XDP_PASS, ELB_REASON_PASS_OTHER},

    {"IP header cut short", {}, short_of(kEth / to(kVip), 1), XDP_DROP, ELB_REASON_MALFORMED},
    {"TCP header cut short", {}, short_of(kEth / to(kVip) / syn(80), 1), XDP_DROP, ELB_REASON_MALFORMED},
    {"UDP header cut short", {}, short_of(kEth / to(kVip) / UDP{}, 1), XDP_DROP, ELB_REASON_MALFORMED},
    {"total length beyond the frame",
     {},
     short_of(kEth / to(kVip) / syn(80) / "123", 1),
     XDP_DROP,
     ELB_REASON_MALFORMED},
    {"total length below the header's",
     {},
     kEth / IPv4{.dst = kVip, .total_length = 19} / syn(80),
     XDP_DROP,
     ELB_REASON_MALFORMED},
    {"total length ends within TCP",
     {},
     kEth / IPv4{.dst = kVip, .total_length = 39} / syn(80),
     XDP_DROP,
     ELB_REASON_MALFORMED},
    {"version 5", {}, kEth / IPv4{.dst = kVip, .version_ihl = 0x55} / syn(80), XDP_DROP, ELB_REASON_MALFORMED},
    {"IP header of 16 bytes",
     {},
     kEth / IPv4{.dst = kVip, .version_ihl = 0x44} / syn(80),
     XDP_DROP,
     ELB_REASON_MALFORMED},
    {"TCP header of 16 bytes", {}, kEth / to(kVip) / TCP{.flags = kSyn, .doff = 4}, XDP_DROP, ELB_REASON_MALFORMED},
    {"UDP length beyond the packet", {}, kEth / to(kVip) / UDP{.length = 9}, XDP_DROP, ELB_REASON_MALFORMED},
    {"UDP length below the header's", {}, kEth / to(kVip) / UDP{.length = 7}, XDP_DROP, ELB_REASON_MALFORMED},
    {"malformed, to a local address", {}, kEth / to(kLocal) / UDP{.length = 7}, XDP_DROP, ELB_REASON_MALFORMED},

    {"first fragment too short for UDP",
     {},
     kEth / IPv4{.dst = kVip, .frag = 0x2000, .protocol = 17} / Payload{Bytes(7)},
     XDP_DROP,
     ELB_REASON_FRAGMENT},
    {"first fragment too short for TCP",
     {},
     kEth / IPv4{.dst = kVip, .frag = 0x2000, .protocol = 6} / Payload{Bytes(16)},
     XDP_DROP,
     ELB_REASON_FRAGMENT},
    {"fragment whose first was not seen",
     {},
     kEth / IPv4{.dst = kVip, .frag = 0x00b9} / UDP{},
     XDP_DROP,
     ELB_REASON_FRAGMENT},
    {"fragment of another datagram than the first's",
     {kEth / IPv4{.dst = kVip, .id = 5, .frag = 0x2000} / UDP{}},
     kEth / IPv4{.dst = kVip, .id = 6, .frag = 0x0001} / UDP{},
     XDP_DROP,
     ELB_REASON_FRAGMENT},
    {"fragment beyond the frame",
     {},
     kEth / IPv4{.dst = kVip, .frag = 0x00b9, .total_length = 100} / UDP{},
     XDP_DROP,
     ELB_REASON_MALFORMED},
    {"loose source route",
     {},
     kEth / IPv4{.dst = kVip, .options = {131, 7, 4, 1, 2, 3, 4, 0}} / syn(80),
     XDP_DROP,
     ELB_REASON_IP_OPTIONS},
    {"strict source route behind others",
     {},
     kEth / IPv4{.dst = kVip, .options = {1, 7, 3, 4, 137, 7, 4, 1, 2, 3, 4, 0}} / syn(80),
     XDP_DROP,
     ELB_REASON_IP_OPTIONS},
    {"option without a length",
     {},
     kEth / IPv4{.dst = kVip, .options = {7, 0, 0, 0}} / syn(80),
     XDP_DROP,
     ELB_REASON_IP_OPTIONS},
    {"option longer than the header",
     {},
     kEth / IPv4{.dst = kVip, .options = {1, 1, 7, 3}} / syn(80),
     XDP_DROP,
     ELB_REASON_IP_OPTIONS},
    {"options to an address of nobody here",
     {},
     kEth / IPv4{.dst = kElsewhere, .options = {131, 3, 4, 0}} / syn(80),
     XDP_PASS,
     ELB_REASON_PASS_OTHER},
    {"three VLAN tags",
     {},
     kEth / Vlan{.service = true} / Vlan{} / Vlan{} / to(kVip) / syn(80),
     XDP_PASS,
     ELB_REASON_PASS_OTHER},
    {"VLAN tag cut short", {}, short_of(kEth / Vlan{} / Payload{Bytes(2)}, 3), XDP_DROP, ELB_REASON_MALFORMED},
    {"VLAN tag, no listener", {}, kEth / Vlan{.id = 3} / to(kVip) / syn(9999), XDP_DROP, ELB_REASON_NO_LISTENER},

    {"LAND: from the VIP to itself", {}, kEth / from(kVip) / syn(80, 80), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from a local address", {}, kEth / from(kLocal) / syn(80), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from the node's own address", {}, kEth / from(kHost) / syn(80), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from a multicast address", {}, kEth / from("239.1.2.3") / syn(80), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from broadcast", {}, kEth / from("255.255.255.255") / UDP{}, XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from loopback", {}, kEth / from("127.0.0.1") / syn(80), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from this network", {}, kEth / from("0.0.0.0") / UDP{}, XDP_DROP, ELB_REASON_BAD_SOURCE},

    {"GRE", {}, kEth / IPv4{.dst = kVip, .protocol = 47} / Payload{Bytes(8)}, XDP_DROP, ELB_REASON_PROTOCOL},
    {"GRE to a local address",
     {},
     kEth / IPv4{.dst = kLocal, .protocol = 47} / Payload{Bytes(8)},
     XDP_DROP,
     ELB_REASON_PROTOCOL},
    {"time to live of 1 on a SYN", {}, kEth / IPv4{.dst = kVip, .ttl = 1} / syn(80), XDP_DROP, ELB_REASON_TTL},
    {"time to live of 1 on a known connection",
     {kEth / to(kVip) / syn(80)},
     kEth / IPv4{.src = kClient, .dst = kVip, .ttl = 1} / TCP{},
     XDP_DROP,
     ELB_REASON_TTL},

    {"no listener on the port", {}, kEth / to(kVip) / syn(9999), XDP_DROP, ELB_REASON_NO_LISTENER},
    {"no listener of the protocol", {}, kEth / to(kVip) / UDP{.dport = 80}, XDP_DROP, ELB_REASON_NO_LISTENER},
    {"PL-04: ACK opens nothing", {}, kEth / to(kVip) / TCP{.flags = kAck}, XDP_DROP, ELB_REASON_NOT_SYN},
    {"PL-04: SYN+ACK opens nothing", {}, kEth / to(kVip) / TCP{.flags = kSyn | kAck}, XDP_DROP, ELB_REASON_NOT_SYN},
    {"PL-04: SYN+FIN opens nothing", {}, kEth / to(kVip) / TCP{.flags = kSyn | kFin}, XDP_DROP, ELB_REASON_NOT_SYN},
    {"PL-04: RST opens nothing", {}, kEth / to(kVip) / TCP{.flags = kRst}, XDP_DROP, ELB_REASON_NOT_SYN},
    {"ring of no members", {}, kEth / to(kVip) / syn(kEmpty), XDP_DROP, ELB_REASON_NO_MEMBER, {}, true},
    {"no ring", {}, kEth / to(kVip) / syn(kNoRing), XDP_DROP, ELB_REASON_NO_MEMBER, {}, true},
    {"packet of a member for nobody", {}, kEth / to(kLocal) / TCP{}, XDP_DROP, ELB_REASON_STRAY_REPLY},
    {"the member's next hop is not resolved",
     {},
     kEth / to(kVip) / syn(kUnresolved),
     XDP_DROP,
     ELB_REASON_NO_HOP,
     {},
     true},
    {"SYN larger than the member's link",
     {},
     kEth / IPv4{.src = kClient, .dst = kVip, .frag = 0} / syn(kNarrow) / kBig,
     XDP_DROP,
     ELB_REASON_TOO_BIG},
    {"segment larger than the member's link, which may be fragmented",
     {kEth / to(kVip) / syn(kNarrow)},
     kEth / IPv4{.src = kClient, .dst = kVip, .frag = 0} / TCP{.dport = kNarrow} / kBig,
     XDP_DROP,
     ELB_REASON_TOO_BIG},
    {"one neighbour more than there are next hops",
     neighbours(16),
     kEth / to(kVip) / syn(kPlain),
     XDP_DROP,
     ELB_REASON_HOPS_FULL,
     {},
     true},
};

using FixtureOnHook = std::tuple<Fixture, Hook>;
class Fixtures : public testing::TestWithParam<FixtureOnHook> {};

TEST_P(Fixtures, LeavesAsTheTableSays) {
  const auto& [fixture, hook] = GetParam();
  SCOPED_TRACE(fixture.description);
  Testbed bed({.hook = hook});
  ASSERT_TRUE(bed.runner.ok());
  if (!bed.runner.takes(fixture.input)) GTEST_SKIP() << "not made by the kernel's test run";
  for (const Bytes& frame : fixture.before) ASSERT_EQ(bed.runner.run(frame).verdict, bed.runner.shown(XDP_TX));
  const RunResult result = bed.runner.run(fixture.input);
  EXPECT_STREQ(verdict_name(result.verdict), verdict_name(bed.runner.shown(fixture.verdict)));
  const Bytes& output = fixture.output.empty() ? fixture.input : fixture.output;
  EXPECT_EQ(describe(result.frame), describe(output));
  EXPECT_EQ(result.frame, output);
  for (uint32_t reason = 0; reason < ELB_REASON_COUNT; reason++)
    EXPECT_EQ(bed.runner.reason(static_cast<elb_reason>(reason)), uint64_t{reason == fixture.reason})
        << reason_name(reason);
  uint64_t refused = 0;
  for (uint32_t listener = 0; listener < 64; listener++) refused += bed.runner.refused(listener);
  EXPECT_EQ(refused, uint64_t{fixture.refuses});
}
INSTANTIATE_TEST_SUITE_P(Packets, Fixtures,
                         testing::Combine(testing::ValuesIn(kFixtures), testing::Values(Hook::kXdp, Hook::kTc)));

/// An interface that the agent has not described has no MAC to answer with.
TEST(Fixture, ArpIsLeftAloneWhereNoLinkIsKnown) {
  ModelConfig world = small_world();
  world.links.clear();
  Testbed bed({}, world);
  const Bytes question = asks() / Arp{.target = kVip};
  const RunResult result = bed.runner.run(question);
  EXPECT_EQ(result.verdict, uint32_t{XDP_PASS});
  EXPECT_EQ(result.frame, question);
}

}  // namespace
}  // namespace elb::test
