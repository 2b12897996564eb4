// SPDX-License-Identifier: Apache-2.0
#include "veth_node.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <elb/abi.h>
#include <xdp_balancer.skel.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <vector>

#include "base/fd.h"

namespace elb::bench {

namespace {

constexpr uint32_t kListener = 0;
constexpr uint32_t kMember = 1;
constexpr uint16_t kHop = 1;

template <class Key, class Value>
Status put(const bpf_map* map, const Key& key, const Value& value) {
  if (bpf_map_update_elem(bpf_map__fd(map), &key, &value, BPF_ANY) == 0) return {};
  return fail_errno(errno, fmt::format("cannot write {}", bpf_map__name(map)));
}

elb_addr_key addr_key(const Cidr& cidr) {
  return {uint32_t{cidr.prefix} + ELB_MAPPED_SHIFT, elb_mapped(cidr.address.v4_be())};
}

elb_link link_of(const Mac& mac) {
  elb_link link{};
  std::copy(mac.begin(), mac.end(), link.mac);
  link.mtu = 1500;
  return link;
}

}  // namespace

Result<std::unique_ptr<VethNode>> VethNode::start(const NodeSettings& settings) {
  std::unique_ptr<VethNode> node(new VethNode);
  node->program_ = xdp_balancer__open();
  if (node->program_ == nullptr) return fail_errno(errno, "cannot open the program");
  auto& constants = *node->program_->rodata;
  constants.elb_flow_mask = settings.flow_slots - 1;
  __u64 odd = 0x9E3779B97F4A7C15ULL;
  for (__u64& seed : constants.elb_flow_seed) seed = odd += 0xD1B54A32D192ED04ULL;
  constants.elb_local_first_host = settings.local.address.v4_host() + 2;
  constants.elb_local_count = (1U << (32 - settings.local.prefix)) - 3;
  constants.elb_cpu_count = static_cast<uint32_t>(libbpf_num_possible_cpus());
  bpf_map__set_max_entries(node->program_->maps.elb_flows, settings.flow_slots);
  if (const int error = xdp_balancer__load(node->program_); error != 0)
    return fail_errno(-error, "cannot load the program");
  if (auto status = node->fill(settings); !status) return pass_on(std::move(status.error()));
  const uint32_t interfaces[] = {settings.client_ifindex, settings.member_ifindex};
  for (size_t i = 0; i < 2; ++i) {
    node->links_[i] = bpf_program__attach_xdp(node->program_->progs.xdp_balancer, static_cast<int>(interfaces[i]));
    if (node->links_[i] == nullptr) return fail_errno(errno, "cannot attach the program");
  }
  return node;
}

Status VethNode::fill(const NodeSettings& settings) {
  const auto& maps = program_->maps;
  elb_listener_key key{};
  key.addr = elb_mapped(settings.vip.address.v4_be());
  key.port = htons(settings.vip.port);
  key.proto = IPPROTO_UDP;
  elb_listener listener{};
  listener.index = kListener;
  listener.id[0] = 1;

  elb_member member{};
  member.addr = elb_mapped(settings.member.address.v4_be());
  member.port = htons(settings.member.port);
  member.hop = kHop;
  member.listener = kListener;
  member.flags = ELB_MEMBER_USABLE;
  member.id[0] = 1;

  elb_hop hop{};
  std::copy(settings.member_mac.begin(), settings.member_mac.end(), hop.dest_mac);
  std::copy(settings.member_side_mac.begin(), settings.member_side_mac.end(), hop.source_mac);
  hop.ifindex = settings.member_ifindex;
  hop.mtu = 1500;
  hop.valid = 1;

  LIBBPF_OPTS(bpf_map_create_opts, ring_options, .map_flags = BPF_F_INNER_MAP);
  const Fd ring(bpf_map_create(BPF_MAP_TYPE_ARRAY, "elb_ring", 4, 4, 2, &ring_options));
  const uint32_t ring_content[] = {1, kMember};
  for (uint32_t i = 0; i < 2; ++i)
    if (!ring || bpf_map_update_elem(ring.get(), &i, &ring_content[i], BPF_ANY) != 0)
      return fail_errno(errno, "cannot make the ring");
  for (uint32_t i = 0; i < 16; ++i) {
    const uint32_t index = ELB_HOPS_MEMBERS + i;
    if (bpf_map_update_elem(bpf_map__fd(maps.elb_hop_free), nullptr, &index, BPF_ANY) != 0)
      return fail_errno(errno, "cannot offer next hops");
  }

  const Cidr vip{settings.vip.address, 32};
  const Status steps[] = {
      put(maps.elb_listeners, key, listener),
      put(maps.elb_members, kMember, member),
      put(maps.elb_hops, uint32_t{kHop}, hop),
      put(maps.elb_rings, kListener, ring.get()),
      put(maps.elb_addrs, addr_key(vip), uint32_t{ELB_ADDR_VIP}),
      put(maps.elb_addrs, addr_key(settings.local), uint32_t{ELB_ADDR_LOCAL}),
      put(maps.elb_links, settings.client_ifindex, link_of(settings.client_side_mac)),
      put(maps.elb_links, settings.member_ifindex, link_of(settings.member_side_mac)),
      put(maps.elb_tx_ports, settings.client_ifindex, settings.client_ifindex),
      put(maps.elb_tx_ports, settings.member_ifindex, settings.member_ifindex),
  };
  for (const Status& status : steps)
    if (!status) return status;
  return {};
}

VethNode::~VethNode() {
  for (bpf_link* link : links_)
    if (link != nullptr) bpf_link__destroy(link);
  xdp_balancer__destroy(program_);
}

std::string VethNode::reasons() const {
#define ELB_REASON_TEXT(NAME, name, drop, text) name,
  static constexpr const char* kNames[] = {ELB_REASONS(ELB_REASON_TEXT)};
#undef ELB_REASON_TEXT
  std::string text;
  std::vector<uint64_t> per_cpu(static_cast<size_t>(libbpf_num_possible_cpus()));
  for (uint32_t reason = 0; reason < ELB_REASON_COUNT; ++reason) {
    if (bpf_map_lookup_elem(bpf_map__fd(program_->maps.elb_reasons), &reason, per_cpu.data()) != 0) continue;
    const uint64_t sum = std::accumulate(per_cpu.begin(), per_cpu.end(), uint64_t{0});
    if (sum != 0) text += fmt::format("{}{}={}", text.empty() ? "" : " ", kNames[reason], sum);
  }
  return text;
}

}  // namespace elb::bench
