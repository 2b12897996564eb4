// SPDX-License-Identifier: Apache-2.0
#include "dataplane/hop_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/fake_map_port.h"

namespace elb::dataplane {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

elb_hop hop(uint8_t last_byte) {
  elb_hop value{};
  value.dest_mac[5] = last_byte;
  value.ifindex = 3;
  value.valid = 1;
  return value;
}

TEST(HopTables, WritesOnlyWhatDiffers) {
  test::FakeMapPort port;
  HopTables tables(port);
  ASSERT_TRUE(tables.set_hop(1, hop(1)));
  ASSERT_TRUE(tables.set_hop(1, hop(1)));
  ASSERT_TRUE(tables.set_hop(2, elb_hop{}));  // absent already
  ASSERT_TRUE(tables.set_link(3, elb_link{}));
  ASSERT_TRUE(tables.set_link(3, elb_link{}));
  ASSERT_TRUE(tables.set_tx_ports({3, 4}));
  ASSERT_TRUE(tables.set_tx_ports({4, 5}));
  EXPECT_THAT(port.log, ElementsAre("put hop 1", "put link 3", "put tx 3", "put tx 4", "put tx 5", "erase tx 3"));
  EXPECT_EQ(tables.writes(), 6U);
}

TEST(HopTables, AChangedMacIsOneWrite) {
  test::FakeMapPort port;
  HopTables tables(port);
  ASSERT_TRUE(tables.set_hop(1, hop(1)));
  port.take_log();
  ASSERT_TRUE(tables.set_hop(1, hop(2)));
  EXPECT_THAT(port.log, ElementsAre("put hop 1"));
  EXPECT_EQ(port.hops[1].dest_mac[5], 2);
}

TEST(HopTables, StartsFromWhatAnEarlierAgentWrote) {
  test::FakeMapPort port;
  port.hops = {{1, hop(1)}, {9, hop(9)}};
  port.links[3] = elb_link{};
  port.tx_ports = {3};
  HopTables tables(port);
  ASSERT_TRUE(tables.load());
  ASSERT_TRUE(tables.set_hop(1, hop(1)));
  ASSERT_TRUE(tables.set_tx_ports({3}));
  EXPECT_THAT(port.log, IsEmpty());
  ASSERT_TRUE(tables.keep_only({1}, {}));
  EXPECT_THAT(port.log, ElementsAre("put hop 9", "erase link 3"));
  EXPECT_TRUE(same(port.hops[9], elb_hop{}));
}

TEST(HopTables, AnAuditRepairsAndDescribesDrift) {
  test::FakeMapPort port;
  HopTables tables(port);
  ASSERT_TRUE(tables.set_hop(1, hop(1)));
  ASSERT_TRUE(tables.set_hop(2, hop(2)));
  ASSERT_TRUE(tables.set_link(3, elb_link{}));
  ASSERT_TRUE(tables.set_tx_ports({3}));
  model::Audit clean;
  ASSERT_TRUE(tables.audit(clean));
  EXPECT_EQ(clean.repaired, 0U);
  EXPECT_EQ(clean.checked, 4U);

  port.hops[1].dest_mac[0] = 0xEE;
  port.hops.erase(2);
  port.hops[7] = hop(7);
  port.links.clear();
  port.tx_ports = {8};
  model::Audit audit;
  ASSERT_TRUE(tables.audit(audit));
  EXPECT_EQ(audit.repaired, 6U);
  EXPECT_THAT(audit.findings, testing::Contains(HasSubstr("next hop 1 was changed")));
  EXPECT_THAT(audit.findings, testing::Contains(HasSubstr("next hop 2 was missing")));
  EXPECT_THAT(audit.findings, testing::Contains(HasSubstr("redirect port 8 was in the kernel and is not ours")));
  EXPECT_TRUE(same(port.hops[1], hop(1)));
  EXPECT_TRUE(same(port.hops[2], hop(2)));
  EXPECT_TRUE(same(port.hops[7], elb_hop{}));
  EXPECT_EQ(port.tx_ports, std::set<uint32_t>{3});
  EXPECT_EQ(port.links.size(), 1U);
}

}  // namespace
}  // namespace elb::dataplane
