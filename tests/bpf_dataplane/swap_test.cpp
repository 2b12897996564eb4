// SPDX-License-Identifier: Apache-2.0
// R4: while the agent exchanges all members of a pool a thousand times, two threads send packets through the attached
// program: each meets the old members or the new ones, never others, never none.
#include <bpf/bpf.h>

#include <array>
#include <atomic>
#include <thread>

#include "bpf_dataplane/dataplane_fixture.h"
#include "harness/packet.h"

namespace elb::dataplane {
namespace {

constexpr int kSwaps = 1000;
constexpr int kMembers = 8;  // of each of the two sets
constexpr size_t kThreads = 2;
constexpr uint32_t kPacketsMax = 150'000;  // of a thread: each makes a connection, which takes two slots
constexpr uint32_t kSlots = 1U << 21;

int program_of(const Fd& link) {
  bpf_link_info info{};
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(link.get(), &info, &size) != 0) return -1;
  return bpf_prog_get_fd_by_id(info.prog_id);
}

/// Sends datagrams of ever new clients; each answer of the program is judged by what was applied meanwhile.
struct Sender {
  uint32_t sent = 0, dropped = 0, strangers = 0, outdated = 0;
  std::array<uint32_t, 2> to_set{};

  void run(int program, uint32_t ingress, uint32_t first, const std::atomic<int>& phase,
           const std::atomic<bool>& stop) {
    test::Bytes out(256);
    while (!stop.load() && sent < kPacketsMax) {
      const uint32_t number = first + sent++;
      const auto client = test::Ipv4Address::from_host(0xC6120000 + number / 50'000);  // 198.18.0.0/15
      const test::Bytes frame = test::Ethernet{} / test::IPv4{.src = client, .dst = "192.0.2.1"} /
                                test::UDP{.sport = static_cast<uint16_t>(1024 + number % 50'000), .dport = kVip.port};
      xdp_md context{};
      context.data_end = static_cast<uint32_t>(frame.size());
      context.ingress_ifindex = ingress;
      LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.data(), .data_out = out.data(),
                  .data_size_in = static_cast<uint32_t>(frame.size()),
                  .data_size_out = static_cast<uint32_t>(out.size()), .ctx_in = &context,
                  .ctx_size_in = sizeof context);
      const int before = phase.load();
      if (bpf_prog_test_run_opts(program, &opts) != 0) {
        ++dropped;
        return;
      }
      const int after = phase.load();
      if (opts.retval != XDP_TX && opts.retval != XDP_REDIRECT) {
        ++dropped;
        continue;
      }
      constexpr size_t kDestinationPort = 14 + 20 + 2;
      const int place = out[kDestinationPort] * 256 + out[kDestinationPort + 1] - kMemberPort;
      if (place < 0 || place >= 2 * kMembers) {
        ++strangers;
        continue;
      }
      const int set = place / kMembers;
      ++to_set[static_cast<size_t>(set)];
      // An even phase: set phase / 2 % 2 is applied, and apply() has returned. An odd one: between two.
      if (before == after && before % 2 == 0 && set != before / 2 % 2) ++outdated;
    }
  }
};

class Swap : public DataplaneTest {
 protected:
  model::SnapshotPtr set(int which) {
    std::vector<model::SnapshotMember> list;
    for (int i = 0; i < kMembers; ++i) {
      list.push_back(test::member(which * kMembers + i + 1));
      list.back().endpoint = {lab->address("member"), static_cast<uint16_t>(kMemberPort + which * kMembers + i)};
    }
    auto built = test::SnapshotBuilder().listener(1, std::move(list)).build();
    built.listeners[0].vip = kVip;
    built.listeners[0].protocol = model::Protocol::kUdp;
    built.generation = ++generation;
    return std::make_shared<const model::Snapshot>(std::move(built));
  }
};

TEST_F(Swap, R4_EveryPacketMeetsTheOldMembersOrTheNewOnes) {
  options.flow_slots = kSlots;
  ASSERT_NO_FATAL_FAILURE(start());
  apply(set(0));
  const Fd link = link_fd("client");
  const Fd program(program_of(link));
  ASSERT_TRUE(program);
  const uint32_t ingress = if_nametoindex(Lab::interface("client").c_str());
  const std::atomic<int> still{0};
  ASSERT_TRUE(soon([&] {  // the members' neighbour is known
    Sender probe;
    std::atomic<bool> stop{false};
    std::thread one([&] { probe.run(program.get(), ingress, 90'000'000, still, stop); });
    usleep(1000);
    stop.store(true);
    one.join();
    return probe.sent > 0 && probe.dropped == 0;
  })) << drops();

  std::atomic<int> phase{0};
  std::atomic<bool> stop{false};
  std::array<Sender, kThreads> senders;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i)
    threads.emplace_back(
        [&, i] { senders[i].run(program.get(), ingress, static_cast<uint32_t>(i) * kPacketsMax, phase, stop); });
  for (int i = 1; i <= kSwaps; ++i) {
    phase.store(2 * i - 1);
    apply(set(i % 2));
    phase.store(2 * i);
  }
  stop.store(true);
  for (std::thread& thread : threads) thread.join();

  uint32_t sent = 0;
  for (const Sender& sender : senders) {
    EXPECT_EQ(sender.dropped, 0U) << drops();
    EXPECT_EQ(sender.strangers, 0U);
    EXPECT_EQ(sender.outdated, 0U) << "new connections went to members that were gone";
    EXPECT_GT(sender.to_set[0], 0U);
    EXPECT_GT(sender.to_set[1], 0U);
    sent += sender.sent;
  }
  RecordProperty("packets", static_cast<int>(sent));
  EXPECT_GT(sent, 10U * kSwaps) << "too few packets to have met the changes";
}

}  // namespace
}  // namespace elb::dataplane
