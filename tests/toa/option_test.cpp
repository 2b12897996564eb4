// SPDX-License-Identifier: Apache-2.0
// Shows: CA-02, CA-04.
// Which connections have their client's address, and which have the address they came from: by the segment that carries
// the option, by address family, by what the option looks like, and by who sent it.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "elb/toa.h"
#include "toa/means.h"
#include "toa/member.h"

namespace elb::test {
namespace {

const Endpoint kClient = endpoint("203.0.113.7", 4321);
const Endpoint kClient6 = endpoint("2001:db8::5", 77);

enum class Sees { kItsClient, kItsClientMapped, kBalancer };

struct Case {
  const char* name;
  Opening opening;
  Sees sees;
  Endpoint client = kClient;
};
void PrintTo(const Case& value, std::ostream* out) { *out << value.name; }

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}
Opening from(const char* local, uint16_t port, Bytes option) {
  return {.from = endpoint(local, 0), .to_port = port, .option = std::move(option)};
}
/// The option on other segments than the ACK that completes the handshake.
Opening on(const char* segments, Opening opening) {
  const std::string_view names = segments;
  opening.on_syn = names.find("syn") != names.npos;
  opening.on_ack = names.find("ack") != names.npos;
  opening.on_data = names.find("data") != names.npos;
  opening.ack_lost = names.find("lost") != names.npos;
  return opening;
}

Endpoint mapped(const Endpoint& v4) {
  std::array<uint8_t, 16> bytes{};
  bytes[10] = bytes[11] = 0xff;
  std::copy_n(v4.address.bytes().begin(), 4, bytes.begin() + 12);
  return {IpAddress::from_v6(bytes), v4.port};
}

/// What the server must see of a connection that came from `from`.
Endpoint wanted(const Case& test, const Endpoint& from) {
  if (means().honours() && test.sees == Sees::kItsClient) return test.client;
  if (means().honours() && test.sees == Sees::kItsClientMapped) return mapped(test.client);
  return test.opening.to_port == kPort6 && from.address.is_v4() ? mapped(from) : from;
}

void expect_seen(const Case& test) {
  Opening opening = test.opening;
  opening.from = next_local(opening.from.address.to_string().c_str());
  auto opened = open_and_accept(opening);
  if (!opened) return;
  EXPECT_EQ(opened->seen.accepted, wanted(test, opening.from));
  EXPECT_EQ(peer_of(opened->seen.socket.get()), wanted(test, opening.from));
  peer().reset(opened->connection);
}

const Bytes kOption = toa_option(kClient);
const Bytes kOption6 = toa_option(kClient6);
const Bytes kStamp = {1, 1, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0};

const std::vector<Case> kHandshakes = {
    {"OnTheAck", from(kLocal, kPort4, kOption), Sees::kItsClient},
    {"NoOption", from(kLocal, kPort4, {}), Sees::kBalancer},
    {"OnTheSynOnly", on("syn", from(kLocal, kPort4, kOption)), Sees::kBalancer},
    {"OnEverySegment", on("syn ack data", from(kLocal, kPort4, kOption)), Sees::kItsClient},
    {"AckLostAndOnTheData", on("lost data", from(kLocal, kPort4, kOption)), Sees::kItsClient},
    {"AckLostAndNotOnTheData", on("lost", from(kLocal, kPort4, kOption)), Sees::kBalancer},
    {"AfterTheHandshakeOnly", on("data", from(kLocal, kPort4, kOption)), Sees::kBalancer},
    {"DualStack", from(kLocal, kPort6, kOption), Sees::kItsClientMapped},
    {"DualStackNoOption", from(kLocal, kPort6, {}), Sees::kBalancer},
    {"Ipv6", from(kLocal6, kPort6, kOption6), Sees::kItsClient, kClient6},
    {"Ipv6NoOption", from(kLocal6, kPort6, {}), Sees::kBalancer},
    {"Ipv6AckLostAndOnTheData", on("lost data", from(kLocal6, kPort6, kOption6)), Sees::kItsClient, kClient6},
    {"Ipv6OnTheSynOnly", on("syn", from(kLocal6, kPort6, kOption6)), Sees::kBalancer},
    {"Ipv4ClientOnIpv6Leg", from(kLocal6, kPort6, kOption), Sees::kItsClientMapped},
    {"Nat64", from(kLocal, kPort6, kOption6), Sees::kItsClient, kClient6},
    // an AF_INET socket has no room for the client's address
    {"Nat64OnAnIpv4Socket", from(kLocal, kPort4, kOption6), Sees::kBalancer},
};

const std::vector<Case> kShapes = {
    {"BehindNops", from(kLocal, kPort4, Bytes{1, 1} + kOption), Sees::kItsClient},
    {"BehindATimestamp", from(kLocal, kPort4, kStamp + kOption), Sees::kItsClient},
    {"Doubled", from(kLocal, kPort4, kOption + toa_option(endpoint("198.51.100.1", 9))), Sees::kItsClient},
    {"All40Bytes", from(kLocal, kPort4, kStamp + Bytes(20, 1) + kOption), Sees::kItsClient},
    {"All40Bytes6", from(kLocal6, kPort6, kStamp + Bytes(8, 1) + kOption6), Sees::kItsClient, kClient6},
    {"DoubledInAll40Bytes", from(kLocal6, kPort6, kOption6 + toa_option(endpoint("2001:db8::bad", 9))),
     Sees::kItsClient, kClient6},
    {"LengthZero", from(kLocal, kPort4, Bytes{254, 0, 16, 225, 203, 0, 113, 7} + kOption), Sees::kBalancer},
    {"LengthOne", from(kLocal, kPort4, Bytes{254, 1, 16, 225, 203, 0, 113, 7} + kOption), Sees::kBalancer},
    {"OfAnotherLength", from(kLocal, kPort4, Bytes{254, 4, 16, 225} + kOption), Sees::kItsClient},
    {"OfAnotherLengthAlone", from(kLocal, kPort4, {254, 12, 16, 225, 203, 0, 113, 7, 0, 0, 0, 0}), Sees::kBalancer},
    {"PastTheHeader", from(kLocal, kPort4, {254, 8, 16, 225}), Sees::kBalancer},
    {"PastTheHeader6", from(kLocal6, kPort6, {254, 20, 0, 77, 32, 1, 13, 184}), Sees::kBalancer},
    {"ItsKindTheLastByte", from(kLocal, kPort4, {1, 1, 1, 254}), Sees::kBalancer},
    {"BehindTheEnd", from(kLocal, kPort4, Bytes{0, 0, 0, 0} + kOption), Sees::kBalancer},
    {"BehindAnOptionWithoutLength", from(kLocal, kPort4, Bytes{99, 0, 1, 1} + kOption), Sees::kBalancer},
};

const std::vector<Case> kSenders = {
    {"AStranger", from(kStranger, kPort4, kOption), Sees::kBalancer},
    {"AStrangerOnDualStack", from(kStranger, kPort6, kOption), Sees::kBalancer},
    {"AStranger6", from(kStranger6, kPort6, kOption6), Sees::kBalancer},
    {"AStrangerWhoseAckWasLost", on("lost data", from(kStranger, kPort4, kOption)), Sees::kBalancer},
    {"TheFirstOfTheTrusted", from("100.125.0.0", kPort4, kOption), Sees::kItsClient},
    {"TheLastOfTheTrusted", from("100.125.255.255", kPort4, kOption), Sees::kItsClient},
    {"OneBeforeTheTrusted", from("100.124.255.255", kPort4, kOption), Sees::kBalancer},
    {"OneBehindTheTrusted", from("100.126.0.0", kPort4, kOption), Sees::kBalancer},
    {"TheLastOfTheTrusted6", from("fd64:125:ffff:ffff:ffff:ffff:ffff:ffff", kPort6, kOption6), Sees::kItsClient,
     kClient6},
    {"OneBehindTheTrusted6", from("fd64:126::", kPort6, kOption6), Sees::kBalancer},
};

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

/// Nothing loaded: the control, which shows that the addresses do come from the means.
class ToaWithout : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(unload(), 0); }
};

TEST_F(ToaWithout, ServersSeeTheBalancer) {
  for (const auto& [port, local] : {std::pair{kPort4, kLocal}, {kPort6, kLocal}, {kPort6, kLocal6}})
    expect_seen({"", from(local, port, local == kLocal6 ? kOption6 : kOption), Sees::kBalancer});
}

class Toa : public testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(load(), 0); }
};

TEST_P(Toa, Server) { expect_seen(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Handshake, Toa, testing::ValuesIn(kHandshakes), name_of);
INSTANTIATE_TEST_SUITE_P(Shape, Toa, testing::ValuesIn(kShapes), name_of);
INSTANTIATE_TEST_SUITE_P(Sender, Toa, testing::ValuesIn(kSenders), name_of);

/// Every SYN is answered by a cookie: the request is forgotten, and the ACK makes it anew.
class ToaCookies : public testing::TestWithParam<Case> {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(load(), 0);
    ASSERT_EQ(shell("echo 2 > /proc/sys/net/ipv4/tcp_syncookies").status, 0);
  }
  static void TearDownTestSuite() { EXPECT_EQ(shell("echo 1 > /proc/sys/net/ipv4/tcp_syncookies").status, 0); }
};

TEST_P(ToaCookies, Server) { expect_seen(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Handshake, ToaCookies, testing::ValuesIn(kHandshakes), name_of);

class ToaSocket : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(load(), 0); }
};

// An accepted socket that is disconnected and connected to somebody else has that one as its peer.
TEST_F(ToaSocket, ConnectedAnewHasAnotherPeer) {
  auto opened = open_and_accept({.from = next_local(kLocal), .to_port = kPort4, .option = kOption});
  ASSERT_TRUE(opened);
  const int socket = opened->seen.socket.get();
  ASSERT_EQ(peer_of(socket), means().honours() ? kClient : opened->connection.from);
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  ASSERT_EQ(connect(socket, &nobody, sizeof nobody), 0);
  EXPECT_EQ(peer_of(socket), Endpoint{}) << "of a socket without a peer";
  sockaddr_in6 name{};  // to the other listener of this host
  auto& v4 = reinterpret_cast<sockaddr_in&>(name);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(kPort6);
  v4.sin_addr.s_addr = Ipv4Address(kMember).be;
  ASSERT_EQ(connect(socket, reinterpret_cast<sockaddr*>(&v4), sizeof v4), 0);
  EXPECT_EQ(peer_of(socket), endpoint(kMember, kPort6));
  EXPECT_TRUE(member(kPort6).accept());
}

TEST_F(ToaSocket, HalfClosedStillHasItsClient) {
  auto opened = open_and_accept({.from = next_local(kLocal), .to_port = kPort4, .option = kOption});
  ASSERT_TRUE(opened);
  peer().send(opened->connection, kFin | kAck);
  char byte;
  EXPECT_EQ(recv(opened->seen.socket.get(), &byte, 1, 0), 0);
  EXPECT_EQ(peer_of(opened->seen.socket.get()), means().honours() ? kClient : opened->connection.from);
  peer().reset(opened->connection);
}

// Options of the IP header have the place where toa.ko would keep the client. They win, and nothing breaks.
TEST_F(ToaSocket, IpOptionsSetLaterAreHarmless) {
  auto opened = open_and_accept({.from = next_local(kLocal), .to_port = kPort4, .option = kOption});
  ASSERT_TRUE(opened);
  const int socket = opened->seen.socket.get();
  const uint8_t nops[4] = {1, 1, 1, 1};
  ASSERT_EQ(setsockopt(socket, IPPROTO_IP, IP_OPTIONS, nops, sizeof nops), 0);
  const Endpoint seen = peer_of(socket);
  EXPECT_TRUE(seen == kClient || seen == opened->connection.from) << seen.to_string();
  ASSERT_EQ(setsockopt(socket, IPPROTO_IP, IP_OPTIONS, nullptr, 0), 0);
  peer().reset(opened->connection);
}

TEST_F(ToaSocket, OwnAddressIsLeftAlone) {
  auto opened = open_and_accept({.from = next_local(kLocal), .to_port = kPort4, .option = kOption});
  ASSERT_TRUE(opened);
  sockaddr_in name{};
  socklen_t size = sizeof name;
  ASSERT_EQ(getsockname(opened->seen.socket.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
  EXPECT_EQ(ntohs(name.sin_port), kPort4);
  EXPECT_EQ(name.sin_addr.s_addr, Ipv4Address(kMember).be);
  peer().reset(opened->connection);
}

TEST_F(ToaSocket, WhatHappenedIsCounted) {
  if (means().stats.empty()) return;  // nothing keeps counters
  const auto before = stats();
  expect_seen({"", from(kLocal, kPort4, kOption), Sees::kItsClient});
  expect_seen({"", from(kLocal, kPort4, {}), Sees::kBalancer});
  expect_seen({"", from(kStranger, kPort4, kOption), Sees::kBalancer});
  expect_seen({"", from(kLocal, kPort4, kOption6), Sees::kBalancer});
  auto after = stats();
  const auto more = [&](const char* name) { return after[name] - (before.contains(name) ? before.at(name) : 0); };
  EXPECT_EQ(more("syn_recv_sock_toa"), 2u);
  EXPECT_EQ(more("syn_recv_sock_no_toa"), 1u);
  EXPECT_EQ(more("untrusted_dropped"), 1u);
  EXPECT_EQ(more("getname_toa_ok"), 2u) << "accept() and getpeername()";
  EXPECT_EQ(more("getname_af_mismatch"), 2u);
  EXPECT_EQ(more("alloc_fail"), 0u);
}

}  // namespace
}  // namespace elb::test
