// SPDX-License-Identifier: Apache-2.0
//
// CPU time that a balancer node spends on one forwarded packet, over veth:
//
//   client namespace        balancer namespace            member namespace
//   generate --(veth)--> [in: ours, or nftables    :out] --(veth)--> take
//
// Method. The interfaces `in` and of the member have threaded NAPI, so the work on received packets is done by kernel
// threads of their own: napi/<in>-N does everything the node does with a packet (receive, translate, transmit into the
// next veth), and the scheduler keeps its CPU time to the nanosecond. The figure is that time divided by the packets
// that arrived at the member correctly translated. The generator's and the receiver's work falls into other threads
// and is not part of it; nor is memory management at the far end (buffers are freed there), which favours nftables.
// All threads share one CPU, and those of NAPI run at real-time priority: as soon as the generator has made a burst of
// 192 packets the node's thread forwards all of them, then the member's takes them, then the generator goes on. So
// rings (256 places) never overflow, no cache line moves between CPUs, and other load on the machine costs time but not
// CPU time of ours. Waking the thread for each burst is part of the figure on both sides.
//
// Usage: veth_bench MODE(xdp|tc|nft) FLOWS SECONDS CPU CLIENT_NS CLIENT_IF BALANCER_NS IN_IF OUT_IF MEMBER_NS
// MEMBER_IF Prints one JSON object. The namespaces, addresses, nftables rules and threaded NAPI are set up by
// tests/bench/run.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <veth_gen.skel.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/fd.h"
#include "veth_node.h"

namespace elb::bench {
namespace {

using std::chrono::steady_clock;

constexpr uint32_t kBurst = 192;
constexpr uint32_t kRun = kBurst * 256;  // packets of one system call, whose set-up takes 20 ms
constexpr size_t kFrame = 60;            // 64 bytes on a wire
constexpr uint16_t kFirstPort = 1024;
const Endpoint kClient{*IpAddress::parse("10.9.1.1"), kFirstPort};
const Endpoint kVip{*IpAddress::parse("10.9.100.1"), 80};
const Endpoint kMember{*IpAddress::parse("10.9.2.2"), 8080};
const Cidr kLocal = *Cidr::parse("100.125.0.0/24");

struct Arguments {
  std::string mode;
  uint32_t flows = 1;
  double seconds = 1;
  int cpu = 0;
  std::string client_ns, client_if, balancer_ns, in_if, out_if, member_ns, member_if;
};

Status enter(const std::string& name) {
  const Fd ns(open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!ns || setns(ns.get(), CLONE_NEWNET) != 0) return fail_errno(errno, "cannot enter namespace " + name);
  return {};
}

Result<Mac> mac_of(const std::string& interface) {
  const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  if (!fd || ioctl(fd.get(), SIOCGIFHWADDR, &request) != 0) return fail_errno(errno, "no MAC of " + interface);
  Mac mac;
  std::memcpy(mac.data(), request.ifr_hwaddr.sa_data, mac.size());
  return mac;
}

uint16_t checksum(uint32_t sum, const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  for (size_t i = 0; i < size; ++i) sum += static_cast<uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return htons(static_cast<uint16_t>(~sum));
}

/// Ethernet, IPv4 and UDP headers of the first flow, the payload being zeros.
void write_headers(uint8_t* out, const Mac& from, const Mac& to) {
  std::memcpy(out, to.data(), 6);
  std::memcpy(out + 6, from.data(), 6);
  out[12] = 0x08;
  out[13] = 0x00;
  iphdr ip{};
  ip.version = 4;
  ip.ihl = 5;
  ip.tot_len = htons(kFrame - 14);
  ip.ttl = 64;
  ip.protocol = IPPROTO_UDP;
  ip.saddr = kClient.address.v4_be();
  ip.daddr = kVip.address.v4_be();
  ip.check = checksum(0, &ip, sizeof ip);
  udphdr udp{};
  udp.source = htons(kClient.port);
  udp.dest = htons(kVip.port);
  udp.len = htons(kFrame - 34);
  uint8_t summed[20];  // pseudo header and UDP header
  std::memcpy(summed, &ip.saddr, 8);
  summed[8] = 0;
  summed[9] = IPPROTO_UDP;
  std::memcpy(summed + 10, &udp.len, 2);
  std::memcpy(summed + 12, &udp, sizeof udp);
  udp.check = checksum(0, summed, sizeof summed);
  std::memcpy(out + 14, &ip, sizeof ip);
  std::memcpy(out + 34, &udp, sizeof udp);
}

/// The kernel thread of an interface's threaded NAPI.
Result<pid_t> napi_thread(const std::string& interface) {
  const std::string prefix = "napi/" + interface + "-";
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
    std::ifstream file(entry.path() / "comm");
    std::string comm;
    if (std::getline(file, comm) && comm.rfind(prefix, 0) == 0) return pid;
  }
  return fail(ErrorCode::kNotFound, "no thread " + prefix + "*: does this kernel have threaded NAPI (5.12)?");
}

/// To one CPU, at a real-time priority (0: an ordinary thread).
Status pin(pid_t pid, int cpu, int priority) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  const sched_param param{priority};
  if (sched_setaffinity(pid, sizeof set, &set) != 0 ||
      (priority > 0 && sched_setscheduler(pid, SCHED_FIFO, &param) != 0))
    return fail_errno(errno, fmt::format("cannot pin thread {}", pid));
  return {};
}

int64_t cpu_time_ns(pid_t pid) {
  clockid_t clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return -1;
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

class Sender {
 public:
  Sender(veth_gen& generator, const veth_gen& receiver, uint32_t ifindex) : generator_(generator), receiver_(receiver) {
    context_.data_end = kFrame;
    context_.ingress_ifindex = ifindex;
  }

  /// Sends `count` packets in bursts and returns when they have arrived.
  Status send(uint32_t count) {
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame_, .data_size_in = kFrame, .ctx_in = &context_,
                .ctx_size_in = sizeof context_, .repeat = static_cast<int>(count), .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
                .batch_size = kBurst);
    const uint64_t wanted = arrived() + count;
    const int error = bpf_prog_test_run_opts(bpf_program__fd(generator_.progs.generate), &options);
    if (error != 0) return fail_errno(-error, "cannot generate packets");
    const auto limit = steady_clock::now() + std::chrono::milliseconds(50);
    while (arrived() < wanted && steady_clock::now() < limit) usleep(100);
    lost_ += wanted - arrived();
    return {};
  }

  uint64_t arrived() const { return *static_cast<const volatile __u64*>(&receiver_.bss->taken); }
  uint64_t lost() const { return lost_; }

 private:
  veth_gen& generator_;
  const veth_gen& receiver_;
  uint8_t frame_[kFrame] = {};
  xdp_md context_{};
  uint64_t lost_ = 0;
};

struct Owned {
  std::string node_ns;
  veth_gen* generator = nullptr;
  veth_gen* receiver = nullptr;
  bpf_link* link = nullptr;
  std::unique_ptr<VethNode> node;
  ~Owned() {
    if (node && enter(node_ns)) node.reset();
    if (link != nullptr) bpf_link__destroy(link);
    veth_gen__destroy(generator);
    veth_gen__destroy(receiver);
  }
};

Status run(const Arguments& args) {
  Owned own;
  if (auto status = enter(args.member_ns); !status) return status;
  const auto member_mac = mac_of(args.member_if);
  if (!member_mac) return pass_on(member_mac.error());
  own.receiver = veth_gen__open_and_load();
  if (own.receiver == nullptr) return fail_errno(errno, "cannot load the receiver");
  own.receiver->bss->take_addr = kMember.address.v4_be();
  own.receiver->bss->take_port = htons(kMember.port);
  own.link =
      bpf_program__attach_xdp(own.receiver->progs.take, static_cast<int>(if_nametoindex(args.member_if.c_str())));
  if (own.link == nullptr) return fail_errno(errno, "cannot attach the receiver");

  if (auto status = enter(args.balancer_ns); !status) return status;
  const auto in_mac = mac_of(args.in_if);
  const auto out_mac = mac_of(args.out_if);
  if (!in_mac || !out_mac) return pass_on((in_mac ? out_mac : in_mac).error());
  if (args.mode != "nft") {
    auto node =
        VethNode::start({args.mode == "tc" ? Hook::kTc : Hook::kXdp, if_nametoindex(args.in_if.c_str()),
                         if_nametoindex(args.out_if.c_str()), *in_mac, *out_mac, *member_mac, kVip, kMember, kLocal});
    if (!node) return pass_on(node.error());
    own.node = std::move(*node);
    own.node_ns = args.balancer_ns;
  }

  if (auto status = enter(args.client_ns); !status) return status;
  const auto client_mac = mac_of(args.client_if);
  if (!client_mac) return pass_on(client_mac.error());
  const uint32_t client_ifindex = if_nametoindex(args.client_if.c_str());
  own.generator = veth_gen__open_and_load();
  if (own.generator == nullptr) return fail_errno(errno, "cannot load the generator");
  write_headers(own.generator->bss->gen_headers, *client_mac, *in_mac);
  own.generator->bss->gen_ifindex = client_ifindex;
  own.generator->bss->gen_flow_mask = args.flows - 1;

  const auto node_thread = napi_thread(args.in_if);
  const auto member_thread = napi_thread(args.member_if);
  if (!node_thread || !member_thread) return pass_on((node_thread ? member_thread : node_thread).error());
  // Each stage finishes its burst before the next one begins.
  if (auto status = pin(0, args.cpu, 0); !status) return status;
  if (auto status = pin(*member_thread, args.cpu, 1); !status) return status;
  if (auto status = pin(*node_thread, args.cpu, 2); !status) return status;

  Sender sender(*own.generator, *own.receiver, client_ifindex);
  if (auto status = sender.send(4 * args.flows + kRun); !status) return status;  // every flow open, caches warm
  const uint64_t lost_before = sender.lost();
  const uint64_t packets_before = sender.arrived();
  const int64_t cpu_before = cpu_time_ns(*node_thread);
  const auto end = steady_clock::now() + std::chrono::duration<double>(args.seconds);
  while (steady_clock::now() < end)
    if (auto status = sender.send(kRun); !status) return status;
  const auto packets = static_cast<double>(sender.arrived() - packets_before);
  const auto cpu = static_cast<double>(cpu_time_ns(*node_thread) - cpu_before);
  fmt::print(R"({{"mode":"{}","flows":{},"ns_per_packet":{:.1f},"packets":{:.0f},"lost":{},"reasons":"{}"}})"
             "\n",
             args.mode, args.flows, packets > 0 ? cpu / packets : -1, packets, sender.lost() - lost_before,
             own.node ? own.node->reasons() : "");
  return {};
}

}  // namespace
}  // namespace elb::bench

int main(int argc, char** argv) {
  using namespace elb::bench;
  if (argc != 12) {
    fmt::print(stderr,
               "usage: veth_bench xdp|tc|nft FLOWS SECONDS CPU CLIENT_NS CLIENT_IF BALANCER_NS IN_IF OUT_IF "
               "MEMBER_NS MEMBER_IF\n");
    return 2;
  }
  const Arguments args{argv[1],
                       static_cast<uint32_t>(std::atoi(argv[2])),
                       std::atof(argv[3]),
                       std::atoi(argv[4]),
                       argv[5],
                       argv[6],
                       argv[7],
                       argv[8],
                       argv[9],
                       argv[10],
                       argv[11]};
  if (args.mode != "xdp" && args.mode != "tc" && args.mode != "nft") {
    fmt::print(stderr, "veth_bench: '{}' is none of xdp, tc, nft\n", args.mode);
    return 2;
  }
  if (args.flows == 0 || (args.flows & (args.flows - 1)) != 0 || args.flows > 32768) {
    fmt::print(stderr, "veth_bench: FLOWS must be a power of two of at most 32768\n");
    return 2;
  }
  const elb::Status status = run(args);
  if (status) return 0;
  fmt::print(stderr, "veth_bench: {}\n", status.error().to_string());
  return 1;
}
