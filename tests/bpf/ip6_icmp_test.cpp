// SPDX-License-Identifier: Apache-2.0
// Shows: GEN-03.
// ICMPv6 and everything else that is no plain IPv6 packet of a connection: one row for each way a single packet can
// leave, neighbour discovery, errors about connections of IPv6 and between the families.
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "bpf/testbed6.h"

namespace elb::test {
namespace {

struct Fixture6 {
  const char* description;
  Bytes input;
  uint32_t verdict;
  uint32_t reason;
  Bytes output = {};  // empty: not a byte is changed
};

Bytes cut(Bytes frame, size_t by) {
  frame.resize(frame.size() - by);
  return frame;
}
Bytes address_bytes(const char* address) {
  const Ipv6Address value(address);
  return {value.bytes.begin(), value.bytes.end()};
}
Bytes mac_option(uint8_t type, const char* mac) {
  const MacAddress value(mac);
  Bytes option{type, 1};
  option.insert(option.end(), std::begin(value.bytes), std::end(value.bytes));
  return option;
}
Bytes joined(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Bytes solicit(const char* target, const char* source = kClient6, bool option = true, uint8_t hops = 255,
              const char* dest = "ff02::1:ff00:10") {
  Bytes body = address_bytes(target);
  if (option) body = joined(body, mac_option(1, kClientMac));
  return Ethernet{.dst = "33:33:ff:00:00:10", .src = kClientMac} / IPv6{.src = source, .dst = dest, .hop_limit = hops} /
         ICMPv6{.type = 135, .word = 0} / Payload{body};
}
Bytes advert(const char* target, const char* to = kClient6, const char* to_mac = kClientMac,
             uint32_t flags = 0x60000000) {
  return Ethernet{.dst = to_mac, .src = kOwnMac} / IPv6{.src = target, .dst = to, .hop_limit = 255} /
         ICMPv6{.type = 136, .word = flags} / Payload{joined(address_bytes(target), mac_option(2, kOwnMac))};
}
/// What comes back for a segment that is not served (RFC 9293, 3.10.7.1).
Bytes reset(const char* from, TCP of) {
  return kToClient / IPv6{.src = from, .dst = kClient6} /
         TCP{.sport = of.dport, .dport = of.sport, .seq = of.seq, .ack = of.ack, .flags = of.flags, .window = 0};
}
IPv6 six_to(const char* address) { return {.src = kClient6, .dst = address}; }
TCP open_to(uint16_t port) { return {.dport = port, .flags = kSyn}; }

const Fixture6 kFixtures6[] = {
    {"of nobody here", kFromClient / six_to(kElsewhere6) / open_to(80), XDP_PASS, ELB_REASON_PASS_OTHER},
    {"to the node's own address", kFromClient / six_to(kHost6) / open_to(80), XDP_PASS, ELB_REASON_PASS_HOST},
    {"nobody listens", kFromClient / six_to(kVip6) / open_to(99), XDP_DROP, ELB_REASON_NO_LISTENER},
    {"to a local address", kFromClient / six_to(kLocal6) / open_to(99), XDP_TX, ELB_REASON_STRAY_REPLY,
     reset(kLocal6, {.dport = 99, .seq = 0, .ack = 2, .flags = kRst | kAck})},
    {"no SYN", kFromClient / six_to(kVip6) / TCP{.dport = kSix, .ack = 77} / "data", XDP_TX, ELB_REASON_NOT_SYN,
     reset(kVip6, {.dport = kSix, .seq = 77, .flags = kRst})},
    {"a reset of no connection", kFromClient / six_to(kVip6) / TCP{.dport = kSix, .flags = kRst}, XDP_DROP,
     ELB_REASON_NOT_SYN},
    {"no SYN, by broadcast",
     Ethernet{.dst = "33:33:00:00:00:01", .src = kClientMac} / six_to(kVip6) / TCP{.dport = kSix}, XDP_DROP,
     ELB_REASON_NOT_SYN},
    {"no SYN, behind an extension header",
     kFromClient / IPv6{.src = kClient6, .dst = kVip6, .extensions = {6, 0, 1, 4, 0, 0, 0, 0}, .next = 60} /
         TCP{.dport = kSix},
     XDP_DROP, ELB_REASON_NOT_SYN},
    {"no SYN, for an IPv4 member", kFromClient / six_to(kVip6) / TCP{.dport = kFour, .seq = 4, .flags = kFin}, XDP_TX,
     ELB_REASON_NOT_SYN, reset(kVip6, {.dport = kFour, .seq = 0, .ack = 5, .flags = kRst | kAck})},
    {"no member", kFromClient / six_to(kVip6) / open_to(kNone), XDP_TX, ELB_REASON_NO_MEMBER,
     reset(kVip6, {.dport = kNone, .seq = 0, .ack = 2, .flags = kRst | kAck})},
    {"hops used up", kFromClient / IPv6{.src = kClient6, .dst = kVip6, .hop_limit = 1} / open_to(kSix), XDP_DROP,
     ELB_REASON_TTL},
    {"header cut short", cut(kFromClient / six_to(kVip6) / open_to(kSix), 21), XDP_DROP, ELB_REASON_MALFORMED},
    {"TCP header cut short", cut(kFromClient / six_to(kVip6) / open_to(kSix), 1), XDP_DROP, ELB_REASON_MALFORMED},
    {"another version", kFromClient / IPv6{.src = kClient6, .dst = kVip6, .version = 5} / open_to(kSix), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"length longer than the frame",
     kFromClient / IPv6{.src = kClient6, .dst = kVip6, .payload_length = 900} / open_to(kSix), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"length shorter than the header",
     kFromClient / IPv6{.src = kClient6, .dst = kVip6, .payload_length = 19} / open_to(kSix), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"doff of 4", kFromClient / six_to(kVip6) / TCP{.dport = kSix, .flags = kSyn, .doff = 4}, XDP_DROP,
     ELB_REASON_MALFORMED},
    {"UDP of no length", kFromClient / six_to(kVip6) / UDP{.dport = kSixUdp, .length = 0}, XDP_DROP,
     ELB_REASON_MALFORMED},
    {"UDP without checksum", kFromClient / six_to(kVip6) / UDP{.dport = kSixUdp, .check = 0} / "x", XDP_DROP,
     ELB_REASON_NO_UDP_CHECKSUM},
    {"UDP without checksum towards an IPv4 member",
     kFromClient / six_to(kVip6) / UDP{.dport = kFourUdp, .check = 0} / "x", XDP_DROP, ELB_REASON_NO_UDP_CHECKSUM},
    {"LAND", kFromClient / IPv6{.src = kVip6, .dst = kVip6} / open_to(kSix), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from a local address", kFromClient / IPv6{.src = kLocal6, .dst = kVip6} / open_to(kSix), XDP_DROP,
     ELB_REASON_BAD_SOURCE},
    {"from IPv4 in disguise", kFromClient / IPv6{.src = "::ffff:203.0.113.7", .dst = kVip6} / open_to(kSix), XDP_DROP,
     ELB_REASON_BAD_SOURCE},
    {"to IPv4 in disguise", kFromClient / six_to("::ffff:198.51.100.10") / open_to(kPlain), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"from a multicast address", kFromClient / IPv6{.src = "ff02::1", .dst = kVip6} / open_to(kSix), XDP_DROP,
     ELB_REASON_BAD_SOURCE},
    {"from loopback", kFromClient / IPv6{.src = "::1", .dst = kVip6} / open_to(kSix), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"another protocol", kFromClient / IPv6{.src = kClient6, .dst = kVip6, .protocol = 47} / Payload{Bytes(8, 0)},
     XDP_DROP, ELB_REASON_PROTOCOL},
    {"a fragment",
     kFromClient / IPv6{.src = kClient6, .dst = kVip6, .extensions = {6, 0, 0, 1, 0, 0, 0, 1}, .next = 44} /
         open_to(kSix),
     XDP_DROP, ELB_REASON_FRAGMENT},
    {"a routing header",
     kFromClient / IPv6{.src = kClient6, .dst = kVip6, .extensions = {6, 0, 0, 1, 0, 0, 0, 0}, .next = 43} /
         open_to(kSix),
     XDP_DROP, ELB_REASON_IP6_EXTENSION},
    {"an extension header longer than is read",
     kFromClient / IPv6{.src = kClient6, .dst = kVip6, .extensions = joined({6, 26}, Bytes(214, 0)), .next = 60} /
         open_to(kSix),
     XDP_DROP, ELB_REASON_IP6_EXTENSION},
    {"an extension header longer than the packet",
     kFromClient / IPv6{.src = kClient6, .dst = kVip6, .extensions = {6, 20, 0, 0, 0, 0, 0, 0}, .next = 60} /
         open_to(kSix),
     XDP_DROP, ELB_REASON_MALFORMED},
    {"extension headers without end",
     kFromClient / IPv6{.src = kClient6, .dst = kVip6, .extensions = Bytes(48, 0), .next = 0} / open_to(kSix), XDP_DROP,
     ELB_REASON_IP6_EXTENSION},
    {"ping of the VIP", kFromClient / six_to(kVip6) / ICMPv6{} / "12345", XDP_TX, ELB_REASON_ECHO_ANSWERED,
     kToClient / IPv6{.src = kVip6, .dst = kClient6} / ICMPv6{.type = 129} / "12345"},
    {"ping of the node", kFromClient / six_to(kHost6) / ICMPv6{}, XDP_PASS, ELB_REASON_PASS_HOST},
    {"ping from nowhere", kFromClient / IPv6{.src = "::", .dst = kVip6} / ICMPv6{}, XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"an advertisement", advert(kElsewhere6, kVip6), XDP_PASS, ELB_REASON_PASS_ICMP},
    {"an advertisement to a local address", advert(kElsewhere6, kLocal6), XDP_DROP, ELB_REASON_STRAY_REPLY},
    {"ping with a code", kFromClient / six_to(kVip6) / ICMPv6{.code = 1}, XDP_PASS, ELB_REASON_PASS_ICMP},
    {"who has the IPv4 VIP", solicit("::ffff:198.51.100.10"), XDP_PASS, ELB_REASON_PASS_OTHER},
    {"who has the VIP", solicit(kVip6), XDP_TX, ELB_REASON_ND_ANSWERED, advert(kVip6)},
    {"who has a local address", solicit(kLocal6), XDP_TX, ELB_REASON_ND_ANSWERED, advert(kLocal6)},
    {"who has the node's own", solicit(kHost6), XDP_TX, ELB_REASON_ND_ANSWERED, advert(kHost6)},
    {"are you still there: without option", solicit(kVip6, kClient6, false, 255, kVip6), XDP_TX, ELB_REASON_ND_ANSWERED,
     advert(kVip6)},
    {"is the VIP in use", solicit(kVip6, "::", false), XDP_TX, ELB_REASON_ND_ANSWERED,
     advert(kVip6, "ff02::1", "33:33:00:00:00:01", 0x20000000)},
    {"who has somebody else's", solicit(kElsewhere6), XDP_PASS, ELB_REASON_PASS_OTHER},
    {"a solicitation from another link", solicit(kVip6, kClient6, true, 254), XDP_PASS, ELB_REASON_PASS_OTHER},
    {"a solicitation cut short", cut(solicit(kVip6, kClient6, false), 1), XDP_PASS, ELB_REASON_PASS_OTHER},
    {"an error that quotes nothing known", kFromClient / six_to(kVip6) / ICMPv6{.type = 1} / Payload{Bytes(60, 0x66)},
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"an error cut short", kFromClient / six_to(kVip6) / ICMPv6{.type = 2} / "abc", XDP_DROP, ELB_REASON_ICMP_STRAY},
};

class Fixtures6 : public testing::TestWithParam<Hook> {};
INSTANTIATE_TEST_SUITE_P(Hooks, Fixtures6, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(Fixtures6, EachLeavesByItsReasonAndOpensNothing) {
  Bed6 bed({.hook = GetParam()});
  ASSERT_TRUE(bed.runner.ok());
  for (const Fixture6& f : kFixtures6) {
    SCOPED_TRACE(f.description);
    if (!bed.runner.takes(f.input)) continue;
    const uint64_t before = bed.runner.reason(static_cast<elb_reason>(f.reason));
    const RunResult result = bed.runner.run(f.input);
    EXPECT_STREQ(verdict_name(result.verdict), verdict_name(bed.runner.shown(f.verdict)));
    EXPECT_EQ(bed.runner.reason(static_cast<elb_reason>(f.reason)), before + 1) << reason_name(f.reason);
    const Bytes& wanted = f.output.empty() ? f.input : f.output;
    EXPECT_EQ(describe(result.frame), describe(wanted));
    EXPECT_EQ(result.frame, wanted);
    EXPECT_TRUE(f.verdict != XDP_TX || checksums_hold(result.frame));
  }
  const auto counts = sweep_all(bed.runner.table(), bed.runner.run(Bytes(64), 1, "elb_clock").verdict,
                                {.idle = {1000, 1000, 1000, 1000, 1000}, .rest = 0, .grace = 0});
  EXPECT_EQ(counts.split, 0u);
  EXPECT_EQ(counts.live, 0u);
}

class Errors6 : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(bed.runner.ok()); }
  Bytes pass(const Bytes& frame) {
    const RunResult result = bed.runner.run(frame);
    EXPECT_STREQ(verdict_name(result.verdict), "XDP_TX") << describe(frame);
    return result.frame;
  }
  void expect(const Bytes& got, const Bytes& wanted) {
    EXPECT_EQ(describe(got), describe(wanted));
    EXPECT_EQ(got, wanted);
  }
  static Bytes ip_of(const Bytes& frame) { return {frame.begin() + 14, frame.end()}; }
  Bed6 bed;
  const Bytes syn4 = kFromClient / IPv6{.src = kClient6, .dst = kVip6} / TCP{.dport = kFour, .flags = kSyn};
};

constexpr const char* kRouter6 = "2001:db8:ee::1";

TEST_F(Errors6, WithinIpv6BothWays) {
  const Bytes sent = pass(kFromClient / IPv6{.src = kClient6, .dst = kVip6} / UDP{.dport = kSixUdp} / "query");
  const Local6 local = source6_of(sent);
  expect(pass(kFromMember / IPv6{.src = kRouter6, .dst = local.addr} / ICMPv6{.type = 2, .word = 1300} /
              Payload{ip_of(sent)}),
         kToClient / IPv6{.src = kVip6, .dst = kClient6, .hop_limit = 63} / ICMPv6{.type = 2, .word = 1300} /
             Payload{ip_of(kFromClient / IPv6{.src = kClient6, .dst = kVip6, .hop_limit = 63} / UDP{.dport = kSixUdp} /
                           "query")});
  const Bytes answered = pass(kFromMember / IPv6{.src = kMember6, .dst = local.addr} /
                              UDP{.sport = kMemberUdpPort, .dport = local.port} / "answer");
  expect(pass(kFromClient / IPv6{.src = kRouter6, .dst = kVip6} / ICMPv6{.type = 1, .code = 4, .word = 0} /
              Payload{ip_of(answered)}),
         kToMember / IPv6{.src = local.addr, .dst = kMember6, .hop_limit = 63} /
             ICMPv6{.type = 1, .code = 4, .word = 0} /
             Payload{ip_of(kFromMember / IPv6{.src = kMember6, .dst = local.addr, .hop_limit = 63} /
                           UDP{.sport = kMemberUdpPort, .dport = local.port} / "answer")});
  EXPECT_EQ(bed.runner.reason(ELB_REASON_ICMP_TRANSLATED), 2u);
}

/// A TCP header that is quoted as a whole has the checksum that its sender gave it.
TEST_F(Errors6, QuoteTheChecksumThatTheSenderSent) {
  const auto sent_by_client = [](uint8_t hops) {
    return kFromClient / IPv6{.src = kClient6, .dst = kVip6, .hop_limit = hops} /
           TCP{.dport = kSix, .seq = 77, .flags = kSyn};
  };
  const Bytes sent = pass(sent_by_client(64));
  expect(pass(kFromMember / IPv6{.src = kRouter6, .dst = source6_of(sent).addr} / ICMPv6{.type = 3, .word = 0} /
              Payload{ip_of(sent)}),
         kToClient / IPv6{.src = kVip6, .dst = kClient6, .hop_limit = 63} / ICMPv6{.type = 3, .word = 0} /
             Payload{ip_of(sent_by_client(63))});
}

/// The member's side says 1,000 bytes: 1,020 of IPv6, but never less than every IPv6 link takes.
TEST_F(Errors6, FromIpv4ToTheClient) {
  const Bytes sent = pass(syn4);
  const Local4 local = source4_of(sent);
  for (const auto& [told, passed_on] : {std::pair{1400, 1420}, {1000, 1280}}) {
    const Bytes error = kFromMember / IPv4{.src = "10.0.0.254", .dst = local.addr} /
                        ICMP{.type = 3, .code = 4, .mtu = static_cast<uint16_t>(told)} / Payload{ip_of(sent)};
    const Bytes got = pass(error);
    EXPECT_TRUE(checksums_hold(got)) << describe(got);
    Bytes quoted =
        ip_of(kFromClient / IPv6{.src = kClient6, .dst = kVip6, .hop_limit = 63} / TCP{.dport = kFour, .flags = kSyn});
    quoted.resize(48);
    expect(got, kToClient / IPv6{.src = kVip6, .dst = kClient6} /
                    ICMPv6{.type = 2, .word = static_cast<uint32_t>(passed_on)} / Payload{quoted});
  }
}

TEST_F(Errors6, FromIpv6ToTheIpv4Member) {
  const Local4 local = source4_of(pass(syn4));
  const Bytes answered = pass(kFromMember / IPv4{.src = kMember4, .dst = local.addr} /
                              TCP{.sport = kMemberPort, .dport = local.port, .seq = 5} / "answer");
  const Bytes got = pass(kFromClient / IPv6{.src = kRouter6, .dst = kVip6} / ICMPv6{.type = 2, .word = 1400} /
                         Payload{ip_of(answered)});
  EXPECT_TRUE(fold_checksum(ones_sum(std::span(got).subspan(34))) == 0) << describe(got);
  Bytes quoted = ip_of(kFromMember / IPv4{.src = kMember4, .dst = local.addr, .ttl = 63, .id = 0} /
                       TCP{.sport = kMemberPort, .dport = local.port, .seq = 5} / "answer");
  quoted.resize(28);
  expect(got, kToMember / IPv4{.src = local.addr, .dst = kMember4, .id = 0, .frag = 0} /
                  ICMP{.type = 3, .code = 4, .mtu = 1380} / Payload{quoted});
}

TEST_F(Errors6, ThePacketThatIsTooBigIsToldAbout) {
  const Bytes big =
      kFromClient / IPv6{.src = kClient6, .dst = kVip6} / TCP{.dport = kSmall, .flags = kSyn} / std::string(700, 'x');
  Bytes quoted = ip_of(big);
  quoted.resize(48);
  expect(pass(big),
         kToClient / IPv6{.src = kVip6, .dst = kClient6} / ICMPv6{.type = 2, .word = 1280} / Payload{quoted});
  EXPECT_EQ(bed.runner.reason(ELB_REASON_TOO_BIG_TOLD), 1u);
}

}  // namespace
}  // namespace elb::test
