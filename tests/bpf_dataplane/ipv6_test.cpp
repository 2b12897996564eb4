// SPDX-License-Identifier: Apache-2.0
// Shows: HC-17.
// The node's IPv6 network: its own address on lo, routes and neighbours of IPv6 members.
#include "bpf_dataplane/dataplane_fixture.h"
#include "dataplane/routes.h"

namespace elb::dataplane {
namespace {

class Ipv6Test : public DataplaneTest {
 protected:
  void SetUp() override {
    DataplaneTest::SetUp();
    if (IsSkipped()) return;
    options.local_addresses6 = *Cidr::parse("fd00:100:125::/112");
    for (const auto& [host, number] : {std::pair{"client", 1}, {"member", 2}}) lab->add_ipv6(host, number);
  }
  IpAddress address6(int number) { return *IpAddress::parse(fmt::format("fd00:{}::2", number)); }
};

TEST_F(Ipv6Test, TheNodesOwnAddressIsOnLoopbackAndComesBack) {
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_THAT(lab->run("ip -6 addr show dev lo"), HasSubstr("fd00:100:125::1/128"));
  lab->run("ip -6 addr del fd00:100:125::1/128 dev lo");
  EXPECT_THAT(audit().findings, Contains(HasSubstr("fd00:100:125::1 was gone from lo")));
  EXPECT_THAT(lab->run("ip -6 addr show dev lo"), HasSubstr("fd00:100:125::1/128"));
}

TEST_F(Ipv6Test, RoutesAndNeighbours) {
  auto routes = Routes::open();
  ASSERT_TRUE(routes);
  const uint32_t ifindex = if_nametoindex("elb-member");
  const auto direct = routes->route_to(address6(2));
  ASSERT_TRUE(direct) << direct.error().to_string();
  EXPECT_EQ(direct->ifindex, ifindex);
  EXPECT_EQ(direct->neighbour, address6(2));
  EXPECT_EQ(routes->route_to(*IpAddress::parse("2001:db8::9")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(routes->route_to(*IpAddress::parse("fd00:2::1")).error().code, ErrorCode::kNotFound) << "the node's own";
  lab->run("ip -6 route add 2001:db8::/64 via fd00:2::2 mtu 1280 && ip route add 198.51.100.0/24 via inet6 fd00:2::2");
  const auto behind = routes->route_to(*IpAddress::parse("2001:db8::9"));
  ASSERT_TRUE(behind) << behind.error().to_string();
  EXPECT_EQ(behind->neighbour, address6(2));
  EXPECT_EQ(behind->mtu, 1280U);
  const auto mixed = routes->route_to(*IpAddress::parse("198.51.100.9"));
  ASSERT_TRUE(mixed) << mixed.error().to_string();
  EXPECT_EQ(mixed->neighbour, address6(2)) << "an IPv4 route by an IPv6 gateway";

  ASSERT_TRUE(routes->manage_neighbour(ifindex, address6(2)));
  EXPECT_TRUE(soon([&] {
    const auto neighbour = routes->neighbour(ifindex, address6(2));
    return neighbour && *neighbour && (*neighbour)->mac;
  }));
  EXPECT_THAT(lab->run("ip -6 neigh show dev elb-member"), HasSubstr("managed"));
  ASSERT_TRUE(routes->release_neighbour(ifindex, address6(2)));
  EXPECT_THAT(lab->run("ip -6 neigh show dev elb-member"), testing::Not(HasSubstr("managed")));
}

}  // namespace
}  // namespace elb::dataplane
