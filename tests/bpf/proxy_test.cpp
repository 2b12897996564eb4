// SPDX-License-Identifier: Apache-2.0
// Shows: AC-02, AC-05, LS-16.
// HTTP and HTTPS listeners: their packets are the stack's, untouched and without an entry in the flow table, once the
// whitelist has agreed; also what the network says about them.
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <algorithm>

#include "bpf/testbed6.h"

namespace elb::test {
namespace {

constexpr uint16_t kOpen = 443, kListed = 444;
constexpr const char* kRouter = "192.0.2.1";
constexpr const char* kRouter6 = "2001:db8:88::1";
constexpr elb_reason kReasonPass = ELB_REASON_PASS_PROXY;

class Proxied : public testing::TestWithParam<Hook> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(bed.runner.ok());
    elb_policy listed{};
    listed.flags = ELB_POLICY_WHITELIST;
    listed.acl = 7;
    for (const auto& [port, index] : {std::pair{kOpen, 30u}, std::pair{kListed, 31u}}) {
      bed.runner.set_listener(Ipv4Address(kVip), port, 6, index, ELB_LISTENER_PROXY);
      bed.runner.set_listener(Ipv6Address(kVip6), port, 6, index, ELB_LISTENER_PROXY);
    }
    bed.runner.set_policy(31, listed);
    bed.runner.allow(7, Ipv4Address(kClient));
  }
  /// It ended with that reason, and is as it came.
  void expect(const Bytes& frame, elb_reason reason) {
    const uint64_t before = bed.runner.reason(reason);
    const RunResult result = bed.runner.run(frame);
    EXPECT_EQ(bed.runner.reason(reason), before + 1) << reason_name(reason);
    if (reason == kReasonPass) {
      EXPECT_EQ(result.verdict, static_cast<uint32_t>(XDP_PASS));
      EXPECT_EQ(result.frame, frame);
    }
    const elb_table table = bed.runner.table();
    EXPECT_TRUE(std::all_of(table.base, table.base + table.mask + 1,
                            [](const elb_flow& flow) { return elb_flow_phase(flow.ctl) == ELB_FREE; }));
  }
  Bed6 bed{RunnerOptions{.hook = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(Hooks, Proxied, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(Proxied, LS16_EverySegmentIsTheStacks) {
  for (const uint8_t flags : {kSyn, kAck, uint8_t{kAck | kFin}, kRst}) {
    expect(kFromClient / IPv4{.src = kClient, .dst = kVip} / TCP{.dport = kOpen, .flags = flags} / "data", kReasonPass);
    expect(kFromClient / IPv6{.src = kClient6, .dst = kVip6} / TCP{.dport = kOpen, .flags = flags} / "data",
           kReasonPass);
    expect(
        kFromClient / IPv4{.src = kClient, .dst = kVip, .options = {1, 1, 1, 0}} / TCP{.dport = kOpen, .flags = flags},
        kReasonPass);
  }
  expect(kFromClient / IPv4{.src = kClient, .dst = kVip, .ttl = 1} / TCP{.dport = kOpen, .flags = kSyn}, kReasonPass);
}

TEST_P(Proxied, AC02_AC05_TheWhitelistIsJudgedForEverySegment) {
  for (const uint8_t flags : {kSyn, kAck}) {
    expect(kFromClient / IPv4{.src = kClient, .dst = kVip} / TCP{.dport = kListed, .flags = flags}, kReasonPass);
    expect(kFromClient / IPv4{.src = kElsewhere, .dst = kVip} / TCP{.dport = kListed, .flags = flags},
           ELB_REASON_NOT_ALLOWED);
    expect(kFromClient / IPv6{.src = kClient6, .dst = kVip6} / TCP{.dport = kListed, .flags = flags},
           ELB_REASON_NOT_ALLOWED);
  }
}

TEST_P(Proxied, BrokenOrForgedPacketsDoNotReachIt) {
  expect(kFromClient / IPv4{.src = "127.0.0.1", .dst = kVip} / TCP{.dport = kOpen, .flags = kSyn},
         ELB_REASON_BAD_SOURCE);
  expect(kFromClient / IPv4{.src = kVip, .dst = kVip} / TCP{.dport = kOpen, .flags = kSyn}, ELB_REASON_BAD_SOURCE);
  expect(kFromClient / IPv4{.src = kClient, .dst = kVip} / UDP{.dport = kOpen}, ELB_REASON_NO_LISTENER);
}

TEST_P(Proxied, ErrorsAboutItsConnectionsAreTheStacks) {
  const auto quote = [](const Bytes& whole) { return Payload{Bytes(whole.begin() + 14, whole.end())}; };
  const Bytes sent = Ethernet{} / IPv4{.src = kVip, .dst = kClient} / TCP{.sport = kOpen, .dport = 40000};
  const Bytes not_ours = Ethernet{} / IPv4{.src = kVip, .dst = kClient} / TCP{.sport = kPlain, .dport = 40000};
  const Bytes sent6 = Ethernet{} / IPv6{.src = kVip6, .dst = kClient6} / TCP{.sport = kOpen, .dport = 40000};
  const Bytes not_ours6 = Ethernet{} / IPv6{.src = kVip6, .dst = kClient6} / TCP{.sport = kSix, .dport = 40000};
  const IPv4 error{.src = kRouter, .dst = kVip};
  const IPv6 error6{.src = kRouter6, .dst = kVip6};
  expect(kFromClient / error / ICMP{3, 4, 1300} / quote(sent), kReasonPass);
  expect(kFromClient / error6 / ICMPv6{.type = 2, .code = 0, .word = 1300} / quote(sent6), kReasonPass);
  expect(kFromClient / error / ICMP{3, 4, 1300} / quote(not_ours), ELB_REASON_ICMP_STRAY);
  expect(kFromClient / error6 / ICMPv6{.type = 2, .code = 0, .word = 1300} / quote(not_ours6), ELB_REASON_ICMP_STRAY);
}

}  // namespace
}  // namespace elb::test
