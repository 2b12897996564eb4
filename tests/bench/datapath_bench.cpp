// SPDX-License-Identifier: Apache-2.0
// Nanoseconds for a packet in the balancer's program, by BPF_PROG_TEST_RUN: the floor (an empty program that only makes
// the same change to the packet), a packet of a known connection, a packet that opens one. Rounds alternate between the
// cases and the median counts, so that a change of the machine's speed meets all of them.
//   datapath_bench [--quick] [--huge] [--rounds N] [--only TEXT] [rows.json]
// needs root; a table on the terminal, rows {"case","value",...} as a JSON list. --quick leaves the largest table out,
// --huge measures a table of 10,000,000 connections (4 GB) beside one of 1,000,000, and sweeps over it, and nothing
// else; --only leaves out every case (but the floor) whose name does not contain the text.
//
// Each case has a second floor, "+ line": the empty program and one access to the cache line of the table in which the
// connection stands, over as many connections. Where a miss in the caches costs 150 ns it is most of a packet's cost,
// and only the ratio to this one says something about the program. "2 CPUs": packets of both together, each with
// connections of its own; ratio = times one CPU. "hit + TOA" also shrinks the frame again for the next packet, as its
// own floor ("floor, TOA") does, which grows it by hand.
//
// Connections that are opened end by wiping the table, so these cases have tables of their own: in one that they shared
// with the hits, every hit after the first round would be a miss, answered with a reset. Every round is looked at
// whether its packets went the way that the case says (Case::stray).
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <thread>

#include "bench/bench_rows.h"
#include "bench/bench_world.h"

namespace elb::bench {
namespace {

using test::Bytes;
using test::Ethernet;
using test::IPv4;
using test::IPv6;
using test::kAck;
using test::kSyn;
using test::RunResult;
using test::TCP;

constexpr uint32_t kEndless = 1u << 31;  // every packet another client
constexpr uint32_t kFill = 8;            // connections are opened until one slot in four is in use
constexpr uint32_t kHuge = 10'000'000;
constexpr size_t kHeaders4 = 54, kHeaders6 = 74;

struct Case {
  std::string name;
  const char* program;
  uint32_t connections;
  uint8_t flags;
  uint32_t repeat;
  ProgRunner* table;
  uint16_t port = kPlainPort;
  const char* opener = nullptr;  // opens the connections, if the program itself can not
  std::vector<double> ns = {};
  std::vector<double> line_ns = {};  // of the second floor

  bool v6() const { return std::string_view(program).ends_with('6'); }
  bool floor() const { return name.starts_with("floor"); }
  bool opens() const { return flags == kSyn; }

  /// So many packets may go another way than the case's: the windows of a key can be full, the likelier the fuller the
  /// table is, and its connection is then missing.
  uint64_t stray() const { return repeat / 1000; }
};

/// As in datapath_bench.bpf.c.
struct State {
  uint64_t next;
  uint32_t count, base;
  uint16_t port, word;
  uint8_t head[60];
};
static_assert(sizeof(State) == 80);

Bytes frame_of(const Case& c, uint8_t flags) {
  if (c.v6()) return Ethernet{} / IPv6{} / TCP{.dport = c.port, .flags = flags} / "0123456789";
  return Ethernet{} / IPv4{.dst = "10.200.1.1"} / TCP{.dport = c.port, .flags = flags} / "0123456789";
}

/// The next run's packets have these flags. `apart`: each CPU has connections of its own.
void set_connections(const Case& c, uint8_t flags, bool apart = false) {
  const uint32_t zero = 0;
  State state{};
  state.next = c.connections == kEndless ? 1u << 30 : 0;  // others than those that the hits use
  state.count = c.connections;
  state.port = htons(c.port);
  const Bytes frame = frame_of(c, flags);
  std::memcpy(&state.word, frame.data() + (c.v6() ? kHeaders6 : kHeaders4) - 8, sizeof state.word);
  std::copy_n(frame.begin(), sizeof state.head, state.head);
  std::vector<State> cpus(static_cast<size_t>(libbpf_num_possible_cpus()), state);
  if (apart)
    for (size_t cpu = 0; cpu < cpus.size(); cpu++) cpus[cpu].base = static_cast<uint32_t>(cpu) * c.connections;
  bpf_map_update_elem(c.table->map_fd("bench"), &zero, cpus.data(), BPF_ANY);
}

RunResult run(const Case& c, uint8_t flags, uint32_t repeat, const char* program = nullptr) {
  return c.table->run(frame_of(c, flags), repeat, program ? program : c.program);
}

/// How many packets had another end than to be forwarded.
uint64_t turned_away(const Case& c) {
  const std::vector<uint64_t> reasons = c.table->reasons();
  return std::accumulate(reasons.begin(), reasons.end(), uint64_t{0});
}

/// Opens the case's connections, then visits each once.
bool prepare(const Case& c) {
  set_connections(c, kSyn);
  if (c.connections != kEndless && run(c, kSyn, c.connections, c.opener).verdict > 4) return false;
  set_connections(c, c.flags);
  return run(c, c.flags, std::min(c.connections, 1000u)).verdict == 3 /* XDP_TX */;
}

/// Nanoseconds for a packet that opens a connection. Ends them all, outside what is measured, before the table fills.
double run_opening(const Case& c) {
  const elb_table table = c.table->table();
  const size_t slots = size_t{table.mask} + 1;
  const uint32_t batch = std::min(c.connections, static_cast<uint32_t>(slots / kFill));
  double ns = 0;
  uint32_t opened = 0;
  for (; opened < c.repeat; opened += batch) {
    std::memset(static_cast<void*>(table.base), 0, slots * sizeof(elb_flow));
    ns += run(c, kSyn, batch).ns * batch;
  }
  return ns / opened;
}

void pin_to(int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  sched_setaffinity(0, sizeof cpus, &cpus);
}

bool two_cpus() { return libbpf_num_possible_cpus() >= 2 && std::thread::hardware_concurrency() >= 2; }

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
Row both_cpus(ProgRunner* table, int rounds) {
  constexpr uint32_t kEach = 32768;
  const Case c{"2 CPUs at once", "bench_balance", kEach, kAck, 2000000, table};
  set_connections(c, kSyn, true);
  for (const int cpu : {0, 1}) std::thread([&] { pin_to(cpu), run(c, kSyn, kEach); }).join();
  std::vector<double> one, two;
  for (int round = 0; round < rounds; round++) {
    one.push_back(together(c, {round % 2}));
    two.push_back(together(c, {0, 1}));
  }
  const double alone = median(one), both = median(two);
  return {c.name, both, "ns/packet and CPU", "1 CPU", alone, 2 * alone / both};
}

/// A sweep over the table as the agent makes them, but one that ends nothing.
elb_sweep_counts sweep_once(const Case& c) {
  elb_flow_limits limits{};
  for (auto& idle : limits.idle) idle = 1u << 30;
  limits.rest = limits.grace = 1u << 30;
  const elb_table table = c.table->table();
  return test::sweep_all(table, ELB_LOAD(elb_table_slot(&table, 0)->last), limits);
}

/// How long a sweep takes, what the table costs, and what packets cost while one CPU sweeps without a pause.
std::vector<Row> sweeps(const Case& c, int rounds) {
  const auto begun = std::chrono::steady_clock::now();
  const elb_sweep_counts counts = sweep_once(c);
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
  const double bytes =
      (static_cast<double>(c.table->table().mask) + 1) * sizeof(elb_flow) / static_cast<double>(counts.live);
  std::vector<Row> rows = {{fmt::format("sweep, {} connections", c.connections), ms, "ms", "a second", 1000, ms / 1000},
                           {fmt::format("memory, {} connections", c.connections), bytes, "bytes/connection",
                            "2 entries", 2 * sizeof(elb_flow), bytes / (2 * sizeof(elb_flow))}};
  if (!two_cpus()) return rows;
  std::vector<double> alone, beside;
  for (int round = 0; round < rounds; round++) {
    set_connections(c, c.flags);
    alone.push_back(together(c, {0}));
    std::atomic<bool> stop{false};
    std::thread sweeper([&] {
      pin_to(1);
      while (!stop) sweep_once(c);
    });
    set_connections(c, c.flags);
    beside.push_back(together(c, {0}));
    stop = true;
    sweeper.join();
  }
  const double without = median(alone), with = median(beside);
  rows.push_back({fmt::format("hit beside a sweep, {} connections", c.connections), with, "ns/packet", "no sweep",
                  without, with / without});
  return rows;
}

/// One case measured against another.
void compare(std::vector<Case>& cases, std::string_view name, std::string_view peer, std::vector<Row>& rows) {
  const auto find = [&](std::string_view wanted) {
    return std::find_if(cases.begin(), cases.end(), [&](const Case& c) { return c.name == wanted; });
  };
  const auto one = find(name), other = find(peer);
  if (one == cases.end() || other == cases.end()) return;
  const double value = median(one->ns), against = median(other->ns);
  rows.push_back({fmt::format("{} / {}", name, peer), value, "ns/packet", std::string(peer), against, value / against});
}

struct Options {
  const char* path = nullptr;
  bool large = true, huge = false;
  int rounds = 15;
  std::string_view only;

  bool wants(const Case& c) const { return c.floor() || c.name.find(only) != std::string::npos; }
};

bool not_forwarded(const Case& c) {
  fmt::print(stderr, "{}: packets are not forwarded; reasons (enum elb_reason): {}\n", c.name,
             fmt::join(c.table->reasons(), " "));
  return false;
}

/// Rounds over all cases. False: one of them does not forward.
bool measure(std::vector<Case>& cases, int rounds) {
  for (int round = 0; round < rounds; round++) {
    for (Case& c : cases) {
      if (round == 0 && !prepare(c)) return not_forwarded(c);
      set_connections(c, c.flags);
      const uint64_t before = turned_away(c);
      c.ns.push_back(c.opens() ? run_opening(c) : run(c, c.flags, c.repeat).ns);
      if (turned_away(c) - before > c.stray()) return not_forwarded(c);
      if (c.floor()) continue;
      set_connections(c, kAck);
      c.line_ns.push_back(run(c, kAck, c.repeat, c.v6() ? "bench_line6" : "bench_line").ns);
    }
  }
  return true;
}

/// Prints all and writes them to the path, if there is one.
bool report(std::vector<Case>& cases, const std::vector<Row>& more, const char* path) {
  const double floor = median(cases[0].ns);
  std::vector<Row> rows;
  fmt::print("{:<32} {:>10} {:>8} {:>17} {:>8} {:>8}\n", "case", "ns/packet", "ratio", "range", "+ line", "ratio");
  for (Case& c : cases) {
    const double value = median(c.ns), line = median(c.line_ns);
    fmt::print("{:<32} {:>10.0f} {:>8.2f} {:>8.0f} -{:>7.0f}", c.name, value, value / floor, c.ns.front(), c.ns.back());
    if (line > 0) fmt::print(" {:>8.0f} {:>8.2f}", line, value / line);
    fmt::print("\n");
    rows.push_back({c.name, value, "ns/packet", "floor", floor, value / floor, line});
  }
  for (const Row& row : more) {
    fmt::print("{}: {:.1f} {}, {} {:.1f}, ratio {:.2f}\n", row.name, row.value, row.unit, row.peer, row.peer_value,
               row.ratio);
    rows.push_back(row);
  }
  for (const test::ProgramFacts& fact : cases[0].table->facts())
    fmt::print("{}: {} verified instructions, {} bytes of machine code\n", fact.name, fact.verified_instructions,
               fact.jited_bytes);
  return path == nullptr || write_rows(rows, path);
}

int run_huge(const Options& options) {
  const auto million = make_table(1u << 24), huge = make_table(1u << 26);
  if (!million || !huge) return 1;
  std::vector<Case> cases = {
      {"floor (empty XDP_TX)", "bench_floor", 1, kAck, 500000, million.get()},
      {"hit, 1000000 connections", "bench_balance", 1000000, kAck, 2000000, million.get()},
      {"hit, 10000000 connections", "bench_balance", kHuge, kAck, 2000000, huge.get()},
  };
  if (!measure(cases, options.rounds)) return 1;
  std::vector<Row> more;
  compare(cases, "hit, 10000000 connections", "hit, 1000000 connections", more);
  for (Row& row : sweeps(cases.back(), options.rounds)) more.push_back(std::move(row));
  return report(cases, more, options.path) ? 0 : 1;
}

int run_all(const Options& options) {
  constexpr uint32_t kUsual = 1u << 20;  // what elb-agent makes unless told otherwise
  const auto table = make_table(kUsual), opening = make_table(kUsual);
  const auto medium = make_table(1u << 21);                           // half full with 524,288 connections
  const auto large = options.large ? make_table(1u << 24) : nullptr;  // 1 GB
  // Tables that the cache nearly holds, to see what each kind of opening adds.
  constexpr uint32_t kOpening = 1u << 16;
  const auto plain = make_table(kOpening), listed = make_table(kOpening), sticky = make_table(kOpening),
             least = make_table(kOpening), rated = make_table(1u << 10);
  if (!table || !opening || !medium || (options.large && !large) || !plain || !listed || !sticky || !least || !rated)
    return 1;
  allow_all(*listed, kPlainListener, 10000);
  make_sticky(*sticky);
  choose_least(*least);
  limit(*rated);
  std::vector<Case> cases = {
      {"floor (empty XDP_TX)", "bench_floor", 1, kAck, 500000, table.get()},
      {"hit, 1 connection", "bench_balance", 1, kAck, 500000, table.get()},
      {"hit, bandwidth limit", "bench_balance", 1, kAck, 500000, rated.get()},
      {"floor, TOA", "bench_floor_toa", 1, kAck, 500000, table.get(), kToaPort},
      {"hit + TOA", "bench_balance_toa", 1, kAck, 500000, table.get(), kToaPort, "bench_balance"},
      {"hit, 65536 connections", "bench_balance", 65536, kAck, 1000000, table.get()},
      {"hit, 524288 connections", "bench_balance", 524288, kAck, 1000000, medium.get()},
      {"floor, IPv6 (empty XDP_TX)", "bench_floor6", 1, kAck, 500000, table.get()},
      {"IPv6 hit, 1 connection", "bench_balance6", 1, kAck, 500000, table.get()},
      {"IPv6 hit, 65536 connections", "bench_balance6", 65536, kAck, 1000000, table.get()},
      {"new connection", "bench_balance", kEndless, kSyn, 500000, opening.get()},
      {"new connection, whitelist of 1000", "bench_balance", kEndless, kSyn, 500000, opening.get(), kListedPort},
      {"new, small table", "bench_balance", kEndless, kSyn, 300000, plain.get()},
      {"new, small, whitelist of 1000", "bench_balance", kEndless, kSyn, 300000, plain.get(), kListedPort},
      {"new, small, whitelist of 10000", "bench_balance", kEndless, kSyn, 300000, listed.get()},
      {"new, sticky, unknown client", "bench_balance", kEndless, kSyn, 300000, sticky.get()},
      {"new, sticky, known client", "bench_balance", 1024, kSyn, 300000, sticky.get()},
      {"new, least of 64 members", "bench_balance", kEndless, kSyn, 300000, least.get()},
  };
  if (large) {
    cases.push_back({"hit, 1000000 connections", "bench_balance", 1000000, kAck, 2000000, large.get()});
    cases.push_back({"hit, 4194304 connections", "bench_balance", 1u << 22, kAck, 2000000, large.get()});
  }
  std::erase_if(cases, [&](const Case& c) { return !options.wants(c); });
  if (!measure(cases, options.rounds)) return 1;
  std::vector<Row> more;
  for (const char* connections : {"1 connection", "65536 connections"})
    compare(cases, fmt::format("IPv6 hit, {}", connections), fmt::format("hit, {}", connections), more);
  if (two_cpus() && std::string_view("2 CPUs at once").find(options.only) != std::string_view::npos)
    more.push_back(both_cpus(table.get(), options.rounds));
  return report(cases, more, options.path) ? 0 : 1;
}

}  // namespace
}  // namespace elb::bench

int main(int argc, char** argv) {
  using namespace elb::bench;
  Options options;
  for (int i = 1; i < argc; i++) {
    const std::string_view word = argv[i];
    if (word == "--quick")
      options.large = false;
    else if (word == "--huge")
      options.huge = true;
    else if (word == "--rounds" && i + 1 < argc)
      options.rounds = std::max(1, std::atoi(argv[++i]));
    else if (word == "--only" && i + 1 < argc)
      options.only = argv[++i];
    else if (word.starts_with("-")) {
      fmt::print(stderr, "datapath_bench [--quick] [--huge] [--rounds N] [--only TEXT] [rows.json]: what is {}?\n",
                 word);
      return 2;
    } else
      options.path = argv[i];
  }
  pin_to(sched_getcpu());
  return options.huge ? run_huge(options) : run_all(options);
}
