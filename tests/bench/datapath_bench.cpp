// SPDX-License-Identifier: Apache-2.0
// Nanoseconds for a packet in the balancer's program, by BPF_PROG_TEST_RUN: the floor (an empty program that only makes
// the same change to the packet), a packet of a known connection, a packet that opens one. Rounds alternate between the
// cases and the median counts, so that a change of the machine's speed meets all of them.
//   datapath_bench [--quick] [--huge] [--only TEXT] [rows.json]
// needs root; a table on the terminal, rows {"case","value",...} as a JSON list. --quick leaves the largest table out,
// --huge adds one of 10,000,000 connections (2 GB) and the time of a sweep over it, --only leaves out every case (but
// the floor) whose name does not contain the text.
//
// Each case has a second floor, "+ line": the empty program and one access to the cache line of the table in which the
// connection stands, over as many connections. Where a miss in the caches costs 150 ns it is most of a packet's cost,
// and only the ratio to this one says something about the program. "2 CPUs": packets of both together, each with
// connections of its own; ratio = times one CPU.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
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
  uint32_t connections;
  uint8_t flags;
  uint32_t repeat;
  ProgRunner* table;
  uint16_t port = 0;  // of an IPv6 listener: 80 has IPv6 members, 81 those of IPv4
  std::vector<double> ns = {};
  std::vector<double> line_ns = {};  // of the second floor
};

double median(std::vector<double>& ns) {
  std::sort(ns.begin(), ns.end());
  return ns.empty() ? 0 : ns[ns.size() / 2];
}

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

/// So many prefixes that every client is in one: half or more of them cover all addresses, the rest are more specific.
void allow_all(ProgRunner& runner, uint32_t prefixes) {
  uint32_t bits = 0;
  while (2U << bits <= prefixes) bits++;
  for (uint32_t i = 0; i < 1U << bits; i++) runner.allow(1, Ipv4Address::from_host(i << (32 - bits)), bits);
  for (uint32_t i = 1U << bits; i < prefixes; i++)
    runner.allow(1, Ipv4Address::from_host(i * 2654435761U & 0xffffff00U), 24);
  elb_policy policy{};
  policy.flags = ELB_POLICY_WHITELIST;
  policy.acl = 1;
  runner.set_policy(1, policy);
}

/// Least connections of 64 members, all of which are looked at each time.
void choose_least(ProgRunner& runner) {
  std::vector<uint32_t> ring;
  for (uint32_t i = 0; i < ELB_LEAST_SCAN; i++) ring.push_back(i);
  runner.set_ring(1, ring);
  elb_policy policy{};
  policy.algorithm = ELB_LEAST_CONNECTIONS;
  runner.set_policy(1, policy);
}

void make_sticky(ProgRunner& runner) {
  elb_policy policy{};
  policy.sticky_ticks = 1 << 20;
  policy.hash_seed = 1;
  runner.set_policy(1, policy);
}

/// The listener's address gets a bandwidth that is never reached.
std::unique_ptr<ProgRunner> limited(std::unique_ptr<ProgRunner> table) {
  if (!table) return table;
  elb_rate rate{};
  rate.per_jiffy = uint64_t{1} << 50;
  rate.burst = uint64_t{1} << 40;
  rate.quantum = 1U << 18;
  table->set_rate(0, rate);
  table->set_rate(1, rate);
  elb_policy policy{};
  policy.rate_vip = 1;
  table->set_policy(1, policy);
  return table;
}

/// `apart`: each CPU has connections of its own.
void set_connections(const ProgRunner& runner, uint32_t connections, bool apart = false) {
  struct Bench {
    uint64_t next;
    uint32_t count;
    uint32_t base;
  };
  const uint32_t zero = 0;
  const uint64_t first = connections == kEndless ? 1u << 30 : 0;  // others than those that the hits use
  std::vector<Bench> cpus(libbpf_num_possible_cpus(), Bench{first, connections, 0});
  if (apart)
    for (size_t cpu = 0; cpu < cpus.size(); cpu++) cpus[cpu].base = static_cast<uint32_t>(cpu) * connections;
  bpf_map_update_elem(runner.map_fd("bench"), &zero, cpus.data(), BPF_ANY);
}

RunResult run(const Case& c, uint8_t flags, uint32_t repeat, const char* program = nullptr) {
  const Bytes frame = c.port == 0 ? Bytes(Ethernet{} / IPv4{.dst = "10.200.1.1"} / TCP{.flags = flags} / "0123456789")
                                  : Bytes(Ethernet{} / IPv6{} / TCP{.dport = c.port, .flags = flags} / "0123456789");
  return c.table->run(frame, repeat, program ? program : c.program);
}

/// Opens the case's connections, then visits each once.
bool prepare(const Case& c) {
  set_connections(*c.table, c.connections);
  if (c.connections != kEndless && run(c, kSyn, c.connections).verdict > 4) return false;
  return run(c, c.flags, std::min(c.connections, 1000u)).verdict == 3 /* XDP_TX */;
}

struct Row {
  std::string name;
  double value;
  std::string unit, peer;
  double peer_value, ratio;
  double line = 0;  // the second floor; 0: none
};

void write_rows(const std::vector<Row>& rows, const char* path) {
  std::string text;
  for (const Row& row : rows) {
    text +=
        fmt::format(R"({}{{"case": "{}", "value": {}, "unit": "{}", "peer": "{}", "peer_value": {}, "ratio": {:.3f})",
                    text.empty() ? "" : ",\n ", row.name, row.value, row.unit, row.peer, row.peer_value, row.ratio);
    if (row.line > 0)
      text += fmt::format(R"(, "line_value": {}, "line_ratio": {:.3f})", row.line, row.value / row.line);
    text += "}";
  }
  if (std::FILE* file = std::fopen(path, "w")) {
    fmt::print(file, "[{}]\n", text);
    std::fclose(file);
  }
}

void report(std::vector<Case>& cases, std::vector<Row> more, const char* path) {
  const double floor = median(cases[0].ns);
  std::vector<Row> rows;
  fmt::print("{:<28} {:>10} {:>8} {:>17} {:>8} {:>8}\n", "case", "ns/packet", "ratio", "range", "+ line", "ratio");
  for (Case& c : cases) {
    const double value = median(c.ns), line = median(c.line_ns);
    fmt::print("{:<28} {:>10.0f} {:>8.2f} {:>8.0f} -{:>7.0f}", c.name, value, value / floor, c.ns.front(), c.ns.back());
    if (line > 0) fmt::print(" {:>8.0f} {:>8.2f}", line, value / line);
    fmt::print("\n");
    rows.push_back({c.name, value, "ns/packet", "floor", floor, value / floor, line});
  }
  for (Row& row : more) {
    fmt::print("{}: {:.1f} {}, {} {:.1f}, ratio {:.2f}\n", row.name, row.value, row.unit, row.peer, row.peer_value,
               row.ratio);
    rows.push_back(std::move(row));
  }
  for (const ProgramFacts& fact : cases[0].table->facts())
    fmt::print("{}: {} verified instructions, {} bytes of machine code\n", fact.name, fact.verified_instructions,
               fact.jited_bytes);
  if (path) write_rows(rows, path);
}

void pin_to(int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  sched_setaffinity(0, sizeof cpus, &cpus);
}

/// Nanoseconds for a packet on each of these CPUs while all of them work, the mean.
double together(const Case& c, const std::vector<int>& cpus) {
  std::vector<double> ns(cpus.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < cpus.size(); i++)
    threads.emplace_back([&, i] {
      pin_to(cpus[i]);
      ns[i] = run(c, c.flags, c.repeat).ns;
    });
  for (std::thread& thread : threads) thread.join();
  return std::accumulate(ns.begin(), ns.end(), 0.0) / static_cast<double>(ns.size());
}

/// One and two CPUs in turn, each with connections of its own.
std::vector<Row> two_cpus(const ProgRunner& runner, ProgRunner* table, std::string_view only) {
  const std::string name = "2 CPUs at once";
  if (libbpf_num_possible_cpus() < 2 || std::thread::hardware_concurrency() < 2 || name.find(only) == std::string::npos)
    return {};
  constexpr uint32_t kEach = 32768;
  const Case c{name, "bench_balance", kEach, kAck, 2000000, table};
  set_connections(runner, kEach, true);
  for (const int cpu : {0, 1}) std::thread([&] { pin_to(cpu), run(c, kSyn, kEach); }).join();
  std::vector<double> one, two;
  for (int round = 0; round < kRounds; round++) {
    one.push_back(together(c, {round % 2}));
    two.push_back(together(c, {0, 1}));
  }
  const double alone = median(one), both = median(two);
  return {{name, both, "ns/packet and CPU", "1 CPU", alone, 2 * alone / both}};
}

/// How long the agent's sweep over the table takes, that ends nothing.
std::vector<Row> sweep_of(const Case& c) {
  elb_flow_limits limits{};
  for (auto& idle : limits.idle) idle = 1u << 30;
  limits.rest = limits.grace = 1u << 30;
  const elb_table table = c.table->table();
  const uint32_t now = ELB_LOAD(elb_table_slot(&table, 0)->last);
  const auto begun = std::chrono::steady_clock::now();
  const elb_sweep_counts counts = sweep_all(table, now, limits);
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
  const double bytes = (static_cast<double>(table.mask) + 1) * sizeof(elb_flow) / static_cast<double>(counts.live);
  return {{fmt::format("sweep of {} connections", counts.live), ms, "ms", "at most", 1000, ms / 1000},
          {"memory", bytes, "bytes/connection of the table", "2 entries", 2 * sizeof(elb_flow),
           bytes / (2 * sizeof(elb_flow))}};
}

struct Options {
  const char* path = nullptr;
  bool large = true, huge = false;
  std::string_view only;
};

int run_all(const Options& options) {
  pin_to(sched_getcpu());
  const auto table = make_table(1u << 20);                            // what elb-agent makes unless told otherwise
  const auto medium = make_table(1u << 21);                           // half full with 524,288 connections
  const auto large = options.large ? make_table(1u << 24) : nullptr;  // 1 GB
  const auto huge = options.huge ? make_table(1u << 25) : nullptr;    // 2 GB
  if (!table || !medium || (options.large && !large) || (options.huge && !huge)) return 1;
  constexpr uint32_t kOpening = 1u << 16;
  const auto listed = make_table(kOpening), long_listed = make_table(kOpening), sticky = make_table(kOpening),
             least = make_table(kOpening), plain = make_table(kOpening);
  if (!listed || !long_listed || !sticky || !least || !plain) return 1;
  allow_all(*listed, 1000);
  allow_all(*long_listed, 10000);
  make_sticky(*sticky);
  choose_least(*least);
  const auto rated = limited(make_table(1u << 10));
  if (!rated) return 1;
  std::vector<Case> cases = {
      {"floor (empty XDP_TX)", "bench_floor", 1, kAck, 500000, table.get()},
      {"hit, 1 connection", "bench_balance", 1, kAck, 500000, table.get()},
      {"hit, bandwidth limit", "bench_balance", 1, kAck, 500000, rated.get()},
      {"hit, 65536 connections", "bench_balance", 65536, kAck, 1000000, table.get()},
      {"hit, 524288 connections", "bench_balance", 524288, kAck, 1000000, medium.get()},
      {"floor, IPv6 (empty XDP_TX)", "bench_floor6", 1, kAck, 500000, table.get(), 80},
      {"IPv6 hit, 1 connection", "bench_balance6", 1, kAck, 500000, table.get(), 80},
      {"IPv6 hit, 65536 connections", "bench_balance6", 65536, kAck, 1000000, table.get(), 80},
      {"new connection", "bench_open", kEndless, kSyn, 500000, table.get()},
      // In a table that the cache nearly holds, to see what each adds.
      {"new, small table", "bench_open", kEndless, kSyn, 300000, plain.get()},
      {"new, whitelist of 1000", "bench_open", kEndless, kSyn, 300000, listed.get()},
      {"new, whitelist of 10000", "bench_open", kEndless, kSyn, 300000, long_listed.get()},
      {"new, sticky, unknown client", "bench_open", kEndless, kSyn, 300000, sticky.get()},
      {"new, sticky, known client", "bench_open", 1024, kSyn, 300000, sticky.get()},
      {"new, least of 64 members", "bench_open", kEndless, kSyn, 300000, least.get()},
  };
  if (large) {
    cases.push_back({"hit, 1000000 connections", "bench_balance", 1000000, kAck, 2000000, large.get()});
    cases.push_back({"hit, 4194304 connections", "bench_balance", 1u << 22, kAck, 2000000, large.get()});
  }
  if (huge) cases.push_back({"hit, 10000000 connections", "bench_balance", 10000000, kAck, 4000000, huge.get()});
  std::erase_if(cases, [&](const Case& c) {
    return !c.name.starts_with("floor") && c.name.find(options.only) == std::string::npos;
  });
  for (int round = 0; round < kRounds; round++) {
    for (Case& c : cases) {
      if (round == 0 && !prepare(c)) {
        fmt::print(stderr, "{}: packets are not forwarded; reasons (enum elb_reason): {}\n", c.name,
                   fmt::join(c.table->reasons(), " "));
        return 1;
      }
      set_connections(*c.table, c.connections);
      c.ns.push_back(run(c, c.flags, c.repeat).ns);
      if (c.name.starts_with("floor")) continue;
      set_connections(*c.table, c.connections);
      c.line_ns.push_back(run(c, kAck, c.repeat, "bench_line").ns);
    }
  }
  std::vector<Row> more = two_cpus(*table, table.get(), options.only);
  if (huge && cases.back().table == huge.get())
    for (Row& row : sweep_of(cases.back())) more.push_back(std::move(row));
  report(cases, std::move(more), options.path);
  return 0;
}

}  // namespace
}  // namespace elb::test

int main(int argc, char** argv) {
  elb::test::Options options;
  for (int i = 1; i < argc; i++) {
    const std::string_view word = argv[i];
    if (word == "--quick")
      options.large = false;
    else if (word == "--huge")
      options.huge = true;
    else if (word == "--only" && i + 1 < argc)
      options.only = argv[++i];
    else
      options.path = argv[i];
  }
  return elb::test::run_all(options);
}
