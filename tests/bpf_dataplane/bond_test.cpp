// SPDX-License-Identifier: Apache-2.0
// Shows: NET-01.
// A bond (active-backup) as the link to a host: the host is reached, and connections outlive the loss of the active
// port. Needs a kernel with bonding; tests/vm runs it on Debian's own.
#include "bpf_dataplane/dataplane_fixture.h"

namespace elb::dataplane {
namespace {

struct Towards {
  const char* host;
  HookMode mode;
};

class Bond : public DataplaneTest, public testing::WithParamInterface<Towards> {
 protected:
  void SetUp() override {
    DataplaneTest::SetUp();
    if (IsSkipped()) return;
    if (lab->run("ip link add bond0 type bond mode active-backup miimon 20 || echo none").find("none") !=
        std::string::npos)
      GTEST_SKIP() << "this kernel has no bonding; tests/run vm brings one that has";
    const std::string host = GetParam().host;
    options.mode = GetParam().mode;
    make_bonds(host, host == "client" ? 1 : 2);
    options.interfaces = {"bond0", Lab::interface(host == "client" ? "member" : "client")};
  }

  /// The host's link becomes one of two, bonded at both ends, with the addresses it had.
  void make_bonds(const std::string& host, int number) {
    const std::string first = Lab::interface(host), second = first + "2";
    lab->run(fmt::format("ip link add {} type veth peer name peer", second));
    lab->move_to(host, "peer");
    lab->run_in(host, "ip link add bond0 type bond mode active-backup miimon 20 && ip link set peer name eth1");
    for (const auto* port : {"eth0", "eth1"})
      lab->run_in(host, fmt::format("ethtool -K {0} tx off; ip addr flush dev {0}; ip link set {0} down; "
                                    "ip link set {0} master bond0; ip link set {0} up; ethtool -K {0} gro on",
                                    port));
    for (const std::string& port : {first, second})
      lab->run(
          fmt::format("ip addr flush dev {0}; ip link set {0} down; ip link set {0} master bond0; "
                      "ip link set {0} up",
                      port));
    lab->run(fmt::format("ip addr add 10.1.{}.1/24 dev bond0; ip link set bond0 up", number));
    lab->run_in(host, fmt::format("ip addr add 10.1.{0}.2/24 dev bond0; ip link set bond0 up; ethtool -K bond0 tx off; "
                                  "ip route add default via 10.1.{0}.1",
                                  number));
  }
  bool active(const std::string& port) {
    return lab->run("ip -d link show bond0").find("active_slave " + port + " ") != std::string::npos;
  }
};
INSTANTIATE_TEST_SUITE_P(To, Bond,
                         testing::Values(Towards{"client", HookMode::kAuto}, Towards{"member", HookMode::kXdp}),
                         [](const auto& tested) { return std::string(tested.param.host); });

TEST_P(Bond, ConnectionsOutliveTheActivePort) {
  const std::string first = Lab::interface(GetParam().host);
  EXPECT_TRUE(active(first));
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot());
  const Fd listener = lab->listen("member", kMemberPort);
  const auto connection = open_connection(listener);
  ASSERT_TRUE(echoes(connection, "by the first port")) << drops();
  lab->run(fmt::format("ip link set {} down", first));
  ASSERT_TRUE(soon([&] { return active(first + "2"); }));
  EXPECT_TRUE(soon([&] { return echoes(connection, "by the second"); })) << drops();
  const auto another = open_connection(listener);
  EXPECT_TRUE(echoes(another, "opened by the second")) << drops();
}

}  // namespace
}  // namespace elb::dataplane
