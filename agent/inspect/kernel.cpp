// SPDX-License-Identifier: Apache-2.0
#include "inspect/kernel.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "inspect/proc.h"

namespace elb::inspect {
namespace {

using model::Finding;
using model::Severity;

constexpr int kOldest[2] = {6, 1};    // the program's oldest kernel
constexpr int kCharged[2] = {5, 11};  // from here on maps are charged to the cgroup and not to memlock
constexpr uint64_t kNearlyFull = 90;  // percent of a cgroup's memory
constexpr uint64_t kMegabyte = 1 << 20;

bool older(const std::string& release, const int (&than)[2]) {
  int major = 0, minor = 0;
  if (std::sscanf(release.c_str(), "%d.%d", &major, &minor) != 2) return false;
  return major < than[0] || (major == than[0] && minor < than[1]);
}

void read_cgroup(KernelFacts& facts) {
  const auto groups = read_text("/proc/self/cgroup");
  if (!groups) return;
  const size_t at = groups->find("0::/");
  if (at == std::string::npos) return;
  const std::string path = "/sys/fs/cgroup" + groups->substr(at + 3, groups->find('\n', at) - at - 3);
  if (const auto max = read_number(path + "/memory.max")) facts.memory_max = static_cast<uint64_t>(*max);
  facts.memory_used = static_cast<uint64_t>(read_number(path + "/memory.current").value_or(0));
}

Finding setting(const char* check, const char* name, std::optional<int64_t> value, bool bad, Severity severity,
                const char* why, const char* good) {
  if (!bad) return {Severity::kOk, check, name, value ? fmt::format("is {}", *value) : "is not readable here", ""};
  return {severity, check, name, fmt::format("is {}: {}", value.value_or(-1), why),
          fmt::format("sysctl -w {}={}", name, good)};
}

}  // namespace

KernelFacts read_kernel() {
  KernelFacts facts;
  utsname name{};
  if (uname(&name) == 0) facts.release = name.release;
  facts.jit = read_number("/proc/sys/net/core/bpf_jit_enable");
  facts.jit_harden = read_number("/proc/sys/net/core/bpf_jit_harden");
  facts.bpf_stats = read_number("/proc/sys/kernel/bpf_stats_enabled");
  facts.ip_forward = read_number("/proc/sys/net/ipv4/ip_forward");
  if (const auto range = read_text("/proc/sys/net/ipv4/ping_group_range")) {
    long long first = 0, last = 0;
    if (std::sscanf(range->c_str(), "%lld %lld", &first, &last) == 2) facts.ping_groups.emplace(first, last);
  }
  facts.groups = {static_cast<int64_t>(getegid())};
  std::array<gid_t, 256> groups{};
  for (int i = 0, count = getgroups(groups.size(), groups.data()); i < count; ++i)
    facts.groups.push_back(static_cast<int64_t>(groups[static_cast<size_t>(i)]));
  if (const auto status = read_text("/proc/self/status"))
    if (const auto caps = field_of(*status, "CapEff")) {
      uint64_t bits = 0;
      if (std::from_chars(caps->data(), caps->data() + caps->size(), bits, 16).ec == std::errc{})
        facts.effective = bits;
    }
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) facts.memlock = limit.rlim_cur;
  read_cgroup(facts);
  return facts;
}

model::Findings judge_kernel(const KernelFacts& facts) {
  model::Findings findings;
  if (older(facts.release, kOldest))
    findings.push_back(
        {Severity::kError, "kernel.version", "kernel",
         fmt::format("is {}, the packet program needs {}.{} or newer", facts.release, kOldest[0], kOldest[1]),
         "apt-get install linux-image-amd64 && reboot"});
  else
    findings.push_back({Severity::kOk, "kernel.version", "kernel", fmt::format("is {}", facts.release), ""});
  findings.push_back(setting("kernel.jit", "net.core.bpf_jit_enable", facts.jit, facts.jit == 0, Severity::kError,
                             "the packet program is interpreted, many times slower", "1"));
  findings.push_back(setting("kernel.jit_harden", "net.core.bpf_jit_harden", facts.jit_harden, facts.jit_harden == 2,
                             Severity::kWarning,
                             "constants are blinded for privileged programs too, which costs time for every packet "
                             "(takes effect when the program is loaded: restart the agent)",
                             "1"));
  findings.push_back(setting("kernel.bpf_stats", "kernel.bpf_stats_enabled", facts.bpf_stats,
                             facts.bpf_stats.value_or(0) != 0, Severity::kWarning,
                             "the kernel takes the time of every packet twice", "0"));
  findings.push_back({Severity::kOk, "kernel.forwarding", "net.ipv4.ip_forward",
                      facts.ip_forward == 0 ? "is 0: balanced packets do not need it, other traffic through this node "
                                              "is not forwarded (if members use it as a router: sysctl -w "
                                              "net.ipv4.ip_forward=1)"
                                            : "is on: balanced packets do not need it, other traffic is forwarded",
                      ""});
  return findings;
}

model::Findings judge_process(const KernelFacts& facts) {
  model::Findings findings;
  if (facts.effective) {
    const auto has = [&](int capability) { return (*facts.effective >> capability & 1) != 0; };
    std::string missing;
    for (const auto& [capability, name] :
         {std::pair{CAP_NET_ADMIN, "CAP_NET_ADMIN"}, {CAP_BPF, "CAP_BPF"}, {CAP_PERFMON, "CAP_PERFMON"}})
      if (!has(capability)) missing += (missing.empty() ? "" : " ") + std::string(name);
    const bool works = has(CAP_NET_ADMIN) && has(CAP_BPF);
    if (missing.empty())
      findings.push_back(
          {Severity::kOk, "agent.capabilities", "agent", "has CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON", ""});
    else
      findings.push_back(
          {works ? Severity::kWarning : Severity::kError, "agent.capabilities", "agent",
           works ? "has no CAP_PERFMON: the kernel adds barriers against speculation, about twice the cost per packet"
                 : "lacks " + missing,
           "systemctl edit elb-agent   # AmbientCapabilities=CAP_NET_ADMIN CAP_BPF CAP_PERFMON"});
  }
  if (facts.ping_groups) {
    const auto& range = *facts.ping_groups;
    const bool may =
        std::ranges::any_of(facts.groups, [&](int64_t group) { return group >= range.first && group <= range.second; });
    findings.push_back(
        {Severity::kOk, "agent.ping", "net.ipv4.ping_group_range",
         may ? "lets the agent send ICMP echoes: UDP health checks work"
             : fmt::format(
                   "is {} {}, without the agent's group: no ICMP echoes, which only UDP health checks need (for "
                   "them: sysctl -w net.ipv4.ping_group_range=\"0 2147483647\")",
                   range.first, range.second),
         ""});
  }
  if (facts.memlock && older(facts.release, kCharged))
    findings.push_back(
        {Severity::kError, "agent.memlock", "agent",
         fmt::format("may lock {} MB only, and this kernel counts maps as locked memory", *facts.memlock / kMegabyte),
         "systemctl edit elb-agent   # LimitMEMLOCK=infinity"});
  else
    findings.push_back({Severity::kOk, "agent.memlock", "agent", "maps do not count as locked memory", ""});
  if (facts.memory_max && *facts.memory_max > 0) {
    const uint64_t percent = facts.memory_used * 100 / *facts.memory_max;
    const std::string seen = fmt::format("its control group uses {} of {} MB ({} %), maps included",
                                         facts.memory_used / kMegabyte, *facts.memory_max / kMegabyte, percent);
    findings.push_back({percent >= kNearlyFull ? Severity::kWarning : Severity::kOk, "agent.memory", "agent", seen,
                        percent >= kNearlyFull ? "systemctl set-property elb-agent MemoryMax=infinity" : ""});
  }
  return findings;
}

}  // namespace elb::inspect
