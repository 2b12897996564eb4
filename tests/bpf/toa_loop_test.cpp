// SPDX-License-Identifier: Apache-2.0
// Shows: MB-09.
// MB-09: a host is not client and member at a time where members are told their clients: dropped, counted, nothing
// kept.
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "bpf/world6.h"

namespace elb::test {
namespace {

constexpr uint32_t kDrop = XDP_DROP;  // tc's verdicts are told as XDP's

class ToaLoop : public testing::TestWithParam<Hook> {
 protected:
  void SetUp() override { ASSERT_TRUE(bed.runner.ok()); }
  RunResult open4(const char* client, uint16_t port, uint16_t sport = 40000) {
    const Bytes syn =
        kFromClient / IPv4{.src = client, .dst = kVip} / TCP{.sport = sport, .dport = port, .flags = kSyn};
    return bed.runner.run(syn);
  }
  RunResult open6(const char* client, uint16_t port) {
    const Bytes syn = kFromClient / IPv6{.src = client, .dst = kVip6} / TCP{.dport = port, .flags = kSyn};
    return bed.runner.run(syn);
  }
  uint64_t loops() const { return bed.runner.reason(ELB_REASON_TOA_LOOP); }
  uint32_t listener_of(const char* vip, uint16_t port) const {
    const ModelAddress address = std::string_view(vip).find(':') == std::string_view::npos
                                     ? ModelAddress(ntohl(Ipv4Address(vip).be))
                                     : ModelAddress(Ipv6Address(vip));
    return bed.config.listeners.at({address, port, 6});
  }
  void expect_nothing_kept(uint32_t listener) {
    EXPECT_EQ(bed.runner.cursor(listener).active, 0u);
    EXPECT_EQ(bed.runner.load(listener * 10), 0u);
    EXPECT_EQ(bed.runner.refused(listener), 1u) << "counted against the listener";
  }
  Testbed bed{options6(GetParam()), world6()};
};

INSTANTIATE_TEST_SUITE_P(Hooks, ToaLoop, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(ToaLoop, MB09_AMemberIsNotItsOwnClient) {
  EXPECT_EQ(open4(kMember4, kToa).verdict, kDrop);
  EXPECT_EQ(loops(), 1u);
  EXPECT_EQ(bed.runner.reason(ELB_REASON_RESET_SENT), 0u) << "its retry may meet another member";
  expect_nothing_kept(listener_of(kVip, kToa));
  EXPECT_NE(open4("10.0.0.12", kToa).verdict, kDrop) << "another host of the members' network";
  EXPECT_NE(open4(kClient, kToa).verdict, kDrop);
  EXPECT_EQ(loops(), 1u);
}

TEST_P(ToaLoop, MB09_NeitherByIPv6) {
  EXPECT_EQ(open6(kMember6, kToaSix).verdict, kDrop);
  EXPECT_EQ(loops(), 1u);
  expect_nothing_kept(listener_of(kVip6, kToaSix));
  for (const auto& [client, port] : std::initializer_list<std::pair<const char*, uint16_t>>{
           {"2001:db8:2::12", kToaSix}, {"2001:db8:3::11", kToaSix}, {kMember6, kToaFour}})
    EXPECT_NE(open6(client, port).verdict, kDrop) << client;
  EXPECT_EQ(loops(), 1u);
}

TEST_P(ToaLoop, MB09_WithoutToaAHostMayBeBoth) {
  for (uint16_t sport = 1; sport <= 3; sport++)
    EXPECT_NE(open4(kMember4, kPlain, sport).verdict, kDrop) << "one of the three is itself";
  EXPECT_NE(open6(kMember6, kSix3).verdict, kDrop);
  EXPECT_EQ(loops(), 0u);
}

/// TOA may be switched on while a member is its own client: that connection lives, its next one does not.
TEST_P(ToaLoop, MB09_AnOpenConnectionIsNotAskedAgain) {
  const uint32_t listener = listener_of(kVip, kToa);
  bed.runner.set_policy(listener, elb_policy{});
  EXPECT_NE(open4(kMember4, kToa).verdict, kDrop);
  elb_policy told{};
  told.flags = ELB_POLICY_TOA;
  bed.runner.set_policy(listener, told);
  EXPECT_NE(open4(kMember4, kToa).verdict, kDrop);
  EXPECT_EQ(open4(kMember4, kToa, 40001).verdict, kDrop);
  EXPECT_EQ(loops(), 1u);
}

/// Round robin goes on, so the retry meets the other member.
TEST_P(ToaLoop, MB09_ARetryMeetsAnotherMember) {
  const uint32_t listener = listener_of(kVip, kToa);
  bed.runner.set_member(listener * 10 + 1, Ipv4Address("10.0.0.12"), kMemberPort, 1, listener);
  bed.runner.set_ring(listener, {listener * 10, listener * 10 + 1});
  int dropped = 0;
  for (int i = 0; i < 2; i++) dropped += open4(kMember4, kToa).verdict == kDrop;
  EXPECT_EQ(dropped, 1);
  EXPECT_EQ(bed.runner.cursor(listener).active, 1u);
}

}  // namespace
}  // namespace elb::test
