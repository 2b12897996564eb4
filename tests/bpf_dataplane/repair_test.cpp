// SPDX-License-Identifier: Apache-2.0
// What others did to our kernel objects, and starts that are refused.
#include <bpf/libbpf.h>
#include <fmt/ranges.h>
#include <linux/if_link.h>

#include "bpf_dataplane/dataplane_fixture.h"

namespace elb::dataplane {
namespace {

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

}  // namespace
}  // namespace elb::dataplane
