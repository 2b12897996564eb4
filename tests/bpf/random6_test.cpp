// SPDX-License-Identifier: Apache-2.0
// The program against the model, packet by packet of both families in one table (bpf/random_packets.h).
#include "bpf/random_packets.h"
#include "bpf/world6.h"

namespace elb::test {
namespace {

/// IPv6 packets among IPv4's: those of connections in each direction's family, so also the answers of IPv4 members.
class Generator6 final : public Generator {
 public:
  Generator6(uint64_t seed, Hook hook) : Generator(seed), tc_(hook == Hook::kTc) {}

 private:
  IPv6 ip6(const ModelAddress& source, const ModelAddress& dest) {
    IPv6 ip{.src = source.v6(), .dst = dest.v6()};
    ip.hop_limit = one_in(40) ? below(3) : 2 + below(254);
    ip.traffic_class = random_() & 0xff;
    ip.flow_label = random_() & 0xfffff;
    if (one_in(60)) ip.payload_length = below(120);
    if (one_in(100)) ip.version = random_() & 15;
    return ip;
  }
  /// Extension headers in front of `proto`: mostly such as are stepped over.
  void extend(IPv6& ip, uint8_t proto) {
    const uint32_t count = 1 + below(one_in(4) ? 6 : 3);
    std::vector<uint8_t> kinds;
    for (uint32_t i = 0; i < count; i++)
      kinds.push_back(one_in(20) ? any<uint8_t>({43, 44, 51, 59}) : any<uint8_t>({0, 60}));
    ip.next = kinds.front();
    for (uint32_t i = 0; i < count; i++) {
      const uint32_t units = one_in(10) ? below(30) : below(4);
      Bytes header(8 + 8 * units, 0);
      header[0] = i + 1 < count ? kinds[i + 1] : proto;
      header[1] = one_in(60) ? random_() & 0xff : units;
      ip.extensions.insert(ip.extensions.end(), header.begin(), header.end());
    }
    ip.protocol = proto;
  }
  Bytes carry6(const ModelTuple& t, uint8_t tcp_flags, bool may_be_odd = true) {
    Packet packet(ethernet());
    if (may_be_odd && one_in(10)) tag(packet);
    IPv6 ip = ip6(t.source, t.dest);
    if (may_be_odd && one_in(20)) extend(ip, t.proto);
    if (may_be_odd && one_in(60)) ip.protocol = random_() & 0xff;
    packet.add(ip);
    add_l4(packet, t, tcp_flags);
    return packet;
  }
  /// About a packet that the balancer sent to where the tuple comes from.
  Bytes icmp_error6(const ModelTuple& t) {
    Bytes quoted;
    Packet inner(Ethernet{});
    IPv6 sent = ip6(t.dest, t.source);
    if (one_in(10)) extend(sent, t.proto);
    inner.add(sent);
    add_l4(inner, {t.proto, t.dest, t.source, t.dport, t.sport}, flags());
    const Bytes whole = inner;
    const size_t most = whole.size() - 14;
    quoted = Bytes(whole.begin() + 14,
                   whole.begin() + 14 + (one_in(10) ? below(most) : std::min<size_t>(most, 48 + below(80))));
    Packet packet(ethernet());
    if (one_in(10)) tag(packet);
    IPv6 ip = ip6(one_in(2) ? t.source : router(), t.dest);
    if (one_in(20)) extend(ip, 58);
    packet.add(ip);
    packet.add(ICMPv6{.type = any<uint8_t>({1, 1, 2, 2, 3, 4}),
                      .code = static_cast<uint8_t>(below(one_in(5) ? 9 : 5)),
                      .word = one_in(10) ? static_cast<uint32_t>(random_()) : 1200 + below(400)});
    packet.add(Payload{quoted});
    return packet;
  }
  Bytes carry_any(const ModelTuple& t, uint8_t tcp_flags) {
    return t.is_v4() ? carry(t, tcp_flags) : carry6(t, tcp_flags);
  }
  static ModelAddress router() { return Ipv6Address("2001:db8:ee::1"); }
  ModelAddress client() {
    ModelAddress client = Ipv6Address(kClient6);
    client.bytes[15] = below(200);
    if (!one_in(40)) return client;
    if (one_in(2)) return strange();
    if (one_in(2)) return Ipv6Address(kMember6);
    for (uint8_t& byte : client.bytes) byte = random_() & 0xff;
    return client;
  }
  ModelAddress strange() {
    return Ipv6Address(
        any<const char*>({"::", "::1", "ff02::1", "::ffff:203.0.113.7", kVip6, kLocal6, kHost6, "fe80::7"}));
  }
  ModelTuple opening6() {
    const bool udp = one_in(4);
    ModelTuple t{static_cast<uint8_t>(udp ? 17 : 6), client(), Ipv6Address(kVip6),
                 static_cast<uint16_t>(1024 + below(60000)), 0};
    t.dport = udp         ? kSixDatagrams + below(4)
              : one_in(3) ? any<uint16_t>({kSix3, kFour2, kMixed, kToaSix, kToaFour, kTaggedSix, kTaggedFour})
                          : kSix3 + below(20);
    return t;
  }
  /// In tc what cannot be carried over to IPv4 would leave a new connection's endpoint unseen.
  Bytes open6() {
    const ModelTuple t = opening6();
    return carry6(t, one_in(10) ? flags() : uint8_t{kSyn}, !tc_);
  }
  Bytes solicit() {
    const ModelAddress target = Ipv6Address(
        any<const char*>({kVip6, kVip6, kHost6, kLocal6, kLastLocal6, kElsewhere6, "::ffff:198.51.100.10"}));
    IPv6 ip =
        ip6(one_in(4) ? Ipv6Address("::") : client().v6(), one_in(4) ? target.v6() : Ipv6Address("ff02::1:ff00:10"));
    if (!one_in(10)) ip.hop_limit = 255;
    Bytes body(target.bytes.begin(), target.bytes.end());
    if (!one_in(3)) body.insert(body.end(), {1, 1, 2, 0, 0, 0, 0, 2});
    body.resize(body.size() + (one_in(5) ? 8 * below(4) : 0));
    Packet packet(ethernet());
    if (one_in(10)) tag(packet);
    if (one_in(20)) extend(ip, 58);
    packet.add(ip);
    packet.add(ICMPv6{.type = one_in(20) ? uint8_t{136} : uint8_t{135}, .code = one_in(20), .word = 0});
    packet.add(Payload{body});
    return packet;
  }
  Bytes ping6() {
    IPv6 ip = ip6(one_in(4) ? strange() : client(),
                  Ipv6Address(any<const char*>({kVip6, kLocal6, kHost6, kElsewhere6, "::ffff:198.51.100.10"})));
    if (one_in(10)) extend(ip, 58);
    Packet packet(ethernet());
    if (one_in(10)) tag(packet);
    packet.add(ip);
    packet.add(ICMPv6{.type = one_in(5) ? static_cast<uint8_t>(random_()) : uint8_t{128}, .code = one_in(20)});
    return std::move(packet) / payload();
  }
  Bytes sensible(const Connections& connections) override {
    const uint32_t dice = below(100);
    if (dice < 25) return Generator::sensible({});  // IPv4's openings, questions and strays
    if (dice < 75 && !connections.empty()) {
      const auto& [forward, reverse] = connections[below(connections.size())];
      const ModelTuple& t = dice < 55 ? forward : reverse;
      if (one_in(12)) return t.is_v4() ? icmp_error(t) : icmp_error6(t);
      return carry_any(t, flags());
    }
    if (dice < 88) return open6();
    if (dice < 92) return solicit();
    if (dice < 95) return ping6();
    ModelTuple t = opening6();
    t.dest = Ipv6Address(any<const char*>({kHost6, kLocal6, kLastLocal6, kElsewhere6, kVip6, "::ffff:198.51.100.10"}));
    if (!one_in(4)) t.dport = random_() & 0xffff;
    return carry6(t, flags(), !tc_);
  }

  /// In tc the first packet of a connection between the families that has extension headers or two tags leaves an entry
  /// although it is dropped (no_headroom). Unspoilt ones belong to known connections.
  bool may_become(const Bytes& frame, const Bytes& spoilt) const override {
    const auto is_plain = [](const Bytes& bytes) {
      if (bytes.size() <= 20) return true;
      const uint32_t type = bytes[12] << 8 | bytes[13];
      return type == 0x0800 || (type == 0x86dd && bytes[20] != 0 && bytes[20] != 60);
    };
    return !tc_ || (is_plain(frame) && is_plain(spoilt));
  }

  bool tc_;
};

class RandomPackets6 : public RandomPackets {
 protected:
  RandomPackets6() : RandomPackets(options6(GetParam()), world6()) {}
};

INSTANTIATE_TEST_SUITE_P(Hooks, RandomPackets6, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(RandomPackets6, BothFamiliesAgreeWithTheModel) {
  ASSERT_TRUE(bed.runner.ok());
  const uint64_t seed = from_env("ELB_SEED", 1), packets = from_env("ELB_PACKETS", 60000);
  std::printf("ELB_SEED=%lu ELB_PACKETS=%lu\n", seed, packets);
  Generator6 generator(seed, GetParam());
  run(generator, seed, packets);
  if (HasFatalFailure()) return;
  std::set<uint32_t> beyond = {ELB_REASON_TABLE_FULL, ELB_REASON_NO_PORT,     ELB_REASON_RACE,
                               ELB_REASON_BANDWIDTH,  ELB_REASON_TABLE_SHARE, ELB_REASON_RATE_GUARD};
  if (GetParam() == Hook::kXdp) beyond.insert(ELB_REASON_NO_HEADROOM);
  expect_reasons_but(beyond);
}

}  // namespace
}  // namespace elb::test
