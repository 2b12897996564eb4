// SPDX-License-Identifier: Apache-2.0
// The program against the model (harness/model_balancer.h), packet by packet: verdict, bytes, reasons, traffic.
// ELB_SEED repeats a run, ELB_PACKETS makes it longer.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cstdlib>
#include <random>

#include "bpf/testbed.h"

namespace elb::test {
namespace {

constexpr size_t kConnectionsMax = 3000;

uint64_t from_env(const char* name, uint64_t fallback) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 0) : fallback;
}

/// Packets that know what the model knows: mostly sensible, then spoilt.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}
  uint32_t below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  bool one_in(uint32_t n) { return below(n) == 0; }

  Bytes next(const std::vector<std::pair<ModelTuple, ModelTuple>>& connections) {
    Bytes frame = sensible(connections);
    if (one_in(8)) spoil(frame);
    return frame;
  }

 private:
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
    if (one_in(60)) ip.options = Bytes(4 + 4 * below(10), 1);
    if (one_in(60)) ip.protocol = random_() & 0xff;
    if (one_in(60)) ip.total_length = below(120);
    if (one_in(60)) ip.check = random_() & 0xffff;
    if (one_in(100)) ip.version_ihl = random_() & 0xff;
    return ip;
  }
  Bytes carry(const ModelTuple& t, uint8_t tcp_flags) {
    Packet packet = ethernet() / ip(t.source, t.dest);
    if (t.proto == 6) {
      TCP tcp{.sport = t.sport, .dport = t.dport, .seq = static_cast<uint32_t>(random_()), .flags = tcp_flags};
      if (one_in(60)) tcp.check = any<uint16_t>({0, 0xffff, static_cast<uint16_t>(random_())});
      if (one_in(60)) tcp.doff = random_() & 15;
      packet.add(tcp);
    } else {
      UDP udp{.sport = t.sport, .dport = t.dport};
      if (one_in(5)) udp.check = any<uint16_t>({0, 0, 0xffff, static_cast<uint16_t>(random_())});
      if (one_in(60)) udp.length = below(100);
      packet.add(udp);
    }
    return std::move(packet) / payload();
  }
  ModelTuple opening() {
    const bool udp = one_in(4);
    ModelTuple t{static_cast<uint8_t>(udp ? 17 : 6), 0xcb007100 + below(200), ntohl(Ipv4Address(kVip).be),
                 static_cast<uint16_t>(1024 + below(60000)), 0};
    t.dport = udp           ? uint16_t{kUdpPlain}
              : one_in(4)   ? static_cast<uint16_t>(80 + below(9))
              : one_in(200) ? uint16_t{kNarrow}
                            : any<uint16_t>({kPlain, kPlain, kElsewherePort});
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
  Bytes sensible(const std::vector<std::pair<ModelTuple, ModelTuple>>& connections) {
    const uint32_t dice = below(100);
    if (dice < 70 && !connections.empty()) {
      const auto& [forward, reverse] = connections[below(connections.size())];
      return carry(dice < 40 ? forward : reverse, flags());
    }
    if (dice < 85) return carry(opening(), one_in(10) ? flags() : uint8_t{kSyn});
    if (dice < 90) return arp();
    if (dice < 92)
      return ethernet() / ip(1 + below(9), ntohl(Ipv4Address(any<const char*>({kVip, kLocal})).be)) / ICMP{};
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

class RandomPackets : public testing::TestWithParam<Hook> {
 protected:
  void compare(const Bytes& frame, uint32_t ifindex) {
    const RunResult got = bed.runner.run(frame, 1, nullptr, ifindex);
    const ModelVerdict want = model.judge(frame, ifindex, got.frame);
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
  }
  /// As the agent does when a member is removed: connections end, local ports are free again at once.
  void end_member(uint32_t member) {
    elb_flow_limits limits{};
    std::fill(std::begin(limits.idle), std::end(limits.idle), 1u << 30);
    elb_flow_observer observer{};
    observer.context = &member;
    observer.gone = [](void* context, __u16 m) { return int{m == *static_cast<uint32_t*>(context)}; };
    const uint32_t now = bed.runner.run(Bytes(64), 1, "elb_clock").verdict;
    ASSERT_EQ(sweep_all(bed.runner.table(), now, limits, &observer).split, 0u);
    sweep_all(bed.runner.table(), now + 1, limits);
    model.end_member(member);
    const auto left = sweep_all(bed.runner.table(), now + 1, limits);
    ASSERT_EQ(left.used, 2 * model.connections().size());
    ASSERT_EQ(left.live, model.connections().size());
  }

  Testbed bed{RunnerOptions{.hook = GetParam(), .flow_slots = 1 << 16}};
  ModelBalancer model{bed.config};
};

INSTANTIATE_TEST_SUITE_P(Hooks, RandomPackets, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(RandomPackets, AgreeWithTheModel) {
  ASSERT_TRUE(bed.runner.ok());
  const uint64_t seed = from_env("ELB_SEED", std::random_device{}()), packets = from_env("ELB_PACKETS", 150000);
  std::printf("ELB_SEED=%lu ELB_PACKETS=%lu\n", seed, packets);
  Generator generator(seed);
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
  for (uint32_t reason = 0; reason < ELB_REASON_COUNT; reason++) {
    std::printf("%-14s %lu\n", reason_name(reason), model.reasons()[reason]);
    const bool beyond_the_model =
        reason == ELB_REASON_TABLE_FULL || reason == ELB_REASON_NO_PORT || reason == ELB_REASON_RACE ||
        reason == ELB_REASON_NO_HEADROOM || reason == ELB_REASON_TABLE_SHARE || reason == ELB_REASON_RATE_GUARD ||
        reason == ELB_REASON_ND_ANSWERED || reason == ELB_REASON_IP6_EXTENSION || reason == ELB_REASON_NO_UDP_CHECKSUM;
    EXPECT_TRUE(beyond_the_model || model.reasons()[reason] > 0) << reason_name(reason);
  }
  std::printf("%-14s %lu\n", "forwarded", forwarded);
}

}  // namespace
}  // namespace elb::test
