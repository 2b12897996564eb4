// SPDX-License-Identifier: Apache-2.0
// NextHops against the real netlink of this host (read only) and fake maps.
#include "dataplane/next_hops.h"

#include <gtest/gtest.h>

#include "harness/fake_map_port.h"

namespace elb::dataplane {
namespace {

constexpr uint32_t kLoopback = 1;

// Found by the quick start: a restarted agent emptied elb_tx_ports before it knew its interfaces, so redirected packets
// of live connections were dropped with no_hop.
TEST(NextHops, RestartKeepsRedirectTargetsUntilTheFirstSnapshot) {
  SystemClock clock;
  test::FakeMapPort port;
  port.tx_ports = {kLoopback};  // as the agent before left it
  auto hops = NextHops::start(port, clock);
  ASSERT_TRUE(hops) << hops.error().to_string();
  ASSERT_TRUE((*hops)->attach({}));
  EXPECT_EQ(port.tx_ports, std::set<uint32_t>{kLoopback});
  EXPECT_EQ(port.take_log(), std::vector<std::string>{});

  ASSERT_TRUE((*hops)->want({}));  // the first snapshot: now it is known that nobody needs it
  EXPECT_TRUE(port.tx_ports.empty());
}

}  // namespace
}  // namespace elb::dataplane
