// SPDX-License-Identifier: Apache-2.0
// Connections of a client in another network namespace to VIPs that no socket is bound to and no interface has.
// Shows: LS-16 (the proxy terminates the connection), LB-13 (an EIP beside the VIP), GEN-02.
#include "steer/steer.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "bpf_dataplane/lab.h"
#include "harness/seeded_random.h"

namespace elb::steer {
namespace {

const IpAddress kVip = *IpAddress::parse("10.9.0.1");
const IpAddress kEip = *IpAddress::parse("10.9.0.2");
const IpAddress kVip6 = *IpAddress::parse("fd09::1");

/// Bound to loopback, as the agent makes them.
Fd listening(int family) {
  Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_storage address{};
  address.ss_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  } else {
    reinterpret_cast<sockaddr_in6&>(address).sin6_addr = in6addr_loopback;
  }
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(fd.get(), 1024), 0);
  return fd;
}

struct Loop {
  Fd v4 = listening(AF_INET);
  Fd v6 = listening(AF_INET6);
};

std::vector<LoopSockets> sockets_of(const std::vector<Loop>& loops) {
  std::vector<LoopSockets> sockets;
  for (const Loop& loop : loops) sockets.push_back({loop.v4.get(), loop.v6.get()});
  return sockets;
}

/// Where the client of an accepted connection thinks it is.
std::string local_name(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return fmt::format("{}:{}", text.data(), ntohs(v4.sin_port));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  return fmt::format("[{}]:{}", text.data(), ntohs(v6.sin6_port));
}

/// Local names of all connections that wait at a listening socket.
std::vector<std::string> accept_all(const Fd& listener) {
  std::vector<std::string> names;
  for (;;) {
    const Fd connection(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return names;
    names.push_back(local_name(connection.get()));
  }
}

class SteerTest : public testing::Test {
 protected:
  SteerTest() {
    lab.add_host("client", 1);
    lab.add_ipv6("client", 1);
    start();
  }
  void start() {
    auto started = Steer::start(kDir, random);
    ASSERT_TRUE(started) << started.error().to_string();
    steer = std::move(*started);
  }
  void give(const std::vector<Loop>& loops) {
    const auto status = steer->set_sockets(sockets_of(loops));
    ASSERT_TRUE(status) << status.error().to_string();
  }
  uint64_t apply(std::vector<Endpoint> vips, std::optional<IpAddress> eip = {}, bool http = true) {
    auto snapshot = std::make_shared<model::Snapshot>();
    snapshot->generation = ++generation;
    for (const Endpoint& vip : vips) {
      model::SnapshotListener listener;
      listener.id = std::to_string(snapshot->listeners.size());
      listener.vip = vip;
      listener.eip = eip;
      listener.protocol = http ? model::Protocol::kHttp : model::Protocol::kTcp;
      if (http) listener.http.emplace();
      snapshot->listeners.push_back(std::move(listener));
    }
    auto applied = steer->apply(snapshot);
    EXPECT_TRUE(applied) << applied.error().to_string();
    return applied ? applied->writes : UINT64_MAX;
  }
  bool connects(const Endpoint& to) { return static_cast<bool>(lab.connect("client", to)); }

  static constexpr const char* kDir = "/sys/fs/bpf/elb-steer";
  test::Lab lab;
  test::SeededRandom random{1};
  std::unique_ptr<Steer> steer;
  uint64_t generation = 0;
};

TEST_F(SteerTest, NoSocketIsBoundToTheVip_LS16) {
  std::vector<Loop> loops(1);
  give(loops);
  EXPECT_FALSE(connects({kVip, 80})) << "no listener yet, GEN-02";
  EXPECT_EQ(apply({{kVip, 80}, {kVip, 8080}, {kVip6, 80}}), 5);
  for (const Endpoint& to : {Endpoint{kVip, 80}, Endpoint{kVip, 8080}, Endpoint{kVip6, 80}})
    EXPECT_TRUE(connects(to)) << to.to_string();
  EXPECT_EQ(accept_all(loops[0].v4), (std::vector<std::string>{"10.9.0.1:80", "10.9.0.1:8080"}));
  EXPECT_EQ(accept_all(loops[0].v6), (std::vector<std::string>{"[fd09::1]:80"}));
  EXPECT_FALSE(connects({kVip, 81})) << "another port is refused";
  EXPECT_FALSE(connects({kVip6, 81}));
  EXPECT_EQ(steer->counts()->given, 3);
}

TEST_F(SteerTest, EipIsServedBesideTheVip_LB13) {
  std::vector<Loop> loops(1);
  give(loops);
  apply({{kVip, 80}}, kEip);
  EXPECT_TRUE(connects({kEip, 80}));
  apply({{kVip, 80}});
  EXPECT_FALSE(connects({kEip, 80})) << "unbound";
  EXPECT_TRUE(connects({kVip, 80}));
}

TEST_F(SteerTest, ListenersOfOtherProtocolsAreNotOurs) {
  std::vector<Loop> loops(1);
  give(loops);
  EXPECT_EQ(apply({{kVip, 80}}, {}, false), 0);
  EXPECT_FALSE(connects({kVip, 80}));
}

TEST_F(SteerTest, ConnectionsSpreadOverTheLoops) {
  std::vector<Loop> loops(4);
  give(loops);
  apply({{kVip, 80}, {kVip6, 80}});
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(connects({kVip, 80}));
    ASSERT_TRUE(connects({kVip6, 80}));
  }
  for (const Loop& loop : loops) {
    EXPECT_GT(accept_all(loop.v4).size(), 25);
    EXPECT_GT(accept_all(loop.v6).size(), 25);
  }
  EXPECT_EQ(steer->counts()->given, 400);
}

TEST_F(SteerTest, RemovedListenerIsRefusedOpenConnectionsStay_LS09) {
  std::vector<Loop> loops(1);
  give(loops);
  apply({{kVip, 80}});
  const Fd client = lab.connect("client", {kVip, 80});
  ASSERT_TRUE(client);
  const Fd served(::accept4(loops[0].v4.get(), nullptr, nullptr, SOCK_CLOEXEC));
  apply({{kVip, 81}});
  EXPECT_FALSE(connects({kVip, 80}));
  EXPECT_TRUE(test::send_text(served, "still here"));
  EXPECT_EQ(test::receive(client), "still here");
}

TEST_F(SteerTest, SocketsAreReplacedWithoutRefusingAnybody) {
  std::vector<Loop> before(2);
  give(before);
  apply({{kVip, 80}});
  EXPECT_TRUE(connects({kVip, 80}));
  std::vector<Loop> after(3);
  give(after);
  before.clear();
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(connects({kVip, 80}));
  EXPECT_EQ(accept_all(after[0].v4).size() + accept_all(after[1].v4).size() + accept_all(after[2].v4).size(), 30);
}

TEST_F(SteerTest, WithoutSocketsConnectionsAreRefusedAndCounted) {
  std::vector<Loop> loops(2);
  give(loops);
  apply({{kVip, 80}});
  loops.clear();  // the worker and its keeper died
  EXPECT_FALSE(connects({kVip, 80}));
  EXPECT_GT(steer->counts()->no_socket, 0);
}

TEST_F(SteerTest, NewAgentTakesOverWithoutAGap) {
  std::vector<Loop> loops(1);
  give(loops);
  apply({{kVip, 80}});
  steer.reset();
  EXPECT_TRUE(connects({kVip, 80})) << "no agent, yet the pins serve";
  start();
  EXPECT_TRUE(connects({kVip, 80}));
  EXPECT_EQ(apply({{kVip, 80}}), 0) << "all there already";
  EXPECT_EQ(apply({{kVip, 81}}), 2);
}

TEST_F(SteerTest, AuditRepairsWhatOthersRemoved) {
  std::vector<Loop> loops(1);
  give(loops);
  apply({{kVip, 80}, {kVip6, 80}});
  auto audit = steer->audit();
  ASSERT_TRUE(audit) << audit.error().to_string();
  EXPECT_EQ(audit->repaired, 0);
  lab.run("ip route del local 10.9.0.1 table local");
  lab.run("ip -6 route del local fd09::1 table local");
  lab.run("ip route add local 10.9.0.77 dev lo table local proto 151");
  ASSERT_EQ(::unlink((std::string(kDir) + "/link").c_str()), 0);
  audit = steer->audit();
  ASSERT_TRUE(audit) << audit.error().to_string();
  EXPECT_EQ(audit->repaired, 4) << fmt::format("{}", audit->findings.size());
  EXPECT_TRUE(connects({kVip, 80}));
  EXPECT_TRUE(connects({kVip6, 80}));
}

TEST_F(SteerTest, RoutesOfOthersAreLeftAlone) {
  lab.run("ip route add local 10.9.0.50 dev lo table local");
  apply({{kVip, 80}});
  apply({});
  EXPECT_NE(lab.run("ip route show table local").find("10.9.0.50"), std::string::npos);
  EXPECT_EQ(lab.run("ip route show table local").find("10.9.0.1 "), std::string::npos);
}

TEST_F(SteerTest, TeardownLeavesNothing) {
  std::vector<Loop> loops(1);
  give(loops);
  apply({{kVip, 80}});
  steer.reset();
  const auto status = teardown(kDir);
  EXPECT_TRUE(status) << status.error().to_string();
  EXPECT_FALSE(connects({kVip, 80}));
  EXPECT_NE(::access(kDir, F_OK), 0);
  EXPECT_EQ(lab.run("ip route show table local proto 151"), "");
  EXPECT_TRUE(teardown(kDir)) << "nothing there is success";
}

TEST_F(SteerTest, TooManyLoopsAreAnError) {
  EXPECT_FALSE(steer->set_sockets({}));
  EXPECT_FALSE(steer->set_sockets(std::vector<LoopSockets>(257)));
}

}  // namespace
}  // namespace elb::steer
