// SPDX-License-Identifier: Apache-2.0
// Shows: MB-06.
#include "dataplane/dataplane.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <elb/abi.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "bpf_dataplane/lab.h"
#include "harness/snapshot_builder.h"

namespace elb::dataplane {
namespace {

using test::accept_one;
using test::Lab;
using test::listener_id;
using test::member_id;
using test::receive;
using test::send_text;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kPins = "/sys/fs/bpf/elb-test";
const Endpoint kVip{IpAddress::from_v4_host(0xC0000201), 80};  // 192.0.2.1
constexpr uint16_t kMemberPort = 8080;

class DataplaneTest : public testing::Test {
 protected:
  DataplaneTest() {
    if (geteuid() != 0) return;
    lab.emplace();
    lab->add_host("client", 1);
    lab->add_host("member", 2);
    // Replies to local addresses come back through the node; nothing there owns them.
    options.interfaces = {Lab::interface("client"), Lab::interface("member")};
    options.local_addresses = *Cidr::parse("100.125.0.0/24");
    options.pin_dir = kPins;
    options.flow_slots = 1U << 12;
    options.max_listeners = 16;
    options.max_members = 64;
  }
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
  }

  void start() {
    auto started = Dataplane::start(options, clock, random);
    ASSERT_TRUE(started) << started.error().to_string();
    dataplane = std::move(*started);
  }
  Error start_failure() {
    auto started = Dataplane::start(options, clock, random);
    return started ? Error{ErrorCode::kInternal, "it started", ""} : started.error();
  }
  /// Listener 1 at the VIP, members on host "member" at ports 8080 + i.
  model::SnapshotPtr snapshot(int members = 1, model::Protocol protocol = model::Protocol::kTcp) {
    std::vector<model::SnapshotMember> list;
    for (int i = 0; i < members; ++i) {
      list.push_back(test::member(i + 1));
      list.back().endpoint = {lab->address("member"), static_cast<uint16_t>(kMemberPort + i)};
    }
    auto built = test::SnapshotBuilder().listener(1, std::move(list)).build();
    built.listeners[0].vip = kVip;
    built.listeners[0].protocol = protocol;
    built.generation = ++generation;
    return std::make_shared<const model::Snapshot>(std::move(built));
  }
  uint64_t apply(model::SnapshotPtr given) {
    auto applied = dataplane->apply(std::move(given));
    if (!applied) ADD_FAILURE() << applied.error().to_string();
    return applied ? applied->writes : 0;
  }
  model::Audit audit() {
    auto done = dataplane->audit();
    if (!done) ADD_FAILURE() << done.error().to_string();
    return done ? *done : model::Audit{};
  }
  /// A connection from the client through the VIP to the member.
  std::pair<Fd, Fd> open_connection(const Fd& listener) {
    Fd client = lab->connect("client", kVip);
    EXPECT_TRUE(client) << "no connection to the VIP\n" << drops();
    Fd member = client ? accept_one(listener) : Fd();
    EXPECT_TRUE(member);
    return {std::move(client), std::move(member)};
  }
  static bool echoes(const std::pair<Fd, Fd>& connection, const std::string& text) {
    return send_text(connection.first, text) && receive(connection.second) == text &&
           send_text(connection.second, text + "!") && receive(connection.first) == text + "!";
  }
  std::string drops() {
    std::string text;
    if (dataplane)
      for (const auto& drop : dataplane->drops()) text += fmt::format("{}={} ", drop.reason, drop.packets);
    return text;
  }
  uint32_t map_id(const std::string& name) {
    const Fd fd(bpf_obj_get(fmt::format("{}/{}", kPins, name).c_str()));
    bpf_map_info info{};
    uint32_t size = sizeof info;
    return fd && bpf_obj_get_info_by_fd(fd.get(), &info, &size) == 0 ? info.id : 0;
  }
  Fd link_fd(const std::string& host) {
    return Fd(bpf_obj_get(fmt::format("{}/links/if{}", kPins, if_nametoindex(Lab::interface(host).c_str())).c_str()));
  }
  bpf_link_info link_info(const std::string& host) {
    const Fd fd = link_fd(host);
    bpf_link_info info{};
    uint32_t size = sizeof info;
    if (fd) bpf_obj_get_info_by_fd(fd.get(), &info, &size);
    return info;
  }
  template <class Condition>
  static bool soon(Condition condition, int seconds = 5) {
    for (int i = 0; i < seconds * 50; ++i) {
      if (condition()) return true;
      usleep(20'000);
    }
    return condition();
  }

  std::optional<Lab> lab;
  SystemClock clock;
  SystemRandom random;
  DataplaneOptions options;
  std::unique_ptr<Dataplane> dataplane;
  uint64_t generation = 0;
};

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
  EXPECT_EQ(traffic->packets_in, flow.packets_in);
  EXPECT_EQ(traffic->bytes_out, flow.bytes_out);
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

TEST_F(DataplaneTest, AttachesInNativeModeAndPinsForRootOnly) {
  ASSERT_NO_FATAL_FAILURE(start());
  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  ASSERT_EQ(bpf_xdp_query(static_cast<int>(if_nametoindex("elb-client")), 0, &query), 0);
  EXPECT_EQ(query.attach_mode, XDP_ATTACHED_DRV);
  struct stat info {};
  ASSERT_EQ(stat(kPins, &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  EXPECT_THAT(lab->run("ip -o addr show dev lo"), HasSubstr("100.125.0.1/32"));
}

TEST_F(DataplaneTest, ConnectionsLiveOnWithoutAnAgentAndARestartAdoptsThem) {
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot(2));
  const Fd listener = lab->listen("member", kMemberPort);
  const Fd listener2 = lab->listen("member", kMemberPort + 1);
  const auto connection = open_connection(listener);
  ASSERT_TRUE(echoes(connection, "one"));
  std::map<std::string, uint32_t> maps;
  for (const auto& entry : std::filesystem::directory_iterator(kPins))
    if (entry.is_regular_file()) maps[entry.path().filename()] = map_id(entry.path().filename());
  EXPECT_GT(maps.size(), 10U);
  const auto link = link_info("client");
  const auto before = dataplane->listener_traffic(listener_id(1));

  dataplane.reset();
  EXPECT_TRUE(echoes(connection, "nobody watches"));

  ASSERT_NO_FATAL_FAILURE(start());
  for (const auto& [name, id] : maps) EXPECT_EQ(map_id(name), id) << name;
  EXPECT_EQ(link_info("client").id, link.id);
  EXPECT_NE(link_info("client").prog_id, link.prog_id) << "the new program runs in the old link";
  EXPECT_THAT(dataplane->adopted_members(), ElementsAre(member_id(1), member_id(2)));
  EXPECT_TRUE(echoes(connection, "before the first snapshot"));
  EXPECT_EQ(apply(snapshot(2)), 1U) << "the ring alone is written anew";
  EXPECT_TRUE(echoes(connection, "two"));
  EXPECT_GT(dataplane->listener_traffic(listener_id(1))->packets_in, before->packets_in);
  EXPECT_EQ(dataplane->flows({}).flows.at(0).member_id, member_id(1));
  EXPECT_EQ(audit().repaired, 0U);
}

TEST_F(DataplaneTest, OtherLocalAddressesAreTakenOverWithoutLosingConnections) {
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot());
  const Fd listener = lab->listen("member", kMemberPort);
  const auto connection = open_connection(listener);
  ASSERT_TRUE(echoes(connection, "one"));
  dataplane.reset();
  options.local_addresses = *Cidr::parse("100.126.0.0/24");
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot());
  EXPECT_TRUE(echoes(connection, "two"));
  EXPECT_EQ(lab->run("ip addr show dev lo").find("100.125.0.1"), std::string::npos);
  const auto newer = open_connection(listener);
  ASSERT_TRUE(echoes(newer, "three"));
  size_t on_new = 0;
  for (const auto& flow : dataplane->flows({}).flows) on_new += options.local_addresses.contains(flow.local.address);
  EXPECT_EQ(on_new, 1U);
}

/// In a child: it gives up its privileges for good.
TEST_F(DataplaneTest, NeedsNoMoreThanTwoCapabilities) {
  lab->run("mkdir /sys/fs/bpf/own && chown 65534 /sys/fs/bpf /sys/fs/bpf/own");
  options.pin_dir = "/sys/fs/bpf/own/elb";
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    prctl(PR_SET_KEEPCAPS, 1);
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(2);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    for (const uint32_t cap : {uint32_t{CAP_BPF}, uint32_t{CAP_NET_ADMIN}})
      data[CAP_TO_INDEX(cap)].effective = data[CAP_TO_INDEX(cap)].permitted |= CAP_TO_MASK(cap);
    if (syscall(SYS_capset, &header, data) != 0) _exit(3);
    start();
    if (!dataplane) _exit(4);
    apply(snapshot());
    const bool clean = audit().repaired == 0;
    dataplane.reset();
    start();  // adopts
    if (!dataplane || dataplane->adopted_members().size() != 1) _exit(5);
    dataplane.reset();
    const auto status = teardown(options.pin_dir);
    _exit(!clean ? 6 : !status ? 7 : HasFailure() ? 8 : 0);
  }
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_EQ(WEXITSTATUS(result), 0);
}

TEST_F(DataplaneTest, OtherTableSizesRebuildTheMaps) {
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot());
  const uint32_t flows = map_id(ELB_MAP_FLOWS);
  dataplane.reset();
  options.flow_slots *= 2;
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_NE(map_id(ELB_MAP_FLOWS), flows);
  EXPECT_THAT(dataplane->adopted_members(), IsEmpty());
  apply(snapshot());
  const Fd listener = lab->listen("member", kMemberPort);
  EXPECT_TRUE(echoes(open_connection(listener), "hello"));
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
  EXPECT_TRUE(send_text(connection.first, "more"));
  EXPECT_EQ(receive(connection.second, 300), "") << "a removed member gets nothing more";
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

TEST_F(DataplaneTest, AnAuditRepairsWhatSomebodyChanged) {
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot());
  EXPECT_EQ(audit().repaired, 0U);
  const Fd listeners(bpf_obj_get(fmt::format("{}/{}", kPins, ELB_MAP_LISTENERS).c_str()));
  const Fd members(bpf_obj_get(fmt::format("{}/{}", kPins, ELB_MAP_MEMBERS).c_str()));
  const Fd rings(bpf_obj_get(fmt::format("{}/{}", kPins, ELB_MAP_RINGS).c_str()));
  const Fd hops(bpf_obj_get(fmt::format("{}/{}", kPins, ELB_MAP_HOPS).c_str()));
  elb_listener_key key{};
  ASSERT_EQ(bpf_map_get_next_key(listeners.get(), nullptr, &key), 0);
  ASSERT_EQ(bpf_map_delete_elem(listeners.get(), &key), 0);
  const uint32_t zero = 0, one = 1, surplus = 40;
  elb_member member{};
  ASSERT_EQ(bpf_map_lookup_elem(members.get(), &one, &member), 0);
  member.port = 0;
  ASSERT_EQ(bpf_map_update_elem(members.get(), &one, &member, 0), 0);
  ASSERT_EQ(bpf_map_update_elem(members.get(), &surplus, &member, 0), 0);
  LIBBPF_OPTS(bpf_map_create_opts, inner, .map_flags = BPF_F_INNER_MAP);
  const Fd ring(bpf_map_create(BPF_MAP_TYPE_ARRAY, "strange", 4, 4, 3, &inner));
  const int ring_fd = ring.get();
  ASSERT_EQ(bpf_map_update_elem(rings.get(), &zero, &ring_fd, 0), 0);
  const elb_hop hop{};
  ASSERT_EQ(bpf_map_update_elem(hops.get(), &one, &hop, 0), 0);
  ASSERT_EQ(bpf_link_detach(link_fd("client").get()), 0);
  lab->run(fmt::format("rm {0}/{1} {0}/links/if{2}; ip addr del 100.125.0.1/32 dev lo", kPins, ELB_MAP_CURSORS,
                       if_nametoindex("elb-member")));

  const auto found = audit();
  EXPECT_EQ(found.repaired, 9U) << fmt::format("{}", fmt::join(found.findings, "\n"));
  for (const char* text :
       {"listener TCP 192.0.2.1:80 was missing",
        "("
        "22222222-0000-4000-8000-000000000001) was changed",
        "member entry 40 was in the kernel and is not ours", "ring of listener 0 was changed", "next hop 1 was",
        "elb-client had lost its program", "link's pin was gone", "a pin was gone", "100.125.0.1 was gone from lo"})
    EXPECT_THAT(found.findings, Contains(HasSubstr(text)));
  EXPECT_EQ(audit().repaired, 0U);
  EXPECT_EQ(link_info("client").xdp.ifindex, if_nametoindex("elb-client"));
  const Fd listener = lab->listen("member", kMemberPort);
  EXPECT_TRUE(echoes(open_connection(listener), "hello"));
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

TEST_F(DataplaneTest, InterfacesCanBeRemovedAndAdded) {
  ASSERT_NO_FATAL_FAILURE(start());
  const auto kept = link_info("member").id;
  dataplane.reset();
  options.interfaces = {"elb-member"};
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(link_info("member").id, kept);
  EXPECT_FALSE(link_fd("client"));
  uint32_t program = 0;
  EXPECT_TRUE(soon([&] {
    return bpf_xdp_query_id(static_cast<int>(if_nametoindex("elb-client")), 0, &program) == 0 && program == 0;
  })) << "detached";
  dataplane.reset();
  options.interfaces = {"elb-member", "elb-client"};
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_TRUE(link_fd("client"));
}

TEST_F(DataplaneTest, AnInterfaceThatIsMadeAnewIsAttachedAgain) {
  ASSERT_NO_FATAL_FAILURE(start());
  lab->run("ip link del elb-client");
  EXPECT_THAT(audit().findings, Contains(HasSubstr("interface elb-client is gone")));
  EXPECT_EQ(audit().repaired, 0U) << "told once";
  lab->run("ip link add elb-client type veth peer name other && ip link set elb-client up");
  EXPECT_THAT(audit().findings, Contains(HasSubstr("interface elb-client has appeared")));
  EXPECT_EQ(link_info("client").xdp.ifindex, if_nametoindex("elb-client"));
  EXPECT_TRUE(soon([&] { return audit().repaired == 0; }));
}

TEST_F(DataplaneTest, TeardownLeavesNothingBehind) {
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot());
  const auto refused = teardown(kPins);
  ASSERT_FALSE(refused) << "an agent is running";
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  dataplane.reset();
  const auto status = teardown(kPins);
  ASSERT_TRUE(status) << status.error().to_string();
  EXPECT_FALSE(std::filesystem::exists(kPins));
  EXPECT_TRUE(soon([&] { return lab->run("ip link").find("xdp") == std::string::npos; }));
  EXPECT_EQ(lab->run("ip addr show dev lo").find("100.125.0.1"), std::string::npos);
  EXPECT_EQ(lab->run("ip neigh").find("managed"), std::string::npos);
  EXPECT_TRUE(teardown(kPins)) << "again: nothing to do";
}

TEST_F(DataplaneTest, OnlyOneAgentUsesAPinDirectory) {
  ASSERT_NO_FATAL_FAILURE(start());
  const auto error = start_failure();
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_EQ(error.field, "pin-dir");
}

TEST_F(DataplaneTest, APinDirectoryOutsideOfBpffsIsRefusedWithTheRemedy) {
  options.pin_dir = "/tmp/elb-dataplane-test";
  EXPECT_THAT(start_failure().message, HasSubstr("mount -t bpf bpf /sys/fs/bpf"));
}

TEST_F(DataplaneTest, AnotherXdpProgramIsNamedAndLeftAlone) {
  const bpf_insn pass[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = XDP_PASS},
                           {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
  const Fd program(bpf_prog_load(BPF_PROG_TYPE_XDP, "somebody", "GPL", pass, std::size(pass), nullptr));
  const int ifindex = static_cast<int>(if_nametoindex("elb-client"));
  ASSERT_EQ(bpf_xdp_attach(ifindex, program.get(), XDP_FLAGS_DRV_MODE, nullptr), 0);
  const auto error = start_failure();
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_THAT(error.message, HasSubstr("elb-client"));
  EXPECT_THAT(error.message, HasSubstr("(somebody)"));
}

TEST_F(DataplaneTest, AnInterfaceWithoutNativeXdpIsRefused) {
  options.interfaces.push_back("lo");
  EXPECT_THAT(start_failure().message, HasSubstr("native XDP"));
  EXPECT_TRUE(soon([&] { return lab->run("ip link").find("xdp") == std::string::npos; }))
      << "the others are left alone too";
}

TEST_F(DataplaneTest, AMissingInterfaceIsNamed) {
  options.interfaces.push_back("nosuch0");
  const auto error = start_failure();
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_THAT(error.message, HasSubstr("nosuch0"));
}

TEST_F(DataplaneTest, LibxdpAttachesTooAndARestartKeepsConnections) {
  options.attach = XdpAttach::kLibxdp;
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot());
  const Fd listener = lab->listen("member", kMemberPort);
  const auto connection = open_connection(listener);
  ASSERT_TRUE(echoes(connection, "one"));
  dataplane.reset();
  EXPECT_TRUE(echoes(connection, "nobody watches"));
  ASSERT_NO_FATAL_FAILURE(start());
  apply(snapshot());
  EXPECT_TRUE(echoes(connection, "two"));
  EXPECT_EQ(audit().repaired, 0U);
  dataplane.reset();
  ASSERT_TRUE(teardown(kPins));
  EXPECT_TRUE(soon([&] { return lab->run("ip link").find("xdp") == std::string::npos; })) << lab->run("ip link");
}

}  // namespace
}  // namespace elb::dataplane
