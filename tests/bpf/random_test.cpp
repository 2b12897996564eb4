// SPDX-License-Identifier: Apache-2.0
// The program against the model, packet by packet of IPv4 (bpf/random_packets.h).
#include "bpf/random_packets.h"

namespace elb::test {
namespace {

class RandomPackets4 : public RandomPackets {
 protected:
  RandomPackets4() : RandomPackets({.hook = GetParam(), .flow_slots = 1 << 16}, admission_world()) {}
};

INSTANTIATE_TEST_SUITE_P(Hooks, RandomPackets4, testing::Values(Hook::kXdp, Hook::kTc), hook_name);

TEST_P(RandomPackets4, AgreeWithTheModel) {
  ASSERT_TRUE(bed.runner.ok());
  const uint64_t seed = from_env("ELB_SEED", 1), packets = from_env("ELB_PACKETS", 150000);
  std::printf("ELB_SEED=%lu ELB_PACKETS=%lu\n", seed, packets);
  Generator generator(seed);
  run(generator, seed, packets);
  if (HasFatalFailure()) return;
  expect_reasons_but({ELB_REASON_TABLE_FULL, ELB_REASON_NO_PORT, ELB_REASON_RACE, ELB_REASON_NO_HEADROOM,
                      ELB_REASON_NOT_ALLOWED, ELB_REASON_CONNECTION_LIMIT, ELB_REASON_BANDWIDTH, ELB_REASON_TABLE_SHARE,
                      ELB_REASON_RATE_GUARD, ELB_REASON_ND_ANSWERED, ELB_REASON_IP6_EXTENSION,
                      ELB_REASON_NO_UDP_CHECKSUM});
}

}  // namespace
}  // namespace elb::test
