// SPDX-License-Identifier: Apache-2.0
// Shows: MB-06.
// Connections through the node, and what is told about them.
#include <arpa/inet.h>
#include <sys/socket.h>

#include "bpf_dataplane/dataplane_fixture.h"

namespace elb::dataplane {
namespace {

TEST_F(DataplaneTest, BalancesTcpFromAClientToAMember) {
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_THAT(dataplane->adopted_members(), IsEmpty());
  EXPECT_GT(apply(snapshot()), 0U);
  EXPECT_EQ(apply(snapshot()), 0U) << "nothing changed";
  const Fd listener = lab->listen("member", kMemberPort);
  const auto connection = open_connection(listener);
  ASSERT_TRUE(echoes(connection, "hello"));

  const auto page = dataplane->flows({});
  ASSERT_EQ(page.flows.size(), 1U);
  const auto& flow = page.flows[0];
  EXPECT_EQ(flow.client.address, lab->address("client"));
  EXPECT_EQ(flow.vip, kVip);
  EXPECT_EQ(flow.member, (Endpoint{lab->address("member"), kMemberPort}));
  EXPECT_TRUE(options.local_addresses.contains(flow.local.address));
  EXPECT_NE(flow.local.address, options.host_address());
  EXPECT_EQ(flow.listener_id, listener_id(1));
  EXPECT_EQ(flow.member_id, member_id(1));
  EXPECT_EQ(flow.state, "established");
  EXPECT_LE(flow.idle_s, 2);
  EXPECT_GE(flow.packets_in, 3U);
  EXPECT_GE(flow.packets_out, 2U);
  EXPECT_EQ(page.used, 2U);

  EXPECT_TRUE(soon([&] { return dataplane->member_traffic(member_id(1))->active == 1; })) << "counted by the sweep";
  const auto traffic = dataplane->listener_traffic(listener_id(1));
  ASSERT_TRUE(traffic);
  EXPECT_EQ(traffic->connections, 1U);
  EXPECT_TRUE(soon([&] {  // the client's last ACK may come between the two looks
    const auto counted = dataplane->listener_traffic(listener_id(1));
    const auto later = dataplane->flows({});
    return counted && later.flows.size() == 1 && counted->packets_in == later.flows[0].packets_in &&
           counted->bytes_out == later.flows[0].bytes_out;
  }));
  EXPECT_EQ(traffic->refused, 0U);
  EXPECT_EQ(dataplane->listener_traffic(listener_id(2)), std::nullopt);
}

TEST_F(DataplaneTest, BalancesUdp) {
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot(1, model::Protocol::kUdp));
  const Fd member = lab->udp("member", kMemberPort);
  const Fd client = lab->udp("client", 5353);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = kVip.address.v4_be();
  to.sin_port = htons(kVip.port);
  ASSERT_EQ(sendto(client.get(), "ping", 4, 0, reinterpret_cast<sockaddr*>(&to), sizeof to), 4);
  char text[16];
  sockaddr_in from{};
  socklen_t size = sizeof from;
  ASSERT_EQ(recvfrom(member.get(), text, sizeof text, 0, reinterpret_cast<sockaddr*>(&from), &size), 4) << drops();
  ASSERT_EQ(sendto(member.get(), "pong", 4, 0, reinterpret_cast<sockaddr*>(&from), size), 4);
  EXPECT_EQ(receive(client), "pong") << drops();
  EXPECT_EQ(dataplane->flows({}).flows.at(0).protocol, model::Protocol::kUdp);
}

TEST_F(DataplaneTest, MB06_ARemovedMembersConnectionsAreEnded) {
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot(1));
  const Fd listener = lab->listen("member", kMemberPort);
  const auto connection = open_connection(listener);
  ASSERT_TRUE(echoes(connection, "one"));
  const uint64_t in = dataplane->listener_traffic(listener_id(1))->packets_in;
  apply(snapshot(0));
  EXPECT_TRUE(soon([&] { return dataplane->flows({}).flows.empty(); })) << "ended within the next sweep";
  const auto was_reset = [](const Fd& end) {
    char byte = 0;
    return soon([&] { return recv(end.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET; });
  };
  EXPECT_TRUE(was_reset(connection.first)) << "the client is told";
  EXPECT_TRUE(was_reset(connection.second)) << "and the member";
  EXPECT_GE(dataplane->listener_traffic(listener_id(1))->packets_in, in) << "the listener's sum does not fall";
  EXPECT_EQ(dataplane->member_traffic(member_id(1)), std::nullopt);
}

TEST_F(DataplaneTest, IdleConnectionsEndAfterTheirTime) {
  options.times.udp_idle_s = 1;
  options.times.port_rest_s = 1;
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot(1, model::Protocol::kUdp));
  const Fd client = lab->udp("client", 5353);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = kVip.address.v4_be();
  to.sin_port = htons(kVip.port);
  ASSERT_EQ(sendto(client.get(), "ping", 4, 0, reinterpret_cast<sockaddr*>(&to), sizeof to), 4);
  EXPECT_TRUE(soon([&] { return dataplane->flows({}).used == 2; })) << drops();
  EXPECT_TRUE(soon([&] { return dataplane->flows({}).flows.empty(); }));
  EXPECT_TRUE(soon([&] { return dataplane->flows({}).used == 0; })) << "its local port rests and is free again";
}

TEST_F(DataplaneTest, AMembersNewMacIsFollowed) {
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot());
  const Fd listener = lab->listen("member", kMemberPort);
  const auto connection = open_connection(listener);
  ASSERT_TRUE(echoes(connection, "one"));
  lab->run_in("member", "ip link set eth0 address 02:00:00:00:00:99 && arping -q -U -c 1 -I eth0 10.1.2.2 || true");
  lab->run("ip neigh flush dev elb-member || true");  // gives up when the agent asks again faster than it flushes
  EXPECT_TRUE(soon([&] { return echoes(connection, "x"); })) << "the open connection goes to the new MAC";
  const Fd hops(bpf_obj_get(fmt::format("{}/{}", kPins, ELB_MAP_HOPS).c_str()));
  const uint32_t one = 1;
  elb_hop hop{};
  ASSERT_EQ(bpf_map_lookup_elem(hops.get(), &one, &hop), 0);
  EXPECT_EQ(hop.dest_mac[5], 0x99);
  EXPECT_EQ(hop.ifindex, if_nametoindex("elb-member"));
}

TEST_F(DataplaneTest, AMembersMovedRouteIsFollowed) {
  lab->add_host("router", 3);
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot());
  const Fd hops(bpf_obj_get(fmt::format("{}/{}", kPins, ELB_MAP_HOPS).c_str()));
  const auto leaves_by = [&](const std::string& host) {
    const uint32_t one = 1;
    elb_hop hop{};
    return bpf_map_lookup_elem(hops.get(), &one, &hop) == 0 && hop.valid != 0 &&
           hop.ifindex == if_nametoindex(Lab::interface(host).c_str());
  };
  EXPECT_TRUE(leaves_by("member"));
  lab->run("ip route add 10.1.2.2/32 via 10.1.3.2");
  EXPECT_TRUE(soon([&] { return leaves_by("router"); }));
}

}  // namespace
}  // namespace elb::dataplane
