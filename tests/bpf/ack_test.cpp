// SPDX-License-Identifier: Apache-2.0
// The acknowledgement that a connection's entries keep: a reset towards the other end takes its number from there, and
// an end ignores one with an old number. Segments of a connection may overtake each other, on their way or between
// CPUs.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "bpf/testbed.h"

namespace elb::test {
namespace {

class Ack : public testing::TestWithParam<Hook> {
 protected:
  void SetUp() override { ASSERT_TRUE(bed.runner.ok()); }
  /// What is kept of the client after a segment of its with this number.
  uint32_t kept_after(uint32_t ack, uint8_t flags = kAck) {
    const Bytes segment = Ethernet{.dst = kOwnMac, .src = kClientMac} / IPv4{.src = kClient, .dst = kVip} /
                          TCP{.dport = kPlain, .ack = ack, .flags = flags};
    bed.runner.run(segment);
    const elb_table table = bed.runner.table();
    for (uint32_t slot = 0; slot <= table.mask; slot++) {
      const elb_flow* flow = elb_table_slot(&table, slot);
      if (elb_flow_phase(flow->ctl) == ELB_LIVE && (flow->ctl & ELB_FLOW_REVERSE) == 0) return ntohl(flow->ack);
    }
    ADD_FAILURE() << "no connection";
    return 0;
  }
  Testbed bed{RunnerOptions{.hook = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(Hooks, Ack, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(Ack, AnOvertakenSegmentDoesNotTakeItBack) {
  EXPECT_EQ(kept_after(0, kSyn), 0u);
  EXPECT_EQ(kept_after(1000), 1000u);
  EXPECT_EQ(kept_after(900), 1000u);
  EXPECT_EQ(kept_after(1100), 1100u);
}

TEST_P(Ack, NumbersWrap) {
  kept_after(0, kSyn);
  EXPECT_EQ(kept_after(0xfffffff0), 0xfffffff0u);
  EXPECT_EQ(kept_after(0x10), 0x10u);
  EXPECT_EQ(kept_after(0xfffffff8), 0x10u);
}

TEST_P(Ack, AConnectionOpenedAnewBeginsAnew) {
  kept_after(0, kSyn);
  EXPECT_EQ(kept_after(1000), 1000u);
  kept_after(1000, kAck | kFin);
  EXPECT_EQ(kept_after(0, kSyn), 0u);
  EXPECT_EQ(kept_after(500), 500u);
}

}  // namespace
}  // namespace elb::test
