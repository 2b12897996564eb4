// SPDX-License-Identifier: Apache-2.0
// Hostile packets of both families, in XDP and tc: each leaves as its row says and changes no state. "State" is every
// byte of the flow table with the addresses beside it, the counters of open connections, what was forwarded for whom,
// and the next hops. Three connections are open meanwhile: IPv4, IPv6, and an IPv6 client's to an IPv4 member.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cstring>
#include <functional>

#include "bpf/testbed6.h"

namespace elb::test {
namespace {

constexpr uint16_t kPort4 = 41000, kPort6 = 42000, kPort64 = 43000;  // of the clients that are connected

/// The local ends of the open connections, and frames that the balancer has sent.
struct Open {
  Local4 four, between;
  Local6 six;
  Bytes to_member4, to_member6, to_between, to_client6;
};

struct Hostile {
  const char* description;
  std::function<Bytes(const Open&)> input;
  uint32_t verdict;
  uint32_t reason;
};

Bytes cut(Bytes frame, size_t by) {
  frame.resize(frame.size() - by);
  return frame;
}
Bytes ip_of(const Bytes& frame, size_t most = 1000) {
  return {frame.begin() + 14, frame.begin() + static_cast<ptrdiff_t>(std::min(frame.size(), 14 + most))};
}
/// The IP packet of a frame with some of its bytes changed.
Bytes with(Bytes packet, std::initializer_list<std::pair<size_t, uint8_t>> changes) {
  for (const auto& [at, value] : changes) packet.at(at) = value;
  return packet;
}
std::function<Bytes(const Open&)> just(const Bytes& frame) {
  return [frame](const Open&) { return frame; };
}
IPv4 four(const char* source = kClient, const char* dest = kVip) { return {.src = source, .dst = dest}; }
IPv6 six(const char* source = kClient6, const char* dest = kVip6) { return {.src = source, .dst = dest}; }
const TCP kSynTo{.dport = 80, .flags = kSyn};

/// Extension headers of 8 bytes each in front of a SYN.
Bytes chain(const std::vector<uint8_t>& kinds, uint8_t units_of_last = 0, size_t room_of_last = 8) {
  IPv6 ip = six();
  ip.next = kinds.front();
  for (size_t i = 0; i < kinds.size(); i++) {
    const bool last = i + 1 == kinds.size();
    Bytes header(last ? room_of_last : 8, 0);
    header[0] = last ? 6 : kinds[i + 1];
    header[1] = last ? units_of_last : 0;
    ip.extensions.insert(ip.extensions.end(), header.begin(), header.end());
  }
  return kFromClient / ip / kSynTo;
}
/// ICMP errors from a router on the members' side; the client's side would be the same.
Bytes error4(Ipv4Address to, const Bytes& quoted, uint8_t type = 3, uint8_t code = 4) {
  return kFromMember / IPv4{.src = "10.0.0.254", .dst = to} / ICMP{.type = type, .code = code, .mtu = 1400} /
         Payload{quoted};
}
Bytes error6(Ipv6Address to, const Bytes& quoted, uint8_t type = 2, uint32_t word = 1300) {
  return kFromMember / IPv6{.src = "2001:db8:ee::1", .dst = to} / ICMPv6{.type = type, .word = word} / Payload{quoted};
}

const Hostile kShort[] = {
    {"IPv4 header cut short", just(cut(kFromClient / four(), 1)), XDP_DROP, ELB_REASON_MALFORMED},
    {"IPv6 header cut short", just(cut(kFromClient / six(), 1)), XDP_DROP, ELB_REASON_MALFORMED},
    {"TCP header cut short", just(cut(kFromClient / four() / kSynTo, 1)), XDP_DROP, ELB_REASON_MALFORMED},
    {"TCP header cut short, IPv6", just(cut(kFromClient / six() / kSynTo, 1)), XDP_DROP, ELB_REASON_MALFORMED},
    {"UDP header cut short", just(cut(kFromClient / four() / UDP{}, 1)), XDP_DROP, ELB_REASON_MALFORMED},
    {"UDP header cut short, IPv6", just(cut(kFromClient / six() / UDP{}, 1)), XDP_DROP, ELB_REASON_MALFORMED},
    {"ICMP cut short", just(cut(kFromClient / four() / ICMP{}, 1)), XDP_DROP, ELB_REASON_MALFORMED},
    {"ICMPv6 cut short", just(cut(kFromClient / six() / ICMPv6{}, 1)), XDP_DROP, ELB_REASON_MALFORMED},
    {"a known client's header cut short", just(cut(kFromClient / six() / TCP{.sport = kPort6}, 1)), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"doff of 4", just(kFromClient / four() / TCP{.dport = 80, .flags = kSyn, .doff = 4}), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"doff of 4, IPv6", just(kFromClient / six() / TCP{.dport = 80, .flags = kSyn, .doff = 4}), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"doff of 0, IPv6", just(kFromClient / six() / TCP{.dport = kFour, .flags = kSyn, .doff = 0}), XDP_DROP,
     ELB_REASON_MALFORMED},
};

const Hostile kLies[] = {
    {"total length beyond the frame", just(cut(kFromClient / four() / kSynTo / "123", 1)), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"payload length beyond the frame", just(cut(kFromClient / six() / kSynTo / "123", 1)), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"total length below the header's", just(kFromClient / IPv4{.dst = kVip, .total_length = 19} / kSynTo), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"total length ends within TCP", just(kFromClient / IPv4{.dst = kVip, .total_length = 39} / kSynTo), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"payload length ends within TCP",
     just(kFromClient / IPv6{.src = kClient6, .dst = kVip6, .payload_length = 19} / kSynTo), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"payload length of nothing", just(kFromClient / IPv6{.src = kClient6, .dst = kVip6, .payload_length = 0} / kSynTo),
     XDP_DROP, ELB_REASON_MALFORMED},
    {"payload length ends within UDP",
     just(kFromClient / IPv6{.src = kClient6, .dst = kVip6, .payload_length = 7} / UDP{}), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"payload length ends within ICMPv6",
     just(kFromClient / IPv6{.src = kClient6, .dst = kVip6, .payload_length = 7} / ICMPv6{}), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"payload length of a ping beyond the frame",
     just(kFromClient / IPv6{.src = kClient6, .dst = kVip6, .payload_length = 900} / ICMPv6{}), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"UDP of length 0", just(kFromClient / four() / UDP{.length = 0}), XDP_DROP, ELB_REASON_MALFORMED},
    {"UDP of length 0, IPv6", just(kFromClient / six() / UDP{.length = 0}), XDP_DROP, ELB_REASON_MALFORMED},
    {"UDP of length 0 towards an IPv4 member", just(kFromClient / six() / UDP{.dport = kFourUdp, .length = 0}),
     XDP_DROP, ELB_REASON_MALFORMED},
    {"UDP length below the header's", just(kFromClient / six() / UDP{.length = 7}), XDP_DROP, ELB_REASON_MALFORMED},
    {"UDP length beyond the packet", just(kFromClient / four() / UDP{.length = 9}), XDP_DROP, ELB_REASON_MALFORMED},
    {"UDP length beyond the packet, IPv6", just(kFromClient / six() / UDP{.length = 9}), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"UDP without checksum", just(kFromClient / six() / UDP{.check = 0} / "x"), XDP_DROP, ELB_REASON_NO_UDP_CHECKSUM},
    {"UDP without checksum towards an IPv4 member",
     just(kFromClient / six() / UDP{.dport = kFourUdp, .check = 0} / "x"), XDP_DROP, ELB_REASON_NO_UDP_CHECKSUM},
    {"IPv4 in an IPv6 frame", just(with(kFromClient / six() / kSynTo, {{14, 0x45}})), XDP_DROP, ELB_REASON_MALFORMED},
    {"IPv6 in an IPv4 frame", just(kFromClient / IPv4{.dst = kVip, .version_ihl = 0x65} / kSynTo), XDP_DROP,
     ELB_REASON_MALFORMED},
};

const Hostile kForgedSources[] = {
    {"LAND", just(kFromClient / four(kVip) / TCP{.sport = 80, .dport = 80, .flags = kSyn}), XDP_DROP,
     ELB_REASON_BAD_SOURCE},
    {"LAND, IPv6", just(kFromClient / six(kVip6) / TCP{.sport = 80, .dport = 80, .flags = kSyn}), XDP_DROP,
     ELB_REASON_BAD_SOURCE},
    {"LAND, IPv6 to an IPv4 member",
     just(kFromClient / six(kVip6) / TCP{.sport = kFour, .dport = kFour, .flags = kSyn}), XDP_DROP,
     ELB_REASON_BAD_SOURCE},
    {"LAND of datagrams", just(kFromClient / four(kVip) / UDP{.sport = 53}), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"LAND of datagrams, IPv6", just(kFromClient / six(kVip6) / UDP{.sport = 53}), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"LAND of pings", just(kFromClient / four(kVip) / ICMP{}), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"LAND of pings, IPv6", just(kFromClient / six(kVip6) / ICMPv6{}), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from a local address", just(kFromClient / four(kLocal) / kSynTo), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from a local address, IPv6", just(kFromClient / six(kLocal6) / kSynTo), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from the last local address", just(kFromClient / four(kLastLocal) / UDP{}), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from the last local address, IPv6", just(kFromClient / six("fd00:100:125::5") / UDP{}), XDP_DROP,
     ELB_REASON_BAD_SOURCE},
    {"from the node", just(kFromClient / four(kHost) / kSynTo), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from the node, IPv6", just(kFromClient / six(kHost6) / kSynTo), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"a ping from a local address, IPv6", just(kFromClient / six(kLocal6) / ICMPv6{}), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from nowhere, IPv6", just(kFromClient / six("::") / kSynTo), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from multicast, IPv6", just(kFromClient / six("ff0e::7") / UDP{}), XDP_DROP, ELB_REASON_BAD_SOURCE},
    {"from an IPv4 client in disguise", just(kFromClient / six("::ffff:203.0.113.7") / kSynTo), XDP_DROP,
     ELB_REASON_BAD_SOURCE},
    {"to the IPv4 VIP in disguise", just(kFromClient / six(kClient6, "::ffff:198.51.100.10") / kSynTo), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"a ping to the IPv4 VIP in disguise", just(kFromClient / six(kClient6, "::ffff:198.51.100.10") / ICMPv6{}),
     XDP_DROP, ELB_REASON_MALFORMED},
    {"a datagram of a member to a local port that is not its own",
     [](const Open& o) {
       return kFromMember / IPv6{.src = kMember6, .dst = o.six.addr} / UDP{.sport = kMemberPort, .dport = o.six.port};
     },
     XDP_DROP, ELB_REASON_STRAY_REPLY},
    {"a reset of another than the member",
     [](const Open& o) {
       return kFromMember / IPv6{.src = "2001:db8:2::12", .dst = o.six.addr} /
              TCP{.sport = kMemberPort, .dport = o.six.port, .flags = kRst};
     },
     XDP_DROP, ELB_REASON_STRAY_REPLY},
    {"a reset of another than the IPv4 member",
     [](const Open& o) {
       return kFromMember / IPv4{.src = "10.0.0.12", .dst = o.between.addr} /
              TCP{.sport = kMemberPort, .dport = o.between.port, .flags = kRst};
     },
     XDP_DROP, ELB_REASON_STRAY_REPLY},
    {"a reset of a client from another port", just(kFromClient / six() / TCP{.sport = kPort6 + 1, .flags = kRst}),
     XDP_DROP, ELB_REASON_NOT_SYN},
};

const Hostile kChains[] = {
    {"five extension headers", just(chain({0, 60, 60, 60, 60})), XDP_DROP, ELB_REASON_IP6_EXTENSION},
    {"extension headers of 216 bytes", just(chain({60}, 26, 216)), XDP_DROP, ELB_REASON_IP6_EXTENSION},
    {"an extension header behind the packet", just(chain({0, 60}, 24)), XDP_DROP, ELB_REASON_MALFORMED},
    {"an extension header cut short",
     just(kFromClient / IPv6{.src = kClient6, .dst = kVip6, .next = 60} / Payload{Bytes(1)}), XDP_DROP,
     ELB_REASON_MALFORMED},
    {"options without end", just(chain({0, 0, 0, 0, 0, 0})), XDP_DROP, ELB_REASON_IP6_EXTENSION},
    {"a routing header", just(chain({43})), XDP_DROP, ELB_REASON_IP6_EXTENSION},
    {"a routing header behind options", just(chain({0, 60, 43})), XDP_DROP, ELB_REASON_IP6_EXTENSION},
    {"an authentication header", just(chain({51})), XDP_DROP, ELB_REASON_IP6_EXTENSION},
    {"a fragment", just(chain({44})), XDP_DROP, ELB_REASON_FRAGMENT},
    {"a fragment behind options", just(chain({60, 44})), XDP_DROP, ELB_REASON_FRAGMENT},
    {"no next header", just(chain({59})), XDP_DROP, ELB_REASON_PROTOCOL},
    {"ESP", just(chain({50})), XDP_DROP, ELB_REASON_PROTOCOL},
    {"a fragment of IPv4 whose first was not seen", just(kFromClient / IPv4{.dst = kVip, .frag = 0x00b9} / UDP{}),
     XDP_DROP, ELB_REASON_FRAGMENT},
    {"a source route", just(kFromClient / IPv4{.dst = kVip, .options = {131, 7, 4, 1, 2, 3, 4, 0}} / kSynTo), XDP_DROP,
     ELB_REASON_IP_OPTIONS},
};

const Hostile kForgedErrors[] = {
    {"quotes another local port",
     [](const Open& o) {
       return error4(o.four.addr, with(ip_of(o.to_member4), {{20, 0}, {21, 7}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"quotes another member",
     [](const Open& o) {
       return error4(o.four.addr, with(ip_of(o.to_member4), {{19, 99}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"quotes another sender than it goes to",
     [](const Open& o) {
       return error4(kLastLocal, with(ip_of(o.to_member4), {{15, 77}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"quotes an IP header of 16 bytes",
     [](const Open& o) {
       return error4(o.four.addr, with(ip_of(o.to_member4), {{0, 0x44}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"quotes an IP header longer than the message",
     [](const Open& o) {
       return error4(o.four.addr, with(ip_of(o.to_member4, 40), {{0, 0x4f}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"quotes IPv6 in IPv4",
     [](const Open& o) {
       return error4(o.four.addr, with(ip_of(o.to_member4), {{0, 0x65}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"quotes a later fragment",
     [](const Open& o) {
       return error4(o.four.addr, with(ip_of(o.to_member4), {{6, 0}, {7, 9}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"quotes seven bytes of TCP", [](const Open& o) { return error4(o.four.addr, ip_of(o.to_member4, 27)); }, XDP_DROP,
     ELB_REASON_ICMP_STRAY},
    {"quotes what a client sent to the VIP", just(error4(kVip, ip_of(kFromClient / four() / TCP{.sport = kPort4}))),
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"of IPv4 about the IPv6 client's, another port",
     [](const Open& o) {
       return error4(o.between.addr, with(ip_of(o.to_between), {{23, 1}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"of IPv4 about the IPv6 client's, of no meaning in IPv6",
     [](const Open& o) { return error4(o.between.addr, ip_of(o.to_between), 12, 1); }, XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"of IPv4 about the IPv6 client's, of an unknown code",
     [](const Open& o) { return error4(o.between.addr, ip_of(o.to_between), 3, 16); }, XDP_DROP, ELB_REASON_ICMP_STRAY},

    {"IPv6: quotes another local port",
     [](const Open& o) {
       return error6(o.six.addr, with(ip_of(o.to_member6), {{40, 0}, {41, 7}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"IPv6: quotes another member",
     [](const Open& o) {
       return error6(o.six.addr, with(ip_of(o.to_member6), {{39, 99}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"IPv6: quotes another sender than it goes to",
     [](const Open& o) {
       return error6(o.six.addr, with(ip_of(o.to_member6), {{23, 77}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"IPv6: goes to another address than it quotes", [](const Open& o) { return error6(kVip6, ip_of(o.to_member6)); },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"IPv6: quotes another version",
     [](const Open& o) {
       return error6(o.six.addr, with(ip_of(o.to_member6), {{0, 0x40}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"IPv6: quotes another protocol",
     [](const Open& o) {
       return error6(o.six.addr, with(ip_of(o.to_member6), {{6, 17}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"IPv6: quotes an error",
     [](const Open& o) {
       return error6(o.six.addr, with(ip_of(o.to_member6), {{6, 58}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"IPv6: quotes extension headers",
     [](const Open& o) {
       return error6(o.six.addr, with(ip_of(o.to_member6), {{6, 60}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"IPv6: quotes seven bytes of TCP", [](const Open& o) { return error6(o.six.addr, ip_of(o.to_member6, 47)); },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"IPv6: quotes what a client sent to the VIP",
     just(error6(kVip6, ip_of(kFromClient / six() / TCP{.sport = kPort6}))), XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"IPv6: too big for less than every link takes, about an IPv4 member's",
     [](const Open& o) { return error6(kVip6, ip_of(o.to_client6), 2, 0); }, XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"IPv6: a parameter problem about an IPv4 member's",
     [](const Open& o) { return error6(kVip6, ip_of(o.to_client6), 4, 0); }, XDP_DROP, ELB_REASON_ICMP_STRAY},
    {"IPv6: quotes an IPv4 member's by another port",
     [](const Open& o) {
       return error6(kVip6, with(ip_of(o.to_client6), {{43, 1}}));
     },
     XDP_DROP, ELB_REASON_ICMP_STRAY},
};

class HostilePackets : public testing::TestWithParam<Hook> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(bed.runner.ok());
    const auto pass = [&](const Bytes& frame) { return bed.runner.run(frame).frame; };
    open.to_member4 = pass(kFromClient / four() / TCP{.sport = kPort4, .flags = kSyn});
    open.to_member6 = pass(kFromClient / six() / TCP{.sport = kPort6, .flags = kSyn});
    open.to_between = pass(kFromClient / six() / TCP{.sport = kPort64, .dport = kFour, .flags = kSyn});
    open.four = source4_of(open.to_member4);
    open.six = source6_of(open.to_member6);
    open.between = source4_of(open.to_between);
    open.to_client6 = pass(kFromMember / IPv4{.src = kMember4, .dst = open.between.addr} /
                           TCP{.sport = kMemberPort, .dport = open.between.port, .flags = kSyn | kAck});
    ASSERT_EQ(bed.runner.reasons(), std::vector<uint64_t>(ELB_REASON_COUNT)) << "all four were forwarded";
  }
  /// Everything that a packet could change, as bytes; but not the counters of reasons.
  Bytes state() const {
    Bytes all;
    const auto add = [&](const auto& value) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
      all.insert(all.end(), bytes, bytes + sizeof value);
    };
    const elb_table table = bed.runner.table();
    for (uint32_t slot = 0; slot <= table.mask; slot++) {
      elb_flow6 beside{};
      bpf_map_lookup_elem(bed.runner.map_fd(ELB_MAP_FLOWS6), &slot, &beside);
      add(table.base[slot]);
      add(beside);
    }
    for (uint32_t listener = 0; listener < 64; listener++) {
      add(bed.runner.cursor(listener));
      add(bed.runner.refused(listener));
    }
    for (uint32_t member = 0; member < 256; member++) {
      add(bed.runner.load(member));
      add(bed.runner.traffic(member));
    }
    for (uint32_t hop = 0; hop < 16; hop++) add(bed.runner.hop(ELB_HOPS_MEMBERS + hop));
    return all;
  }
  void expect_untouched(std::span<const Hostile> table) {
    const Bytes before = state();
    for (const Hostile& hostile : table) {
      SCOPED_TRACE(hostile.description);
      const Bytes input = hostile.input(open);
      if (!bed.runner.takes(input)) continue;
      const uint64_t counted = bed.runner.reason(static_cast<elb_reason>(hostile.reason));
      const RunResult result = bed.runner.run(input);
      EXPECT_STREQ(verdict_name(result.verdict), verdict_name(bed.runner.shown(hostile.verdict)));
      EXPECT_EQ(bed.runner.reason(static_cast<elb_reason>(hostile.reason)), counted + 1) << reason_name(hostile.reason);
      EXPECT_EQ(result.frame, input) << describe(result.frame);
      EXPECT_TRUE(state() == before) << "the packet has changed the state";
    }
  }
  Bed6 bed{RunnerOptions{.hook = GetParam(), .flow_slots = 64, .tick_shift = 31}};
  Open open;
};

INSTANTIATE_TEST_SUITE_P(Hooks, HostilePackets, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(HostilePackets, ShortHeaders) { expect_untouched(kShort); }
TEST_P(HostilePackets, LyingLengths) { expect_untouched(kLies); }
TEST_P(HostilePackets, ForgedSources) { expect_untouched(kForgedSources); }
TEST_P(HostilePackets, ExtensionsFragmentsAndOptions) { expect_untouched(kChains); }
TEST_P(HostilePackets, IcmpWithForgedInnerHeaders) { expect_untouched(kForgedErrors); }

}  // namespace
}  // namespace elb::test
