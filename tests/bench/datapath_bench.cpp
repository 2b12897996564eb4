// SPDX-License-Identifier: Apache-2.0
// Nanoseconds for a packet in the balancer's program, by BPF_PROG_TEST_RUN: the floor (an empty program that only makes
// the same change to the packet), a packet of a known connection, a packet that opens one. Rounds alternate between the
// cases and the median counts, so that a change of the machine's speed meets all of them.
//   datapath_bench [--quick] [--only TEXT] [rows.json]
// needs root; a table on the terminal, rows {"case","value",...} as a JSON list. --quick leaves the largest table out,
// --only every case (but the floor) whose name does not contain the text.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "datapath_bench.skel.h"
#include "harness/prog_runner.h"

namespace elb::test {
namespace {

constexpr int kRounds = 15;
constexpr uint32_t kMembers = 100;
constexpr uint32_t kEndless = 1u << 31;  // every packet another client

struct Case {
  std::string name;
  const char* program;
  uint32_t connections;  // a power of two
  uint8_t flags;
  uint32_t repeat;
  ProgRunner* table;
  uint16_t port = 0;  // of an IPv6 listener: 80 has IPv6 members, 81 those of IPv4
  std::vector<double> ns = {};

  double median() {
    std::sort(ns.begin(), ns.end());
    return ns[ns.size() / 2];
  }
};

std::span<const uint8_t> elf() {
  size_t size = 0;
  const void* data = datapath_bench__elf_bytes(&size);
  return {static_cast<const uint8_t*>(data), size};
}

std::unique_ptr<ProgRunner> make_table(uint32_t slots) {
  RunnerOptions options;
  options.flow_slots = slots;
  options.local_count = 250;
  auto runner = std::make_unique<ProgRunner>(elf(), options);
  if (!runner->ok()) return nullptr;
  runner->set_address(Ipv4Address("10.200.1.1"), ELB_ADDR_VIP);
  runner->set_listener(Ipv4Address("10.200.1.1"), 80, 6, 1);
  runner->set_address(Ipv6Address("2001:db8::1"), ELB_ADDR_VIP);
  runner->set_listener(Ipv6Address("2001:db8::1"), 80, 6, 2);
  runner->set_listener(Ipv6Address("2001:db8::1"), 81, 6, 1);
  runner->set_link(ProgRunner::kLoopback, "02:00:00:00:00:01", 1500);
  runner->set_hop(1, {{2, 0, 0, 0, 0, 9}, {2, 0, 0, 0, 0, 8}, ProgRunner::kLoopback, 1500, 1, 0, 0});
  std::vector<uint32_t> ring;
  for (uint32_t i = 0; i < kMembers; i++) {
    runner->set_member(i, Ipv4Address::from_host(0x0a000200 + i), 8080, 1, 1);
    ring.push_back(i);
  }
  runner->set_ring(1, ring);
  for (uint32_t i = 0; i < kMembers; i++) {
    Ipv6Address member("2001:db8:2::");
    member.bytes[15] = static_cast<uint8_t>(i + 1);
    runner->set_member(kMembers + i, member, 8080, 1, 2);
    ring[i] = kMembers + i;
  }
  runner->set_ring(2, ring);
  runner->free_hops(ELB_HOPS_MEMBERS, 4);
  return runner;
}

void set_connections(const ProgRunner& runner, uint32_t connections) {
  struct Bench {
    uint64_t next;
    uint32_t mask;
    uint32_t pad;
  };
  const uint32_t zero = 0;
  const uint64_t first = connections == kEndless ? 1u << 30 : 0;  // others than those that the hits use
  std::vector<Bench> cpus(libbpf_num_possible_cpus(), Bench{first, connections - 1, 0});
  bpf_map_update_elem(runner.map_fd("bench"), &zero, cpus.data(), BPF_ANY);
}

RunResult run(const Case& c, uint8_t flags, uint32_t repeat) {
  const Bytes frame = c.port == 0 ? Bytes(Ethernet{} / IPv4{.dst = "10.200.1.1"} / TCP{.flags = flags} / "0123456789")
                                  : Bytes(Ethernet{} / IPv6{} / TCP{.dport = c.port, .flags = flags} / "0123456789");
  return c.table->run(frame, repeat, c.program);
}

/// Opens the case's connections, then visits each once.
bool prepare(const Case& c) {
  set_connections(*c.table, c.connections);
  if (c.connections != kEndless && run(c, kSyn, c.connections).verdict > 4) return false;
  return run(c, c.flags, std::min(c.connections, 1000u)).verdict == 3 /* XDP_TX */;
}

void report(std::vector<Case>& cases, const char* path) {
  const double floor = cases[0].median();
  std::string rows;
  fmt::print("{:<28} {:>10} {:>8} {:>17}\n", "case", "ns/packet", "ratio", "range");
  for (Case& c : cases) {
    const double value = c.median();
    fmt::print("{:<28} {:>10.0f} {:>8.2f} {:>8.0f} -{:>7.0f}\n", c.name, value, value / floor, c.ns.front(),
               c.ns.back());
    rows += fmt::format(
        R"({}{{"case": "{}", "value": {}, "unit": "ns/packet", "peer": "floor", "peer_value": {}, "ratio": {:.3f}}})",
        rows.empty() ? "" : ",\n ", c.name, value, floor, value / floor);
  }
  for (const ProgramFacts& fact : cases[0].table->facts())
    fmt::print("{}: {} verified instructions, {} bytes of machine code\n", fact.name, fact.verified_instructions,
               fact.jited_bytes);
  if (!path) return;
  if (std::FILE* file = std::fopen(path, "w")) {
    fmt::print(file, "[{}]\n", rows);
    std::fclose(file);
  }
}

int run_all(const char* path, bool huge, std::string_view only) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(sched_getcpu(), &cpus);
  sched_setaffinity(0, sizeof cpus, &cpus);

  const auto table = make_table(1u << 20);                   // what elb-agent makes unless told otherwise
  const auto medium = make_table(1u << 21);                  // half full with 524,288 connections
  const auto large = huge ? make_table(1u << 24) : nullptr;  // 1 GB
  if (!table || !medium || (huge && !large)) return 1;
  std::vector<Case> cases = {
      {"floor (empty XDP_TX)", "bench_floor", 1, kAck, 500000, table.get()},
      {"hit, 1 connection", "bench_balance", 1, kAck, 500000, table.get()},
      {"hit, 65536 connections", "bench_balance", 65536, kAck, 1000000, table.get()},
      {"hit, 524288 connections", "bench_balance", 524288, kAck, 1000000, medium.get()},
      {"floor, IPv6 (empty XDP_TX)", "bench_floor6", 1, kAck, 500000, table.get(), 80},
      {"IPv6 hit, 1 connection", "bench_balance6", 1, kAck, 500000, table.get(), 80},
      {"IPv6 hit, 65536 connections", "bench_balance6", 65536, kAck, 1000000, table.get(), 80},
      {"new connection", "bench_open", kEndless, kSyn, 500000, table.get()},
  };
  if (huge) cases.push_back({"hit, 4194304 connections", "bench_balance", 1u << 22, kAck, 2000000, large.get()});
  std::erase_if(cases,
                [&](const Case& c) { return !c.name.starts_with("floor") && c.name.find(only) == std::string::npos; });
  for (int round = 0; round < kRounds; round++) {
    for (Case& c : cases) {
      if (round == 0 && !prepare(c)) {
        fmt::print(stderr, "{}: packets are not forwarded; reasons (enum elb_reason): {}\n", c.name,
                   fmt::join(c.table->reasons(), " "));
        return 1;
      }
      set_connections(*c.table, c.connections);
      c.ns.push_back(run(c, c.flags, c.repeat).ns);
    }
  }
  report(cases, path);
  return 0;
}

}  // namespace
}  // namespace elb::test

int main(int argc, char** argv) {
  bool huge = true;
  const char* path = nullptr;
  std::string_view only;
  for (int i = 1; i < argc; i++) {
    if (std::string(argv[i]) == "--quick")
      huge = false;
    else if (std::string(argv[i]) == "--only" && i + 1 < argc)
      only = argv[++i];
    else
      path = argv[i];
  }
  return elb::test::run_all(path, huge, only);
}
