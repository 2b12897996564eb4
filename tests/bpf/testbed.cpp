// SPDX-License-Identifier: Apache-2.0
#include "bpf/testbed.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>

#include <cstdlib>

namespace elb::test {
namespace {

uint32_t host(const char* address) { return ntohl(Ipv4Address(address).be); }
Mac mac(const char* text) {
  const MacAddress address(text);
  return std::to_array(address.bytes);
}

class OwnNetwork : public testing::Environment {
  void SetUp() override {
    ASSERT_EQ(unshare(CLONE_NEWNET), 0) << "needs root";
    ASSERT_EQ(std::system("ip link set lo up && ip link add elb-other type veth peer name elb-peer && "
                          "ip link set elb-other up"),
              0);
  }
};
[[maybe_unused]] const auto* const kOwnNetwork = testing::AddGlobalTestEnvironment(new OwnNetwork);

}  // namespace

std::string hook_name(const testing::TestParamInfo<Hook>& info) { return info.param == Hook::kTc ? "tc" : "xdp"; }

uint32_t other_interface() { return if_nametoindex("elb-other"); }

ModelConfig small_world() {
  const uint32_t lo = ProgRunner::kLoopback, other = other_interface();
  const uint32_t vip = host(kVip);
  ModelConfig c;
  c.addresses = {{vip, ELB_ADDR_VIP}, {host(kHost), ELB_ADDR_HOST}};
  c.local_first = host(kLocal);
  c.local_count = 4;
  for (uint32_t i = 0; i < c.local_count; i++) c.addresses[c.local_first + i] = ELB_ADDR_LOCAL;
  c.links = {{lo, {mac(kOwnMac), 1500}}, {other, {mac(kOtherOwnMac), 1400}}};
  c.tx_ports = {lo, other};
  c.hops[1] = {mac(kMemberMac), mac(kOwnMac), lo, 1500, true};
  c.hops[2] = {mac(kMemberMac), mac(kOwnMac), lo, 1500, false};
  c.hops[3] = {mac(kMemberMac), mac(kOwnMac), lo, 600, true};
  c.hops[4] = {mac(kOtherMemberMac), mac(kOtherOwnMac), other, 1400, true};
  c.hops[5] = {mac(kMemberMac), mac(kOwnMac), 77, 1500, true};
  c.hops[6] = {mac(kMemberMac), mac(kOwnMac), lo, 1500, true, ELB_VLAN_TAG | 7};
  for (uint32_t i = 0; i < 16; i++) c.free_hops.push_back(ELB_HOPS_MEMBERS + i);

  auto listener = [&](uint16_t port, uint8_t proto, uint32_t index, uint32_t members, uint16_t hop) {
    c.listeners[{vip, port, proto}] = index;
    for (uint32_t i = 0; i < members; i++) {
      c.rings[index].push_back(index * 10 + i);
      c.members[index * 10 + i] = {host("10.0.0.11") + i, proto == 6 ? kMemberPort : kMemberUdpPort, hop};
    }
  };
  listener(kPlain, 6, 1, 3, 1);
  listener(kUdpPlain, 17, 2, 2, 1);
  listener(kEmpty, 6, 3, 0, 0);
  c.rings[3] = {};
  listener(kNoRing, 6, 4, 0, 0);
  listener(kUnresolved, 6, 5, 1, 2);
  listener(kNarrow, 6, 6, 1, 3);
  listener(kElsewherePort, 6, 7, 2, 4);  // the same member endpoints as kPlain's, by another way
  listener(kNoDevice, 6, 8, 1, 5);
  listener(kTagged, 6, 9, 1, 6);
  listener(kToa, 6, 10, 1, 1);
  c.toa = {10};
  return c;
}

ModelConfig admission_world() {
  ModelConfig c = small_world();
  const uint32_t vip = host(kVip), clients = host("203.0.113.0");
  auto listener = [&](uint16_t port, uint8_t proto, uint32_t index, uint32_t members, ModelPolicy policy) {
    c.listeners[{vip, port, proto}] = index;
    c.policies[index] = std::move(policy);
    for (uint32_t i = 0; i < members; i++) {
      c.rings[index].push_back(index * 10 + i);
      c.members[index * 10 + i] = {host("10.0.0.21") + i, proto == 6 ? kMemberPort : kMemberUdpPort, 1};
    }
  };
  const std::vector<std::pair<ModelAddress, uint32_t>> half = {{clients, 25}};
  listener(kAllowed, 6, 17, 2, {.whitelist = true, .allowed = half});
  listener(kNobody, 6, 18, 2, {.whitelist = true});
  listener(kLeast, 6, 11, 4, {.algorithm = ELB_LEAST_CONNECTIONS});
  for (uint16_t i = 0; i < 4; i++) c.members[110 + i].weight = 1 + i;
  c.members[113].usable = false;
  listener(kHashed, 6, 12, 4, {.algorithm = ELB_SOURCE_HASH, .hash_seed = 77});
  c.members[122].hop = 2;
  listener(kSticky, 6, 13, 3, {.sticky_ticks = 1U << 30, .hash_seed = 5});
  listener(kLimited, 6, 14, 2, {.connection_limit = kLimit});
  listener(kUdpAllowed, 17, 15, 2, {.whitelist = true, .allowed = half});
  listener(kProxied, 6, 19, 0, {.whitelist = true, .allowed = half});
  c.proxied = {19};
  listener(kUdpSticky, 17, 16, 3, {.sticky_ticks = 1U << 30, .hash_seed = 6});
  return c;
}

/// The list of a listener has its index for a number.
elb_policy abi_policy(uint32_t listener, const ModelPolicy& policy) {
  elb_policy value{};
  value.algorithm = policy.algorithm;
  value.flags = policy.whitelist ? ELB_POLICY_WHITELIST : 0;
  value.acl = listener;
  value.sticky_ticks = policy.sticky_ticks;
  value.connection_limit = policy.connection_limit;
  value.hash_seed = policy.hash_seed;
  return value;
}

void write_maps(ProgRunner& runner, const ModelConfig& c) {
  const auto by_family = [](const ModelAddress& address, const auto& each) {
    if (address.is_v4())
      each(Ipv4Address::from_host(address.v4()));
    else
      each(address.v6());
  };
  for (const auto& [addr, kind] : c.addresses)
    by_family(addr, [&, kind = kind](const auto& address) { runner.set_address(address, kind); });
  for (const auto& [key, index] : c.listeners)
    by_family(std::get<0>(key), [&, &key = key, index = index](const auto& vip) {
      runner.set_listener(vip, std::get<1>(key), std::get<2>(key), index,
                          c.proxied.contains(index) ? ELB_LISTENER_PROXY : 0);
    });
  for (const uint32_t index : c.toa) {
    elb_policy policy{};
    policy.flags = ELB_POLICY_TOA;
    runner.set_policy(index, policy);
  }
  for (const auto& [index, ring] : c.rings) runner.set_ring(index, ring);
  for (const auto& [index, policy] : c.policies) {
    runner.set_policy(index, abi_policy(index, policy));
    for (const auto& [client, bits] : policy.allowed)
      by_family(client, [&, index = index, bits = bits](const auto& address) { runner.allow(index, address, bits); });
  }
  for (const auto& [index, m] : c.members) {
    by_family(m.addr, [&, index = index, &m = m](const auto& address) {
      runner.set_member(index, address, m.port, m.hop, index / 10);
    });
    elb_member member = runner.member(index);
    member.weight = m.weight;
    member.flags = m.usable ? ELB_MEMBER_USABLE : 0;
    runner.put_member(index, member);
  }
  for (const auto& [index, h] : c.hops) {
    elb_hop hop{};
    std::copy(h.dest.begin(), h.dest.end(), hop.dest_mac);
    std::copy(h.source.begin(), h.source.end(), hop.source_mac);
    hop.ifindex = h.ifindex;
    hop.mtu = h.mtu;
    hop.valid = h.valid;
    hop.vlan = h.vlan;
    runner.set_hop(index, hop);
  }
  for (const auto& [index, l] : c.links) {
    MacAddress address;
    std::copy(l.mac.begin(), l.mac.end(), address.bytes);
    runner.set_link(index, address, l.mtu);
  }
  for (const uint32_t index : c.tx_ports) runner.set_tx_port(index);
  for (const uint32_t index : c.free_hops) runner.free_hops(index, 1);
}

Testbed::Testbed(const RunnerOptions& options, ModelConfig world)
    : config(std::move(world)), runner(balancer_elf(options.hook), options) {
  config.can_insert = config.can_reshape = options.hook == Hook::kXdp;
  if (options.hook == Hook::kTc) config.message_tail = 96;
  if (runner.ok()) write_maps(runner, config);
}

OnCpu::OnCpu(int cpu) {
  cpu_set_t before, one;
  sched_getaffinity(0, sizeof before, &before);
  before_.assign(reinterpret_cast<const char*>(&before), sizeof before);
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) std::abort();
}

OnCpu::~OnCpu() {
  cpu_set_t before;
  std::copy(before_.begin(), before_.end(), reinterpret_cast<char*>(&before));
  sched_setaffinity(0, sizeof before, &before);
}

const char* verdict_name(uint32_t verdict) {
  static constexpr const char* kNames[] = {"XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"};
  return verdict < std::size(kNames) ? kNames[verdict] : "?";
}

const char* reason_name(uint32_t reason) {
  static constexpr const char* kNames[] = {
#define ELB_NAME(NAME, name, drop, text) name,
      ELB_REASONS(ELB_NAME)
#undef ELB_NAME
          "forwarded"};
  return reason < std::size(kNames) ? kNames[reason] : "?";
}

}  // namespace elb::test
