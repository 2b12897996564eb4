// SPDX-License-Identifier: Apache-2.0
// Random packets for the program and the model (harness/model_balancer.h), and what is compared: verdict, bytes,
// reasons, traffic. ELB_SEED (1) draws other packets, ELB_PACKETS more. Thread rule: as Testbed.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cstdlib>
#include <random>

#include "bpf/testbed.h"

namespace elb::test {

inline uint64_t from_env(const char* name, uint64_t fallback) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 0) : fallback;
}

using Connections = std::vector<std::pair<ModelTuple, ModelTuple>>;

/// Packets that know what the model knows: mostly sensible, then spoilt. This one makes IPv4's.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}
  virtual ~Generator() = default;
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  bool one_in(uint32_t n) { return below(n) == 0; }

  Bytes next(const Connections& connections) {
    Bytes frame = sensible(connections);
    if (!one_in(8)) return frame;
    Bytes spoilt = frame;
    spoil(spoilt);
    return may_become(frame, spoilt) ? spoilt : frame;
  }

 protected:
  template <class T>
  T any(std::initializer_list<T> of) {
    return of.begin()[below(of.size())];
  }
  Ethernet ethernet() {
    Ethernet eth{.dst = kOwnMac, .src = kClientMac};
    if (one_in(3)) eth.src.bytes[5] = 2 + below(4);
    return eth;
  }
  std::string payload() {
    const uint32_t size = one_in(20) ? below(1600) : below(80);
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>(random_());
    return text;
  }
  uint8_t flags() {
    return one_in(4) ? random_() & 0x3f : any<uint8_t>({kAck, kAck, kAck | kPsh, kFin | kAck, kRst, kSyn});
  }

  IPv4 ip(uint32_t source, uint32_t dest) {
    IPv4 ip{.src = Ipv4Address::from_host(source), .dst = Ipv4Address::from_host(dest)};
    ip.ttl = one_in(40) ? below(3) : 2 + below(254);
    ip.tos = random_() & 0xff;
    ip.id = random_() & 0xffff;
    if (one_in(60)) ip.frag = random_() & 0xffff;
    if (one_in(30)) {  // pieces of few datagrams, so that some belong together
      ip.id = below(4);
      ip.frag = any<uint16_t>({0x2000, 0x2000, 0x20b9, 0x00b9});
    }
    if (one_in(40)) ip.options = Bytes(4 + 4 * below(10), 1);
    if (!ip.options.empty() && one_in(3)) ip.options[below(ip.options.size())] = random_() & 0xff;
    if (one_in(60)) ip.protocol = random_() & 0xff;
    if (one_in(60)) ip.total_length = below(120);
    if (one_in(60)) ip.check = random_() & 0xffff;
    if (one_in(100)) ip.version_ihl = random_() & 0xff;
    return ip;
  }
  /// TCP options as hosts send them and as nobody does, filled up to words.
  Bytes options() {
    const Bytes known[] = {{2, 4, 5, 180},
                           {2, 4, 35, 40},
                           {1},
                           {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8},
                           {4, 2},
                           {3, 3, 7},
                           {254, 8, 1, 2, 3, 4, 5, 6},
                           {254, 3, 9},
                           {254, 20, 1, 2, 3},
                           {0},
                           {5, 1}};
    Bytes all;
    for (uint32_t i = 1 + below(4); i; i--) {
      const Bytes& next = known[below(std::size(known))];
      if (all.size() + next.size() <= 40) all.insert(all.end(), next.begin(), next.end());
    }
    while (all.size() % 4) all.push_back(one_in(2));
    return all;
  }
  Bytes carry(const ModelTuple& t, uint8_t tcp_flags) {
    Packet packet(ethernet());
    if (one_in(10)) tag(packet);
    packet.add(ip(t.source.v4(), t.dest.v4()));
    add_l4(packet, t, tcp_flags);
    return packet;
  }
  void add_l4(Packet& packet, const ModelTuple& t, uint8_t tcp_flags) {
    if (t.proto == 6) {
      TCP tcp{.sport = t.sport, .dport = t.dport, .seq = static_cast<uint32_t>(random_()), .flags = tcp_flags};
      tcp.ack = static_cast<uint32_t>(random_());
      if (one_in(3)) tcp.options = options();
      if (one_in(60)) tcp.check = any<uint16_t>({0, 0xffff, static_cast<uint16_t>(random_())});
      if (one_in(60)) tcp.doff = random_() & 15;
      packet.add(tcp);
    } else {
      UDP udp{.sport = t.sport, .dport = t.dport};
      if (one_in(5)) udp.check = any<uint16_t>({0, 0, 0xffff, static_cast<uint16_t>(random_())});
      if (one_in(60)) udp.length = below(100);
      packet.add(udp);
    }
    const std::string text = payload();
    packet.add(Payload{Bytes(text.begin(), text.end())});
  }
  void tag(Packet& packet) {
    for (uint32_t i = 1 + below(3); i; i--)
      packet.add(Vlan{
          .id = static_cast<uint16_t>(5 + below(3)), .service = one_in(4), .priority = static_cast<uint8_t>(below(8))});
  }
  /// About a packet that the balancer sent to where the tuple comes from.
  Bytes icmp_error(const ModelTuple& t) {
    const IPv4 sent = ip(t.dest.v4(), t.source.v4());
    Bytes quoted;
    if (t.proto == 6)
      quoted = Ethernet{} / sent / TCP{.sport = t.dport, .dport = t.sport} / payload();
    else
      quoted = Ethernet{} / sent / UDP{.sport = t.dport, .dport = t.sport} / payload();
    const size_t most = quoted.size() - 14;
    quoted = Bytes(quoted.begin() + 14,
                   quoted.begin() + 14 + (one_in(10) ? below(most) : std::min<size_t>(most, 28 + below(60))));
    Packet packet(ethernet());
    if (one_in(10)) tag(packet);
    packet.add(ip(one_in(2) ? t.source.v4() : 0x0a090909, t.dest.v4()));
    packet.add(ICMP{any<uint8_t>({3, 3, 11, 12, 5}), static_cast<uint8_t>(below(5))});
    packet.add(Payload{quoted});
    return packet;
  }
  ModelTuple opening() {
    const bool udp = one_in(4);
    ModelTuple t{static_cast<uint8_t>(udp ? 17 : 6), 0xcb007100 + below(200), ntohl(Ipv4Address(kVip).be),
                 static_cast<uint16_t>(1024 + below(60000)), 0};
    if (one_in(40)) t.source = one_in(2) ? static_cast<uint32_t>(random_()) : 0x0a00000b + below(3);  // or a member's
    t.dport = udp           ? static_cast<uint16_t>(kUdpPlain + below(3))
              : one_in(2)   ? static_cast<uint16_t>(80 + below(16))
              : one_in(200) ? uint16_t{kNarrow}
                            : any<uint16_t>({kPlain, kToa, kElsewherePort});
    return t;
  }
  Bytes arp() {
    const auto address = [&] {
      return any<const char*>({kVip, kHost, kLocal, kLastLocal, kClient, kElsewhere, "0.0.0.0"});
    };
    Arp arp{.sender = address(), .target = address()};
    if (one_in(5)) arp.op = below(4);
    if (one_in(20)) arp.hardware = below(4);
    return ethernet() / arp / std::string(below(20), '\0');
  }
  /// Is the spoilt frame one about which model and program can agree?
  virtual bool may_become(const Bytes& /*frame*/, const Bytes& /*spoilt*/) const { return true; }
  virtual Bytes sensible(const Connections& connections) {
    const uint32_t dice = below(100);
    if (dice < 70 && !connections.empty()) {
      const auto& [forward, reverse] = connections[below(connections.size())];
      if (one_in(12)) return icmp_error(one_in(2) ? forward : reverse);
      return carry(dice < 40 ? forward : reverse, flags());
    }
    if (dice < 85) return carry(opening(), one_in(10) ? flags() : uint8_t{kSyn});
    if (dice < 90) return arp();
    if (dice < 92)
      return ethernet() /
             ip(one_in(3) ? 1 + below(9) : 0xcb007100 + below(200),
                ntohl(Ipv4Address(any<const char*>({kVip, kLocal})).be)) /
             ICMP{};
    ModelTuple t = opening();
    t.dest = ntohl(Ipv4Address(any<const char*>({kHost, kLocal, kLastLocal, kElsewhere, kVip})).be);
    t.dport = random_() & 0xffff;
    return carry(t, flags());
  }
  void spoil(Bytes& frame) {
    switch (below(3)) {
      case 0:
        for (uint32_t i = 1 + below(3); i; i--) frame[below(std::min<size_t>(frame.size(), 60))] ^= 1 << below(8);
        return;
      case 1:
        frame.resize(14 + below(frame.size() - 13));
        return;
      default:
        frame.resize(frame.size() + below(40), 0xee);  // as short frames are padded
    }
  }

  std::mt19937_64 random_;
};

/// The program and the model in the same world.
class RandomPackets : public testing::TestWithParam<Hook> {
 protected:
  explicit RandomPackets(const RunnerOptions& options, ModelConfig world) : bed(options, std::move(world)) {}
  void compare(const Bytes& frame, uint32_t ifindex) {
    if (!bed.runner.takes(frame)) return;
    RunResult got = bed.runner.run(frame, 1, nullptr, ifindex);
    ModelVerdict want = model.judge(frame, ifindex, got.frame);
    if (GetParam() == Hook::kTc) {  // the new tag is beside the frame
      if (want.tagged) want.frame.erase(want.frame.begin() + 12, want.frame.begin() + 16);
    }
    const auto story = [&] {
      return std::string("in   ") + describe(frame) + "\nout  " + describe(got.frame) + "\nwant " +
             describe(want.frame) + "\nmodel: " + reason_name(want.reason) + ", program: " + newly_counted();
    };
    ASSERT_EQ(want.complaint, "") << story();
    ASSERT_STREQ(verdict_name(got.verdict), verdict_name(bed.runner.shown(want.verdict))) << story();
    if (want.verdict != XDP_DROP) {
      ASSERT_EQ(got.frame, want.frame) << story();
    }
    const auto counted = bed.runner.reasons();
    for (uint32_t i = 0; i < ELB_REASON_COUNT; i++)
      ASSERT_EQ(counted[i], model.reasons()[i]) << reason_name(i) << "\n" << story();
    if (want.reason == ELB_REASON_COUNT) compare_traffic(want.member);
  }
  /// What the program has counted and the model has not.
  std::string newly_counted() const {
    std::string names;
    const auto counted = bed.runner.reasons();
    for (uint32_t i = 0; i < ELB_REASON_COUNT; i++)
      if (counted[i] > model.reasons()[i]) names += std::string(reason_name(i)) + " ";
    return names.empty() ? "the same" : names;
  }
  void compare_traffic(uint32_t member) {
    const elb_traffic got = bed.runner.traffic(member), want = model.traffic(member);
    ASSERT_EQ(got.connections, want.connections) << "member " << member;
    ASSERT_EQ(got.packets_in, want.packets_in) << "member " << member;
    ASSERT_EQ(got.bytes_in, want.bytes_in) << "member " << member;
    ASSERT_EQ(got.packets_out, want.packets_out) << "member " << member;
    ASSERT_EQ(got.bytes_out, want.bytes_out) << "member " << member;
    ASSERT_EQ(bed.runner.load(member), model.admission().load(member)) << "member " << member;
    ASSERT_EQ(bed.runner.cursor(member / 10).active, model.admission().active(member / 10)) << "listener";
  }
  /// As the agent does when a member is removed: connections end, local ports are free again at once.
  void end_member(uint32_t member) {
    elb_flow_limits limits{};
    std::fill(std::begin(limits.idle), std::end(limits.idle), 1u << 30);
    elb_flow_observer observer{};
    observer.context = &member;
    observer.gone = [](void* context, __u16 m) { return int{m == *static_cast<uint32_t*>(context)}; };
    observer.uncounted = [](void*, const elb_flow*) { ++uncounted; };
    uncounted = 0;
    const uint32_t now = bed.runner.run(Bytes(64), 1, "elb_clock").verdict;
    ASSERT_EQ(sweep_all(bed.runner.table(), now, limits, &observer).split, 0u);
    sweep_all(bed.runner.table(), now + 1, limits);
    ASSERT_EQ(uncounted, bed.runner.load(member)) << "every connection still counted, and no other";
    bed.runner.uncount(member, uncounted);
    model.end_member(member);
    const auto left = sweep_all(bed.runner.table(), now + 1, limits);
    ASSERT_EQ(left.used, 2 * model.connections().size());
    ASSERT_EQ(left.live, model.connections().size());
  }

  /// ELB_PACKETS frames of the generator by either interface; members go when there are many connections.
  void run(Generator& generator, uint64_t seed, uint64_t packets) {
    constexpr size_t kConnectionsMax = 3000;
    const uint32_t other = other_interface();
    uint64_t forwarded = 0, ended = 0;
    for (uint64_t i = 0; i < packets; i++) {
      const Bytes frame = generator.next(model.connections());
      compare(frame, generator.one_in(4) ? other : ProgRunner::kLoopback);
      if (HasFatalFailure()) FAIL() << "packet " << i << " of ELB_SEED=" << seed;
      if (model.connections().size() < kConnectionsMax) continue;
      const auto victim = bed.config.members.begin();
      end_member(std::next(victim, generator.below(bed.config.members.size()))->first);
      ended++;
      if (HasFatalFailure()) FAIL() << "after packet " << i << " of ELB_SEED=" << seed;
    }
    for (const auto& [index, member] : bed.config.members) {
      compare_traffic(index);
      forwarded += model.traffic(index).packets_in + model.traffic(index).packets_out;
    }
    for (const auto& [key, index] : bed.config.listeners) EXPECT_EQ(bed.runner.refused(index), model.refused(index));
    // Otherwise the agreement would say little.
    EXPECT_GT(forwarded, packets / 3);
    EXPECT_GT(ended, 0u);
    std::printf("%-14s %lu\n", "forwarded", forwarded);
  }
  /// Every reason was met but those. Cookies are the kernel's secret, so no model can tell them (cookie_test.cpp).
  void expect_reasons_but(std::set<uint32_t> beyond) const {
    beyond.insert(
        {ELB_REASON_SYN_COOKIE_SENT, ELB_REASON_SYN_COOKIE_OK, ELB_REASON_SYN_COOKIE_BAD, ELB_REASON_SYN_COOKIE_EARLY});
    for (uint32_t reason = 0; reason < ELB_REASON_COUNT; reason++) {
      std::printf("%-14s %lu\n", reason_name(reason), model.reasons()[reason]);
      EXPECT_TRUE(beyond.contains(reason) || model.reasons()[reason] > 0) << reason_name(reason);
    }
  }

  static inline uint32_t uncounted = 0;
  Testbed bed;
  ModelBalancer model{bed.config};
};

}  // namespace elb::test
