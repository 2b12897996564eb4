// SPDX-License-Identifier: Apache-2.0
#include "veth_node.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <elb/abi.h>
#include <tc_balancer.skel.h>
#include <xdp_balancer.skel.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
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

template <class Skeleton>
Status set_constants(bpf_object* object, const NodeSettings& settings) {
  using Constants = std::remove_pointer_t<decltype(Skeleton::rodata)>;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    size_t size = 0;
    const void* content = bpf_map__initial_value(map, &size);
    if (!std::string_view(bpf_map__name(map)).ends_with(".rodata") || content == nullptr) continue;
    std::vector<std::byte> bytes(std::max(size, sizeof(Constants)));  // which may end with padding
    std::memcpy(bytes.data(), content, size);
    auto& constants = *reinterpret_cast<Constants*>(bytes.data());
    constants.elb_flow_mask = settings.flow_slots - 1;
    __u64 odd = 0x9E3779B97F4A7C15ULL;
    for (__u64& seed : constants.elb_flow_seed) seed = odd += 0xD1B54A32D192ED04ULL;
    constants.elb_local_first_host = settings.local.address.v4_host() + 2;
    constants.elb_local_count = (1U << (32 - settings.local.prefix)) - 3;
    constants.elb_cpu_count = static_cast<uint32_t>(libbpf_num_possible_cpus());
    if (bpf_map__set_initial_value(map, bytes.data(), size) != 0) return fail_errno(errno, "cannot set the constants");
    return {};
  }
  return fail(ErrorCode::kInternal, "the program has no constants");
}

}  // namespace

Result<std::unique_ptr<VethNode>> VethNode::start(const NodeSettings& settings) {
  std::unique_ptr<VethNode> node(new VethNode);
  if (auto status = node->load(settings); !status) return pass_on(std::move(status.error()));
  if (auto status = node->fill(settings); !status) return pass_on(std::move(status.error()));
  for (const uint32_t ifindex : {settings.client_ifindex, settings.member_ifindex})
    if (auto status = node->attach(ifindex); !status) return pass_on(std::move(status.error()));
  return node;
}

/// As a plain object, since the skeletons of both hooks are different types with the same content.
Status VethNode::load(const NodeSettings& settings) {
  hook_ = settings.hook;
  size_t size = 0;
  const void* elf = hook_ == Hook::kXdp ? xdp_balancer__elf_bytes(&size) : tc_balancer__elf_bytes(&size);
  object_ = bpf_object__open_mem(elf, size, nullptr);
  if (object_ == nullptr) return fail_errno(errno, "cannot open the program");
  auto constants = hook_ == Hook::kXdp ? set_constants<xdp_balancer>(object_, settings)
                                       : set_constants<tc_balancer>(object_, settings);
  if (!constants) return constants;
  bpf_map__set_max_entries(map("elb_flows"), settings.flow_slots);
  if (const int error = bpf_object__load(object_); error != 0) return fail_errno(-error, "cannot load the program");
  return {};
}

Status VethNode::attach(uint32_t ifindex) {
  if (hook_ == Hook::kXdp) {
    bpf_link* link =
        bpf_program__attach_xdp(bpf_object__find_program_by_name(object_, "xdp_balancer"), static_cast<int>(ifindex));
    if (link == nullptr) return fail_errno(errno, "cannot attach the program");
    links_.push_back(link);
    return {};
  }
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(ifindex), .attach_point = BPF_TC_INGRESS);
  if (const int error = bpf_tc_hook_create(&hook); error != 0) return fail_errno(-error, "cannot add a clsact qdisc");
  interfaces_.push_back(ifindex);
  LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(bpf_object__find_program_by_name(object_, "tc_balancer")));
  if (const int error = bpf_tc_attach(&hook, &opts); error != 0) return fail_errno(-error, "cannot attach the program");
  return {};
}

bpf_map* VethNode::map(const char* name) const { return bpf_object__find_map_by_name(object_, name); }

Status VethNode::fill(const NodeSettings& settings) {
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
    if (bpf_map_update_elem(bpf_map__fd(map("elb_hop_free")), nullptr, &index, BPF_ANY) != 0)
      return fail_errno(errno, "cannot offer next hops");
  }

  const Cidr vip{settings.vip.address, 32};
  const Status steps[] = {
      put(map("elb_listeners"), key, listener),
      put(map("elb_members"), kMember, member),
      put(map("elb_hops"), uint32_t{kHop}, hop),
      put(map("elb_rings"), kListener, ring.get()),
      put(map("elb_addrs"), addr_key(vip), uint32_t{ELB_ADDR_VIP}),
      put(map("elb_addrs"), addr_key(settings.local), uint32_t{ELB_ADDR_LOCAL}),
      put(map("elb_links"), settings.client_ifindex, link_of(settings.client_side_mac)),
      put(map("elb_links"), settings.member_ifindex, link_of(settings.member_side_mac)),
      put(map("elb_tx_ports"), settings.client_ifindex, settings.client_ifindex),
      put(map("elb_tx_ports"), settings.member_ifindex, settings.member_ifindex),
  };
  for (const Status& status : steps)
    if (!status) return status;
  return {};
}

VethNode::~VethNode() {
  for (bpf_link* link : links_) bpf_link__destroy(link);
  for (const uint32_t ifindex : interfaces_) {
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(ifindex),
                .attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS));
    bpf_tc_hook_destroy(&hook);
  }
  bpf_object__close(object_);
}

std::string VethNode::reasons() const {
#define ELB_REASON_TEXT(NAME, name, drop, text) name,
  static constexpr const char* kNames[] = {ELB_REASONS(ELB_REASON_TEXT)};
#undef ELB_REASON_TEXT
  std::string text;
  std::vector<uint64_t> per_cpu(static_cast<size_t>(libbpf_num_possible_cpus()));
  for (uint32_t reason = 0; reason < ELB_REASON_COUNT; ++reason) {
    if (bpf_map_lookup_elem(bpf_map__fd(map("elb_reasons")), &reason, per_cpu.data()) != 0) continue;
    const uint64_t sum = std::accumulate(per_cpu.begin(), per_cpu.end(), uint64_t{0});
    if (sum != 0) text += fmt::format("{}{}={}", text.empty() ? "" : " ", kNames[reason], sum);
  }
  return text;
}

}  // namespace elb::bench
