// SPDX-License-Identifier: Apache-2.0
// Pins and attachments over the life of agents.
#include <bpf/libbpf.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <filesystem>

#include "bpf_dataplane/dataplane_fixture.h"

namespace elb::dataplane {
namespace {

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

TEST_F(DataplaneTest, ManyListenersAreTakenOverWithinTwoSeconds) {
  options.max_listeners = 512;
  options.max_members = 2048;
  test::SnapshotBuilder builder;
  for (int i = 1; i <= 300; ++i) {
    auto only = test::member(i);
    only.endpoint = {lab->address("member"), kMemberPort};
    builder.listener(i, {only});
  }
  const auto many = builder.share();
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_GT(apply(many), 900U);
  dataplane.reset();
  const auto begin = clock.steady();
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(apply(many), 300U) << "the rings alone";
  EXPECT_LT(clock.steady() - begin, std::chrono::seconds(2)) << "the kernel waits after each ring that is written";
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
TEST_F(DataplaneTest, NeedsNoMoreThanThreeCapabilities) {
  lab->run("mkdir /sys/fs/bpf/own && chown 65534 /sys/fs/bpf /sys/fs/bpf/own");
  options.pin_dir = "/sys/fs/bpf/own/elb";
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    prctl(PR_SET_KEEPCAPS, 1);
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(2);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    for (const uint32_t cap : {uint32_t{CAP_BPF}, uint32_t{CAP_NET_ADMIN}, uint32_t{CAP_PERFMON}})
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
