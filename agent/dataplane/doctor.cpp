// SPDX-License-Identifier: Apache-2.0
#include "dataplane/doctor.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "dataplane/abi_values.h"
#include "dataplane/syn_cookies.h"
#include "inspect/kernel.h"
#include "inspect/links.h"

namespace elb::dataplane {
namespace {

using model::Finding;
using model::Findings;
using model::Severity;

constexpr uint64_t kWarnPercent = 50, kErrorPercent = 90;
constexpr double kSweepLate = 30;  // seconds; a sweep of the largest table takes a second or two

void append(Findings& to, Findings more) {
  for (Finding& finding : more) to.push_back(std::move(finding));
}

Finding unreadable(const char* check, const Error& error) {
  return {Severity::kError, check, "data path", "can not be read: " + error.to_string(),
          "journalctl -u elb-agent -n 50"};
}

uint64_t count_keys(int fd, size_t key_size) {
  std::vector<uint8_t> key(key_size), next(key_size);
  uint64_t count = 0;
  const void* from = nullptr;
  while (bpf_map_get_next_key(fd, from, next.data()) == 0 && ++count <= ELB_HOPS_MAX) {
    key = next;
    from = key.data();
  }
  return count;
}

void examine_maps(const Patient& patient, Findings& findings) {
  const auto use = [&](std::string check, std::string what, uint64_t used, uint64_t capacity, std::string remedy) {
    findings.push_back(judge_use(std::move(check), "data path", std::move(what), used, capacity, std::move(remedy)));
  };
  const auto counts = patient.sweeper.counts();
  use("map.flows", fmt::format("slots of the flow table, {} of them resting ports", counts.resting), counts.used,
      patient.options.flow_slots,
      fmt::format("systemctl edit elb-agent   # --flow-slots {} (connections end once)",
                  uint64_t{patient.options.flow_slots} * 4));
  if (const auto listeners = patient.port.read_listeners())
    use("map.listeners", "listeners", listeners->size(), patient.options.max_listeners,
        "systemctl edit elb-agent   # --max-listeners (connections end once)");
  use("map.members", "(listener, member) pairs", patient.view.get()->pairs.size(), patient.options.max_members,
      "systemctl edit elb-agent   # --max-members (connections end once)");
  if (const auto hops = patient.port.read_hops())
    use("map.hops", "next hops of members", hops->size(), ELB_HOPS_MEMBERS - 1,
        "use fewer member addresses: each takes one next hop");
  use("map.learnt_hops", "next hops of clients",
      count_keys(patient.object.map_fd(ELB_MAP_HOP_INDEX), sizeof(elb_hop_key)), ELB_HOPS_MAX - ELB_HOPS_MEMBERS,
      "put a router between the clients and this node, or restart with a new table");
  if (const auto addrs = patient.port.read_addrs())
    use("map.addresses", "addresses and prefixes", addrs->size(), patient.object.map_entries(ELB_MAP_ADDRS),
        "systemctl edit elb-agent   # --max-listeners (connections end once)");
}

/// Local ports towards each member: all its listeners share them.
void examine_ports(const Patient& patient, Findings& findings) {
  const auto members = patient.port.read_members();
  if (!members) {
    findings.push_back(unreadable("ports", members.error()));
    return;
  }
  const Usage usage = patient.sweeper.usage();
  std::map<Endpoint, uint64_t> used;
  for (const auto& [index, member] : *members) {
    if (member.hop == 0 || index >= usage.flows.size()) continue;
    const OpenFlows open = patient.sweeper.open_flows(index);
    const uint64_t entries = usage.flows[index], forward = uint64_t{open.active} + open.inactive;
    used[Endpoint{ip_of(member.addr), ntohs(member.port)}] += entries - std::min(entries, forward);
  }
  const uint64_t capacity = uint64_t{patient.options.local_count()} * ELB_PORT_COUNT;
  bool alarmed = false;
  uint64_t most = 0;
  for (const auto& [endpoint, ports] : used) {
    most = std::max(most, ports);
    Finding finding = judge_use("ports", "member " + endpoint.to_string(), "local ports towards it", ports, capacity,
                                "systemctl edit elb-agent   # --local-addresses with a shorter prefix");
    if (finding.severity == Severity::kOk) continue;
    alarmed = true;
    findings.push_back(std::move(finding));
  }
  if (!alarmed)
    findings.push_back(judge_use("ports", "members", fmt::format("local ports towards the busiest of {}", used.size()),
                                 most, capacity, ""));
}

void examine_hops(const Patient& patient, Findings& findings) {
  const auto problems = patient.hops.problems();
  for (const auto& [address, problem] : problems)
    findings.push_back({Severity::kError, "member.next_hop", "member " + address.to_string(),
                        fmt::format("no packet can be sent to it: {}", problem),
                        fmt::format("ip route get {0}; ip neigh show {0}; ping -c1 {0}", address.to_string())});
  const auto members = patient.port.read_members();
  const auto hops = patient.port.read_hops();
  const auto links = patient.port.read_links();
  if (!members || !hops || !links) return;
  std::map<IpAddress, uint32_t> elsewhere;  // member address -> interface without our program
  size_t resolved = 0;
  for (const auto& [index, member] : *members) {
    const auto hop = hops->find(member.hop);
    if (member.hop == 0 || hop == hops->end() || hop->second.valid == 0) continue;
    ++resolved;
    if (links->count(hop->second.ifindex) == 0) elsewhere[ip_of(member.addr)] = hop->second.ifindex;
  }
  for (const auto& [address, ifindex] : elsewhere) {
    char name[IF_NAMESIZE] = {};
    const std::string interface = if_indextoname(ifindex, name) == nullptr ? std::to_string(ifindex) : name;
    findings.push_back(
        {Severity::kWarning, "member.return_path", "member " + address.to_string(),
         fmt::format("is reached by {}, which is not balanced on: its answers are not seen there", interface),
         fmt::format("systemctl edit elb-agent   # --interface {}", interface)});
  }
  if (problems.empty() && elsewhere.empty())
    findings.push_back({Severity::kOk, "member.next_hop", "members",
                        fmt::format("{} entries, all next hops are resolved", resolved), ""});
}

void examine_age(const Patient& patient, Findings& findings) {
  const auto swept = patient.sweeper.swept_at();
  const auto now = patient.object.tick();
  if (!now) {
    findings.push_back(unreadable("agent.sweep", now.error()));
    return;
  }
  const double age = swept ? patient.object.rate().seconds(*now - *swept) : -1;
  if (age < 0 || age > kSweepLate)
    findings.push_back({Severity::kError, "agent.sweep", "agent",
                        age < 0 ? "has not swept the flow table yet: silent connections do not end"
                                : fmt::format("swept the flow table {:.0f} s ago: silent connections do not end", age),
                        "systemctl restart elb-agent   # connections stay"});
  else
    findings.push_back(
        {Severity::kOk, "agent.sweep", "agent", fmt::format("swept the flow table {:.0f} s ago", age), ""});
}

void examine_pins(const Patient& patient, Findings& findings) {
  const elb_meta& meta = patient.object.meta();
  findings.push_back({Severity::kOk, "pins.abi", patient.options.pin_dir,
                      fmt::format("ABI version {}, maps were {} when the agent started", meta.abi_version,
                                  patient.object.adopted() ? "adopted" : "made anew"),
                      ""});
  if (!patient.pins.exists(patient.pins.program_path()) || !patient.pins.exists(patient.pins.map_path(ELB_MAP_META)))
    findings.push_back({Severity::kWarning, "pins.gone", patient.options.pin_dir,
                        "pins are missing: somebody removed them, the next audit makes them again",
                        "journalctl -u elb-agent -n 50"});
}

/// Maps that another agent, or another version of it, has left beside ours.
void examine_other_pins(const Patient& patient, Findings& findings) {
  namespace fs = std::filesystem;
  const fs::path own(patient.options.pin_dir);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(own.parent_path(), error)) {
    if (entry.path() == own) continue;
    const auto pins = PinDir::look(entry.path().string());
    if (!pins || !pins->exists(pins->map_path(ELB_MAP_META))) continue;
    const auto state = BpfObject::look(patient.options, *pins);
    if (!state) continue;
    findings.push_back(
        {Severity::kWarning, "pins.others", entry.path().string(),
         fmt::format("holds maps of ABI version {} as well (ours: {}), {}; {}", state->abi, ELB_ABI_VERSION,
                     state->program, pins->in_use() ? "another agent is running on it" : "no agent is running on it"),
         fmt::format("elb-agent --teardown --pin-dir {}   # if it is not in use", entry.path().string())});
  }
}

/// Packets that were dropped for want of something: PF-02.
void examine_drops(const Patient& patient, Findings& findings) {
  const auto packets = patient.port.read_reasons();
  if (!packets) {
    findings.push_back(unreadable("drops", packets.error()));
    return;
  }
  static constexpr std::array kLack = {"no_member", "table_full",  "no_port",     "no_hop",           "hops_full",
                                       "too_big",   "no_headroom", "table_share", "connection_limit", "rate_guard"};
  bool any = false;
#define ELB_REASON_ROW(NAME, name, drop, text)                                                                       \
  if (std::find(kLack.begin(), kLack.end(), std::string_view(name)) != kLack.end() &&                                \
      (*packets)[ELB_REASON_##NAME] > 0) {                                                                           \
    any = true;                                                                                                      \
    findings.push_back({Severity::kWarning, "drops." name, "data path",                                              \
                        fmt::format("{} packets since the counters began: {}", (*packets)[ELB_REASON_##NAME], text), \
                        "elbctl top   # is it still going on?"});                                                    \
  }
  ELB_REASONS(ELB_REASON_ROW)
#undef ELB_REASON_ROW
  if (!any) findings.push_back({Severity::kOk, "drops", "data path", "no packet was dropped for want of anything", ""});
}

}  // namespace

Finding judge_use(std::string check, std::string subject, std::string what, uint64_t used, uint64_t capacity,
                  std::string remedy) {
  const uint64_t percent = capacity == 0 ? 0 : used * 100 / capacity;
  const Severity severity = percent >= kErrorPercent  ? Severity::kError
                            : percent >= kWarnPercent ? Severity::kWarning
                                                      : Severity::kOk;
  return {severity, std::move(check), std::move(subject),
          fmt::format("{} of {} {} in use ({} %)", used, capacity, what, percent),
          severity == Severity::kOk ? "" : std::move(remedy)};
}

Findings examine(const Patient& patient) {
  Findings findings = examine_programs(patient.options, patient.object);
  append(findings, inspect::look_at_links(patient.options.interfaces));
  const inspect::KernelFacts kernel = inspect::read_kernel();
  append(findings, inspect::judge_kernel(kernel));
  append(findings, inspect::judge_process(kernel));
  examine_pins(patient, findings);
  examine_other_pins(patient, findings);
  examine_age(patient, findings);
  examine_maps(patient, findings);
  examine_ports(patient, findings);
  examine_hops(patient, findings);
  const auto own = own_addresses();
  const auto ours = patient.port.read_addrs();
  if (own && ours)
    append(findings, judge_addresses(*own, *ours));
  else
    findings.push_back(unreadable("addresses", own ? ours.error() : own.error()));
  findings.push_back(judge_syn_cookies(patient.options, syn_cookie_obstacle()));
  examine_drops(patient, findings);
  return findings;
}

}  // namespace elb::dataplane
