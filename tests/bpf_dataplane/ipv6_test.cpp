// SPDX-License-Identifier: Apache-2.0
// Shows: HC-17, MB-06, LS-12.
// The node's IPv6 network: its own address on lo, routes and neighbours of IPv6 members.
#include "bpf_dataplane/dataplane_fixture.h"
#include "dataplane/routes.h"

namespace elb::dataplane {
namespace {

const Endpoint kVip6{*IpAddress::parse("2001:db8::10"), 80};

class Ipv6Test : public DataplaneTest {
 protected:
  void SetUp() override {
    DataplaneTest::SetUp();
    if (IsSkipped()) return;
    options.local_addresses6 = *Cidr::parse("fd00:100:125::/112");
    for (const auto& [host, number] : {std::pair{"client", 1}, {"member", 2}}) lab->add_ipv6(host, number);
  }
  /// Listener 1 at an IPv6 VIP, one member at `address` of host "member".
  model::SnapshotPtr snapshot6(const IpAddress& member, model::Protocol protocol = model::Protocol::kTcp) {
    auto built = *snapshot(1, protocol);
    built.vips = {kVip6.address};
    built.listeners[0].vip = kVip6;
    built.pools[0].members[0].endpoint = {member, kMemberPort};
    return std::make_shared<const model::Snapshot>(std::move(built));
  }
  void connection_to(const IpAddress& member) {
    ASSERT_NO_FATAL_FAILURE(start());
    apply(snapshot6(member));
    const Fd listener = lab->listen("member", kMemberPort);
    const Fd client = lab->connect("client", kVip6);
    ASSERT_TRUE(client) << drops();
    const std::pair connection{client.get(), accept_one(listener)};
    ASSERT_TRUE(connection.second);
    const auto echoed = [&](const std::string& text) {
      return send_text(client, text) && receive(connection.second) == text &&
             send_text(connection.second, text + "!") && receive(client) == text + "!";
    };
    EXPECT_TRUE(echoed("hello")) << drops();
    const auto flows = dataplane->flows({}).flows;
    ASSERT_EQ(flows.size(), 1U);
    EXPECT_EQ(flows[0].client.address, address6(1));
    EXPECT_EQ(flows[0].vip, kVip6);
    EXPECT_EQ(flows[0].member, (Endpoint{member, kMemberPort}));
    EXPECT_TRUE(
        (member.is_v4() ? options.local_addresses : *options.local_addresses6).contains(flows[0].local.address));
    EXPECT_EQ(flows[0].state, "established");
    EXPECT_EQ(dataplane->flows({.client = address6(1)}).matched, 1U);

    dataplane.reset();
    EXPECT_TRUE(echoed("while no agent runs"));
    ASSERT_NO_FATAL_FAILURE(start());
    apply(snapshot6(member));
    EXPECT_TRUE(echoed("under the next agent")) << drops();
    EXPECT_EQ(dataplane->flows({}).flows.size(), 1U);
  }
  /// The member goes: both ends are told at once (MB-06, LS-12).
  void removal_resets(const IpAddress& member) {
    ASSERT_NO_FATAL_FAILURE(start());
    apply(snapshot6(member));
    const Fd listener = lab->listen("member", kMemberPort);
    const Fd client = lab->connect("client", kVip6);
    ASSERT_TRUE(client) << drops();
    const Fd accepted = accept_one(listener);
    ASSERT_TRUE(accepted);
    ASSERT_TRUE(send_text(client, "one") && receive(accepted) == "one" && send_text(accepted, "two"));
    ASSERT_EQ(receive(client), "two") << drops();
    auto emptied = *snapshot6(member);
    emptied.pools[0].members.clear();
    apply(std::make_shared<const model::Snapshot>(std::move(emptied)));
    for (const Fd* end : {&client, &accepted}) {
      char byte = 0;
      EXPECT_TRUE(soon([&] { return recv(end->get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET; }))
          << (end == &client ? "client " : "member ") << drops();
    }
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

TEST_F(Ipv6Test, ConnectionToAnIpv6MemberSurvivesTheAgent) { connection_to(address6(2)); }

TEST_F(Ipv6Test, ConnectionToAnIpv4MemberSurvivesTheAgent) { connection_to(lab->address("member")); }

TEST_F(Ipv6Test, MB06_ARemovedIpv6MembersConnectionsAreReset) { removal_resets(address6(2)); }

TEST_F(Ipv6Test, MB06_ARemovedIpv4MembersConnectionsAreReset) { removal_resets(lab->address("member")); }

/// Neighbours ask for the VIP and for local addresses by multicast; nothing of the kernel's would answer. Whether the
/// answer arrives is not seen here: a veth hands a turned frame on only to a peer with an XDP program of its own.
TEST_F(Ipv6Test, NeighboursAreAnswered) {
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot6(address6(2)));
  const auto answered = [&] {
    for (const auto& drop : dataplane->drops())
      if (drop.reason == "nd_answered") return drop.packets;
    return uint64_t{0};
  };
  lab->run_in("client", "ip -6 route add 2001:db8::10/128 dev eth0");
  lab->connect("client", kVip6);
  EXPECT_GE(answered(), 1U) << drops();
  const uint64_t before = answered();
  lab->run_in("member", "ip -6 route add fd00:100:125::/112 dev eth0");
  lab->connect("member", {*IpAddress::parse("fd00:100:125::1"), 9});
  EXPECT_GT(answered(), before) << drops();
}

}  // namespace
}  // namespace elb::dataplane
