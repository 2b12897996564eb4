// SPDX-License-Identifier: Apache-2.0
// Connections by the ten thousand a second through a running agent's pinned program, by BPF_PROG_TEST_RUN: the frames
// of client and member are handed to the program one by one and its answers are looked at, nothing touches a wire. Each
// connection of TCP is opened, answered, used and closed from both sides; every 50th is left open for the agent to end;
// every 10th is UDP.
//   soak_load PROGRAM FRONT_IF BACK_IF VIP PORT UDP_PORT RATE THREADS
// Runs until SIGTERM; a line of JSON each second and at the end.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <fmt/core.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <signal.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "harness/packet.h"

namespace elb::test {
namespace {

constexpr uint32_t kFirstClient = 0x0a400000;  // 10.64.0.0/10
constexpr uint32_t kClients = 1u << 22;
constexpr size_t kIp = 14, kL4 = 34, kFlags = kL4 + 13;
constexpr auto kBatch = std::chrono::milliseconds(5);

std::atomic<bool> stopping{false};

struct Counts {
  std::atomic<uint64_t> opened{0};   // a member got the first packet
  std::atomic<uint64_t> refused{0};  // it was dropped: no member, whitelist, limit
  std::atomic<uint64_t> cut{0};      // ended on the way: the member was removed
  std::atomic<uint64_t> wrong{0};    // an answer went elsewhere than to the client
  std::atomic<uint64_t> packets{0};
};

struct Target {
  int program = -1;
  uint32_t front = 0, back = 0;
  uint32_t vip = 0;  // network order
  uint16_t tcp_port = 0, udp_port = 0;
};

using Frame = Bytes;

void put16(Frame& frame, size_t at, uint16_t value) {
  frame[at] = static_cast<uint8_t>(value >> 8);
  frame[at + 1] = static_cast<uint8_t>(value);
}
uint16_t get16(const Frame& frame, size_t at) { return static_cast<uint16_t>(frame[at] << 8 | frame[at + 1]); }
void put_be32(Frame& frame, size_t at, uint32_t network_order) { std::memcpy(&frame[at], &network_order, 4); }
uint32_t get_be32(const Frame& frame, size_t at) {
  uint32_t value = 0;
  std::memcpy(&value, &frame[at], 4);
  return value;
}

struct Side {
  uint32_t source = 0, dest = 0;  // network order
  uint16_t source_port = 0, dest_port = 0;
};

class Worker {
 public:
  Worker(const Target& target, Counts& counts, uint32_t number, uint32_t step)
      : target_(target), counts_(counts), next_(number), step_(step), out_(2048) {
    tcp_ = Ethernet{} / IPv4{} / TCP{.options = {2, 4, 5, 0xb4}} / "0123456789";
    udp_ = Ethernet{} / IPv4{} / UDP{} / "0123456789";
  }

  void connection() {
    const uint32_t number = next_;
    next_ += step_;
    const bool udp = number % 10 == 9;
    const Side client{htonl(kFirstClient + number % kClients), target_.vip,
                      static_cast<uint16_t>(1024 + number / kClients * 7919 % 64000),
                      udp ? target_.udp_port : target_.tcp_port};
    if (!send(udp, client, kSyn, target_.front)) {
      ++counts_.refused;
      return;
    }
    ++counts_.opened;
    const Side member{get_be32(out_, kIp + 16), get_be32(out_, kIp + 12), get16(out_, kL4 + 2), get16(out_, kL4)};
    if (!reply(udp, member, kSyn | kAck, client)) return;
    if (udp) return;
    const bool left_open = number % 50 == 0;
    bool alive = follow(client, kAck) && follow(client, kAck | kPsh) && reply(false, member, kAck | kPsh, client);
    if (left_open || !alive) return;
    alive = follow(client, kFin | kAck) && reply(false, member, kFin | kAck, client) && follow(client, kAck);
  }

 private:
  bool follow(const Side& client, uint8_t flags) {
    if (send(false, client, flags, target_.front)) return true;
    ++counts_.cut;
    return false;
  }

  bool reply(bool udp, const Side& member, uint8_t flags, const Side& client) {
    if (!send(udp, member, flags, target_.back)) {
      ++counts_.cut;
      return false;
    }
    if (get_be32(out_, kIp + 16) == client.source && get_be32(out_, kIp + 12) == client.dest &&
        get16(out_, kL4 + 2) == client.source_port)
      return true;
    ++counts_.wrong;
    return false;
  }

  /// True if the frame was sent on; then it is in out_.
  bool send(bool udp, const Side& side, uint8_t flags, uint32_t ingress) {
    Frame& frame = udp ? udp_ : tcp_;
    put_be32(frame, kIp + 12, side.source);
    put_be32(frame, kIp + 16, side.dest);
    put16(frame, kL4, side.source_port);
    put16(frame, kL4 + 2, side.dest_port);
    if (!udp) frame[kFlags] = flags;
    xdp_md context{};
    context.data_end = static_cast<uint32_t>(frame.size());
    context.ingress_ifindex = ingress;
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.data(), .data_out = out_.data(),
                .data_size_in = static_cast<uint32_t>(frame.size()),
                .data_size_out = static_cast<uint32_t>(out_.size()), .ctx_in = &context, .ctx_size_in = sizeof context,
                .repeat = 1);
    ++counts_.packets;
    if (bpf_prog_test_run_opts(target_.program, &opts) != 0) {
      fmt::print(stderr, "soak_load: {}\n", std::strerror(errno));
      stopping = true;
      return false;
    }
    // Sent back by the way it came is an answer of the balancer's own (a reset), if it is not what was asked for.
    return opts.retval == XDP_REDIRECT;
  }

  const Target& target_;
  Counts& counts_;
  uint32_t next_;
  const uint32_t step_;
  Frame tcp_, udp_, out_;
};

/// So many a second, in batches; what could not be done in time is left out, not made up for.
void work(const Target& target, Counts& counts, uint32_t number, uint32_t threads, uint32_t rate) {
  Worker worker(target, counts, number, threads);
  auto due = std::chrono::steady_clock::now();
  const uint32_t batch = rate / threads * static_cast<uint32_t>(kBatch.count()) / 1000;
  while (!stopping) {
    for (uint32_t i = 0; i < batch && !stopping; ++i) worker.connection();
    due += kBatch;
    const auto now = std::chrono::steady_clock::now();
    if (due < now - std::chrono::seconds(1)) due = now;
    std::this_thread::sleep_until(due);
  }
}

void report(const Counts& counts, double seconds) {
  fmt::print(R"({{"seconds": {:.1f}, "opened": {}, "refused": {}, "cut": {}, "wrong": {}, "packets": {}}})"
             "\n",
             seconds, counts.opened.load(), counts.refused.load(), counts.cut.load(), counts.wrong.load(),
             counts.packets.load());
  std::fflush(stdout);
}

int run(char** argv) {
  const Fd program(bpf_obj_get(argv[1]));
  Target target{program.get(),
                if_nametoindex(argv[2]),
                if_nametoindex(argv[3]),
                Ipv4Address(argv[4]).be,
                static_cast<uint16_t>(std::stoi(argv[5])),
                static_cast<uint16_t>(std::stoi(argv[6]))};
  const auto rate = static_cast<uint32_t>(std::stoi(argv[7]));
  const auto threads = static_cast<uint32_t>(std::stoi(argv[8]));
  if (!program || target.front == 0 || target.back == 0 || rate == 0 || threads == 0) {
    fmt::print(stderr, "soak_load: no such program or interface, or no rate\n");
    return 1;
  }
  signal(SIGTERM, [](int) { stopping = true; });
  signal(SIGINT, [](int) { stopping = true; });
  Counts counts;
  std::vector<std::thread> workers;
  for (uint32_t i = 0; i < threads; ++i)
    workers.emplace_back(work, std::cref(target), std::ref(counts), i, threads, rate);
  const auto begun = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(); };
  fmt::print("{{\"event\": \"begun\"}}\n");
  while (!stopping) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    report(counts, elapsed());
  }
  for (std::thread& worker : workers) worker.join();
  report(counts, elapsed());
  return 0;
}

}  // namespace
}  // namespace elb::test

int main(int argc, char** argv) {
  if (argc != 9) {
    fmt::print(stderr, "usage: soak_load PROGRAM FRONT_IF BACK_IF VIP PORT UDP_PORT RATE THREADS\n");
    return 2;
  }
  return elb::test::run(argv);
}
