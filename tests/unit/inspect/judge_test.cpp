// SPDX-License-Identifier: Apache-2.0
// Shows: FAQ-01.
// What doctor makes of the facts of a kernel and of a link.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>

#include "inspect/kernel.h"
#include "inspect/links.h"
#include "inspect/proc.h"

namespace elb::inspect {
namespace {

using model::Finding;
using model::Findings;
using model::Severity;
using testing::HasSubstr;

/// The worst finding of a check; one without a name if it was not looked at.
Finding worst(const Findings& findings, const std::string& check) {
  Finding found;
  for (const Finding& finding : findings)
    if (finding.check == check && (found.check.empty() || finding.severity > found.severity)) found = finding;
  return found;
}

LinkFacts good_link() {
  LinkFacts facts;
  facts.name = "eth0";
  facts.exists = facts.up = facts.running = true;
  facts.driver = "ixgbe";
  facts.features = {{"rx-lro", false}, {"rx-gro-hw", false}, {"rx-gro", true}, {"tx-checksum-ip-generic", true}};
  facts.rx_queues = 8;
  facts.indirection = {0, 1, 2, 3, 4, 5, 6, 7};
  facts.rp_filter = 0;
  return facts;
}

KernelFacts good_kernel() {
  KernelFacts facts;
  facts.release = "6.1.0-18-amd64";
  facts.jit = 1;
  facts.jit_harden = 0;
  facts.bpf_stats = 0;
  facts.ip_forward = 0;
  facts.effective = uint64_t{1} << CAP_NET_ADMIN | uint64_t{1} << CAP_BPF | uint64_t{1} << CAP_PERFMON;
  facts.memlock = 8 << 20;
  return facts;
}

TEST(Link, AGoodOneIsWell) {
  for (const Finding& finding : judge_link(good_link(), 2, 8)) {
    EXPECT_EQ(finding.severity, Severity::kOk) << finding.check << ": " << finding.seen;
    EXPECT_EQ(finding.remedy, "");
  }
}

TEST(Link, GoneDownOrWithoutCarrier) {
  LinkFacts facts;
  facts.name = "eth9";
  EXPECT_THAT(worst(judge_link(facts, 1, 1), "link.state").seen, HasSubstr("does not exist"));
  facts = good_link();
  facts.up = false;
  EXPECT_EQ(worst(judge_link(facts, 1, 1), "link.state").remedy, "ip link set eth0 up");
  facts.up = true;
  facts.running = false;
  EXPECT_EQ(worst(judge_link(facts, 1, 1), "link.state").severity, Severity::kError);
}

TEST(Link, MergedPacketsAreAnError) {
  for (const char* feature : {"rx-lro", "rx-gro-hw"}) {
    LinkFacts facts = good_link();
    facts.features[feature] = true;
    const Finding finding = worst(judge_link(facts, 1, 8), "link.lro");
    EXPECT_EQ(finding.severity, Severity::kError);
    EXPECT_EQ(finding.remedy, "ethtool -K eth0 lro off rx-gro-hw off");
  }
}

TEST(Link, VethTrapsAtTheOtherEnd) {
  LinkFacts facts = good_link();
  facts.driver = "veth";
  EXPECT_EQ(worst(judge_link(facts, 1, 8), "link.veth").severity, Severity::kWarning) << "the peer is not to be seen";
  facts.peer = "veth1";
  facts.peer_features = {{"tx-checksum-ip-generic", true}, {"rx-gro", false}};
  EXPECT_EQ(worst(judge_link(facts, 1, 8), "link.veth_checksum").remedy, "ethtool -K veth1 tx off");
  EXPECT_EQ(worst(judge_link(facts, 1, 8), "link.veth_napi").remedy, "ethtool -K veth1 gro on");
  facts.peer_features = {{"tx-checksum-ip-generic", false}, {"rx-gro", true}};
  EXPECT_EQ(worst(judge_link(facts, 1, 8), "link.veth").severity, Severity::kOk);
}

TEST(Link, QueuesAgainstCpus) {
  LinkFacts facts = good_link();
  EXPECT_EQ(worst(judge_link(facts, 1, 16), "link.rss").remedy, "ethtool -L eth0 combined 16");
  facts.indirection.assign(128, 3);
  EXPECT_EQ(worst(judge_link(facts, 1, 8), "link.rss").remedy, "ethtool -X eth0 equal 8");
}

TEST(Link, StrictReturnPathsMatterOnlyWithSeveralInterfaces) {
  LinkFacts facts = good_link();
  facts.rp_filter = 1;
  EXPECT_EQ(worst(judge_link(facts, 1, 8), "link.rp_filter").severity, Severity::kOk);
  EXPECT_EQ(worst(judge_link(facts, 2, 8), "link.rp_filter").remedy, "sysctl -w net.ipv4.conf.eth0.rp_filter=2");
}

TEST(Link, TheLoopbackOfThisMachineIsRead) {
  const LinkFacts facts = read_link("lo");
  EXPECT_TRUE(facts.exists);
  EXPECT_FALSE(facts.features.empty());
  EXPECT_FALSE(read_link("elb-no-such").exists);
  EXPECT_FALSE(read_link("a-name-that-is-far-too-long").exists);
}

TEST(Kernel, AGoodOneIsWell) {
  for (const Findings& findings : {judge_kernel(good_kernel()), judge_process(good_kernel())})
    for (const Finding& finding : findings)
      EXPECT_EQ(finding.severity, Severity::kOk) << finding.check << ": " << finding.seen;
}

TEST(Kernel, TooOld) {
  KernelFacts facts = good_kernel();
  for (const char* release : {"5.15.0-91-generic", "6.0.19", "4.19.0"}) {
    facts.release = release;
    EXPECT_EQ(worst(judge_kernel(facts), "kernel.version").severity, Severity::kError) << release;
  }
  for (const char* release : {"6.1.0", "6.18.5", "7.0.0", "10.2"}) {
    facts.release = release;
    EXPECT_EQ(worst(judge_kernel(facts), "kernel.version").severity, Severity::kOk) << release;
  }
}

TEST(Kernel, SettingsThatCostTime) {
  KernelFacts facts = good_kernel();
  facts.jit = 0;
  facts.jit_harden = 2;
  facts.bpf_stats = 1;
  EXPECT_EQ(worst(judge_kernel(facts), "kernel.jit").remedy, "sysctl -w net.core.bpf_jit_enable=1");
  EXPECT_EQ(worst(judge_kernel(facts), "kernel.jit").severity, Severity::kError);
  EXPECT_EQ(worst(judge_kernel(facts), "kernel.jit_harden").severity, Severity::kWarning);
  EXPECT_EQ(worst(judge_kernel(facts), "kernel.bpf_stats").severity, Severity::kWarning);
  facts.jit.reset();
  EXPECT_EQ(worst(judge_kernel(facts), "kernel.jit").severity, Severity::kOk) << "what may not be read is not accused";
}

TEST(Process, Capabilities) {
  KernelFacts facts = good_kernel();
  *facts.effective &= ~(uint64_t{1} << CAP_PERFMON);
  EXPECT_EQ(worst(judge_process(facts), "agent.capabilities").severity, Severity::kWarning);
  facts.effective = 0;
  const Finding finding = worst(judge_process(facts), "agent.capabilities");
  EXPECT_EQ(finding.severity, Severity::kError);
  EXPECT_THAT(finding.seen, HasSubstr("CAP_NET_ADMIN CAP_BPF CAP_PERFMON"));
}

TEST(Process, HC13_WhoMayPingIsToldAndNoFault) {
  KernelFacts facts = good_kernel();
  facts.groups = {998};
  facts.ping_groups = {1, 0};  // the kernel's default: nobody
  EXPECT_EQ(worst(judge_process(facts), "agent.ping").severity, Severity::kOk) << "only UDP checks need it";
  EXPECT_THAT(worst(judge_process(facts), "agent.ping").seen, HasSubstr("sysctl -w net.ipv4.ping_group_range"));
  facts.ping_groups = {0, 2147483647};
  EXPECT_THAT(worst(judge_process(facts), "agent.ping").seen, HasSubstr("UDP health checks work"));
}

TEST(Process, Memory) {
  KernelFacts facts = good_kernel();
  facts.memory_max = 100 << 20;
  facts.memory_used = 95 << 20;
  EXPECT_EQ(worst(judge_process(facts), "agent.memory").severity, Severity::kWarning);
  facts.memory_used = 50 << 20;
  EXPECT_EQ(worst(judge_process(facts), "agent.memory").severity, Severity::kOk);
  facts.release = "5.10.0";
  EXPECT_EQ(worst(judge_process(facts), "agent.memlock").severity, Severity::kError);
}

TEST(Proc, Fields) {
  EXPECT_EQ(field_of("Name:\tx\nCapEff:\t00ff\nCapBnd: 1", "CapEff"), "00ff");
  EXPECT_EQ(field_of("CapEff:", "CapEff"), std::nullopt);
  EXPECT_EQ(field_of("XCapEff: 1", "CapEff"), std::nullopt);
  EXPECT_EQ(read_number("/proc/sys/kernel/pid_max").value_or(0) > 0, true);
  EXPECT_EQ(read_text("/proc/elb-no-such"), std::nullopt);
}

}  // namespace
}  // namespace elb::inspect
