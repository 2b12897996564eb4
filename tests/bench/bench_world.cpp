// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_world.h"

#include <span>

#include "datapath_bench.skel.h"

namespace elb::bench {
namespace {

using test::Ipv4Address;
using test::Ipv6Address;

constexpr uint32_t kListener6 = 2, kListed = 3, kToa = 4;

std::span<const uint8_t> elf() {
  size_t size = 0;
  const void* data = datapath_bench__elf_bytes(&size);
  return {static_cast<const uint8_t*>(data), size};
}

/// The listener's members: those of IPv4 or of IPv6.
void add_members(ProgRunner& runner, uint32_t listener, bool v6) {
  std::vector<uint32_t> ring;
  for (uint32_t i = 0; i < kMembers; i++) {
    const uint32_t index = listener * kMembers + i;
    if (v6) {
      Ipv6Address member("2001:db8:2::");
      member.bytes[15] = static_cast<uint8_t>(i + 1);
      runner.set_member(index, member, 8080, 1, listener);
    } else {
      runner.set_member(index, Ipv4Address::from_host(0x0a000200 + i), 8080, 1, listener);
    }
    ring.push_back(index);
  }
  runner.set_ring(listener, ring);
}

}  // namespace

std::unique_ptr<ProgRunner> make_table(uint32_t slots) {
  test::RunnerOptions options;
  options.flow_slots = slots;
  options.local_count = 250;
  options.members = 8 * kMembers;
  auto runner = std::make_unique<ProgRunner>(elf(), options);
  if (!runner->ok()) return nullptr;
  const Ipv4Address vip("10.200.1.1");
  const Ipv6Address vip6("2001:db8::1");
  runner->set_address(vip, ELB_ADDR_VIP);
  runner->set_listener(vip, kPlainPort, 6, kPlainListener);
  runner->set_listener(vip, kListedPort, 6, kListed);
  runner->set_listener(vip, kToaPort, 6, kToa);
  runner->set_address(vip6, ELB_ADDR_VIP);
  runner->set_listener(vip6, kPlainPort, 6, kListener6);
  runner->set_link(ProgRunner::kLoopback, "02:00:00:00:00:01", 1500);
  runner->set_hop(1, {{2, 0, 0, 0, 0, 9}, {2, 0, 0, 0, 0, 8}, ProgRunner::kLoopback, 1500, 1, 0, 0});
  for (const uint32_t listener : {kPlainListener, kListed, kToa}) add_members(*runner, listener, false);
  add_members(*runner, kListener6, true);
  runner->free_hops(ELB_HOPS_MEMBERS, 4);
  allow_all(*runner, kListed, 1000);
  elb_policy toa{};
  toa.flags = ELB_POLICY_TOA;
  runner->set_policy(kToa, toa);
  return runner;
}

void allow_all(ProgRunner& runner, uint32_t listener, uint32_t prefixes) {
  uint32_t bits = 0;
  while (2U << bits <= prefixes) bits++;
  for (uint32_t i = 0; i < 1U << bits; i++) runner.allow(listener, Ipv4Address::from_host(i << (32 - bits)), bits);
  for (uint32_t i = 1U << bits; i < prefixes; i++)
    runner.allow(listener, Ipv4Address::from_host(i * 2654435761U & 0xffffff00U), 24);
  elb_policy policy{};
  policy.flags = ELB_POLICY_WHITELIST;
  policy.acl = listener;
  runner.set_policy(listener, policy);
}

void choose_least(ProgRunner& runner) {
  std::vector<uint32_t> ring;
  for (uint32_t i = 0; i < ELB_LEAST_SCAN; i++) ring.push_back(kPlainListener * kMembers + i);
  runner.set_ring(kPlainListener, ring);
  elb_policy policy{};
  policy.algorithm = ELB_LEAST_CONNECTIONS;
  runner.set_policy(kPlainListener, policy);
}

void make_sticky(ProgRunner& runner) {
  elb_policy policy{};
  policy.sticky_ticks = 1 << 20;
  policy.hash_seed = 1;
  runner.set_policy(kPlainListener, policy);
}

void limit(ProgRunner& runner) {
  elb_rate rate{};
  rate.per_jiffy = uint64_t{50'000'000} << ELB_RATE_SHIFT;  // 400 Gbit/s where HZ is 1000: never met, nor does it wrap
  rate.burst = uint64_t{1} << 33;
  rate.quantum = 1U << 18;
  runner.set_rate(0, rate);
  runner.set_rate(1, rate);
  elb_policy policy{};
  policy.rate_vip = 1;
  runner.set_policy(kPlainListener, policy);
}

}  // namespace elb::bench
