// SPDX-License-Identifier: Apache-2.0
#include "harness/prog_runner.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tc_balancer.skel.h"
#include "xdp_balancer.skel.h"

namespace elb::test {
namespace {

int print_problems(libbpf_print_level level, const char* format, va_list args) {
  return level == LIBBPF_WARN ? std::vfprintf(stderr, format, args) : 0;
}

/// A `const volatile` of the program, found by its name; before load.
void set_constant(bpf_object* object, const char* name, const void* value, size_t size) {
  const btf* types = bpf_object__btf(object);
  const int section = btf__find_by_name_kind(types, ".rodata", BTF_KIND_DATASEC);
  bpf_map* rodata = nullptr;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) if (std::string_view(bpf_map__name(map)).ends_with(".rodata")) rodata = map;
  const btf_type* type = section > 0 ? btf__type_by_id(types, section) : nullptr;
  for (int i = 0; type && rodata && i < btf_vlen(type); i++) {
    const btf_var_secinfo& info = btf_var_secinfos(type)[i];
    if (std::strcmp(btf__name_by_offset(types, btf__type_by_id(types, info.type)->name_off), name) != 0) continue;
    size_t all = 0;
    auto* data = static_cast<uint8_t*>(const_cast<void*>(bpf_map__initial_value(rodata, &all)));
    std::memcpy(data + info.offset, value, size);
    return;
  }
  std::fprintf(stderr, "no constant %s\n", name);
  std::abort();
}

void set_entries(bpf_object* object, const char* map, uint32_t entries) {
  bpf_map__set_max_entries(bpf_object__find_map_by_name(object, map), entries);
}

elb_ip ip_of(const Ipv6Address& address) {
  elb_ip ip;
  std::memcpy(&ip, address.bytes.data(), sizeof ip);
  return ip;
}

template <class T>
T sum_cpus(int fd, uint32_t key, void (*add)(T&, const T&)) {
  std::vector<T> values(libbpf_num_possible_cpus());
  T total{};
  if (bpf_map_lookup_elem(fd, &key, values.data()) == 0)
    for (const T& value : values) add(total, value);
  return total;
}
uint64_t sum_u64(int fd, uint32_t key) {
  return sum_cpus<uint64_t>(fd, key, [](uint64_t& sum, const uint64_t& one) { sum += one; });
}

}  // namespace

std::span<const uint8_t> balancer_elf(Hook hook) {
  size_t size = 0;
  const void* data = hook == Hook::kTc ? tc_balancer__elf_bytes(&size) : xdp_balancer__elf_bytes(&size);
  return {static_cast<const uint8_t*>(data), size};
}

ProgRunner::ProgRunner(std::span<const uint8_t> elf, const RunnerOptions& options) : hook_(options.hook) {
  libbpf_set_print(print_problems);
  object_ = bpf_object__open_mem(elf.data(), elf.size(), nullptr);
  if (!object_) {
    error_ = errno;
    return;
  }
  const uint32_t mask = options.flow_slots - 1, cpus = libbpf_num_possible_cpus();
  const uint32_t local = ntohl(options.local_first.be);
  set_constant(object_, "elb_flow_mask", &mask, sizeof mask);
  set_constant(object_, "elb_flow_seed", options.seed, sizeof options.seed);
  set_constant(object_, "elb_tick_shift", &options.tick_shift, sizeof options.tick_shift);
  set_constant(object_, "elb_local_first_host", &local, sizeof local);
  set_constant(object_, "elb_local_count", &options.local_count, sizeof options.local_count);
  set_constant(object_, "elb_new_per_tick", &options.new_per_tick, sizeof options.new_per_tick);
  set_constant(object_, "elb_syn_cookies", &options.syn_cookies, sizeof options.syn_cookies);
  set_constant(object_, "elb_cpu_count", &cpus, sizeof cpus);
  uint64_t seeds6[ELB_SEEDS6];
  for (uint32_t i = 0; i < ELB_SEEDS6; i++) seeds6[i] = elb_derive_seed6(options.seed[i % 5], i);
  uint32_t prefix6[4];
  std::memcpy(prefix6, options.local6_first.bytes.data(), sizeof prefix6);
  const uint32_t first6 = ntohl(prefix6[3]);
  set_constant(object_, "elb_seeds6", seeds6, sizeof seeds6);
  set_constant(object_, "elb_local6_prefix", prefix6, sizeof prefix6[0] * 3);
  set_constant(object_, "elb_local6_first_host", &first6, sizeof first6);
  set_constant(object_, "elb_local6_count", &options.local6_count, sizeof options.local6_count);
  set_entries(object_, ELB_MAP_FLOWS, options.flow_slots);
  set_entries(object_, ELB_MAP_SEQS, options.flow_slots);
  set_entries(object_, ELB_MAP_FLOWS6, options.local6_count ? options.flow_slots : 1);
  for (const char* map : {ELB_MAP_LISTENERS, ELB_MAP_RINGS, ELB_MAP_CURSORS, ELB_MAP_REFUSED, ELB_MAP_POLICIES})
    set_entries(object_, map, options.listeners);
  for (const char* map : {ELB_MAP_MEMBERS, ELB_MAP_PORTS, ELB_MAP_TRAFFIC, ELB_MAP_LOADS})
    set_entries(object_, map, options.members);
  if (const int result = bpf_object__load(object_); result != 0) {
    error_ = -result;
    return;
  }
  table_.mask = mask;
  std::copy(std::begin(options.seed), std::end(options.seed), table_.seed);
  void* base = mmap(nullptr, sizeof(elb_flow) * size_t{options.flow_slots}, PROT_READ | PROT_WRITE, MAP_SHARED,
                    map_fd(ELB_MAP_FLOWS), 0);
  if (base == MAP_FAILED) {
    error_ = errno;
    return;
  }
  table_.base = static_cast<elb_flow*>(base);
  loaded_ = true;
}

ProgRunner::~ProgRunner() {
  if (table_.base) munmap(table_.base, sizeof(elb_flow) * (size_t{table_.mask} + 1));
  bpf_object__close(object_);
}

std::vector<ProgramFacts> ProgRunner::facts() const {
  std::vector<ProgramFacts> all;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object_) {
    bpf_prog_info info{};
    uint32_t size = sizeof info;
    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size);
    all.push_back({bpf_program__name(program), info.verified_insns, info.jited_prog_len});
  }
  return all;
}

int ProgRunner::map_fd(const char* name) const { return bpf_object__find_map_fd_by_name(object_, name); }

int ProgRunner::program_fd(const char* name) const {
  return bpf_program__fd(bpf_object__find_program_by_name(object_, name));
}

void ProgRunner::put(const char* map, const void* key, const void* value) const {
  if (bpf_map_update_elem(map_fd(map), key, value, BPF_ANY) != 0) {
    std::perror(map);
    std::abort();
  }
}

void ProgRunner::set_address(Ipv4Address addr, elb_addr_kind kind, uint32_t prefix) {
  put_address(elb_mapped(addr.be), kind, prefix + ELB_MAPPED_SHIFT);
}

void ProgRunner::set_address(Ipv6Address addr, elb_addr_kind kind, uint32_t prefix) {
  put_address(ip_of(addr), kind, prefix);
}

void ProgRunner::put_address(const elb_ip& addr, elb_addr_kind kind, uint32_t prefix) const {
  const elb_addr_key key{prefix, addr};
  const uint32_t value = kind;
  put(ELB_MAP_ADDRS, &key, &value);
}

void ProgRunner::set_listener(Ipv4Address vip, uint16_t port, uint8_t proto, uint32_t index, uint32_t flags) {
  put_listener(elb_mapped(vip.be), port, proto, index, flags);
}

void ProgRunner::set_listener(Ipv6Address vip, uint16_t port, uint8_t proto, uint32_t index, uint32_t flags) {
  put_listener(ip_of(vip), port, proto, index, flags);
}

void ProgRunner::put_listener(const elb_ip& vip, uint16_t port, uint8_t proto, uint32_t index, uint32_t flags) const {
  const elb_listener_key key{vip, htons(port), proto, 0};
  elb_listener value{};
  value.index = index;
  value.flags = flags;
  put(ELB_MAP_LISTENERS, &key, &value);
}

void ProgRunner::set_rate(uint32_t index, const elb_rate& rate) { put(ELB_MAP_RATES, &index, &rate); }

void ProgRunner::set_ring(uint32_t listener, const std::vector<uint32_t>& members) {
  LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_INNER_MAP);
  const int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "elb_ring", sizeof(uint32_t), sizeof(uint32_t),
                                static_cast<uint32_t>(members.size()) + 1, &opts);
  auto put_element = [&](uint32_t at, uint32_t value) { bpf_map_update_elem(fd, &at, &value, BPF_ANY); };
  put_element(0, static_cast<uint32_t>(members.size()));
  for (uint32_t i = 0; i < members.size(); i++) put_element(i + 1, members[i]);
  put(ELB_MAP_RINGS, &listener, &fd);
  close(fd);
}

void ProgRunner::set_member(uint32_t index, Ipv4Address addr, uint16_t port, uint16_t hop, uint32_t listener) {
  put_member(index, elb_mapped(addr.be), port, hop, listener);
}

void ProgRunner::set_member(uint32_t index, Ipv6Address addr, uint16_t port, uint16_t hop, uint32_t listener) {
  put_member(index, ip_of(addr), port, hop, listener);
}

void ProgRunner::put_member(uint32_t index, const elb_ip& addr, uint16_t port, uint16_t hop, uint32_t listener) {
  elb_member member{};
  member.addr = addr;
  member.port = htons(port);
  member.hop = hop;
  member.listener = listener;
  member.flags = ELB_MEMBER_USABLE;
  member.weight = 1;
  put_member(index, member);
}

void ProgRunner::put_member(uint32_t index, const elb_member& member) { put(ELB_MAP_MEMBERS, &index, &member); }

elb_member ProgRunner::member(uint32_t index) const {
  elb_member member{};
  bpf_map_lookup_elem(map_fd(ELB_MAP_MEMBERS), &index, &member);
  return member;
}

void ProgRunner::set_policy(uint32_t listener, const elb_policy& policy) { put(ELB_MAP_POLICIES, &listener, &policy); }

void ProgRunner::allow(uint32_t acl, Ipv4Address client, uint32_t bits) {
  put_allowed(acl, elb_mapped(client.be), ELB_MAPPED_SHIFT + bits);
}

void ProgRunner::allow(uint32_t acl, Ipv6Address client, uint32_t bits) { put_allowed(acl, ip_of(client), bits); }

void ProgRunner::put_allowed(uint32_t acl, const elb_ip& client, uint32_t bits) const {
  const elb_acl_key key{ELB_ACL_BITS + bits, acl, client};
  const uint32_t value = 1;
  put(ELB_MAP_ACL, &key, &value);
}

uint32_t ProgRunner::load(uint32_t member) const {
  uint32_t load = 0;
  bpf_map_lookup_elem(map_fd(ELB_MAP_LOADS), &member, &load);
  return load;
}

void ProgRunner::uncount(uint32_t index, uint32_t connections) {
  const uint32_t left = load(index) - connections, listener = member(index).listener;
  put(ELB_MAP_LOADS, &index, &left);
  elb_cursor changed = cursor(listener);
  changed.active -= connections;
  put(ELB_MAP_CURSORS, &listener, &changed);
}

elb_cursor ProgRunner::cursor(uint32_t listener) const {
  elb_cursor cursor{};
  bpf_map_lookup_elem(map_fd(ELB_MAP_CURSORS), &listener, &cursor);
  return cursor;
}

void ProgRunner::set_cursor(uint32_t listener, const elb_cursor& cursor) { put(ELB_MAP_CURSORS, &listener, &cursor); }

void ProgRunner::set_hop(uint32_t index, const elb_hop& hop) { put(ELB_MAP_HOPS, &index, &hop); }

void ProgRunner::set_link(uint32_t ifindex, MacAddress mac, uint16_t mtu) {
  elb_link link{};
  std::copy(std::begin(mac.bytes), std::end(mac.bytes), link.mac);
  link.mtu = mtu;
  put(ELB_MAP_LINKS, &ifindex, &link);
}

void ProgRunner::set_tx_port(uint32_t ifindex) { put(ELB_MAP_TX_PORTS, &ifindex, &ifindex); }

void ProgRunner::free_hops(uint32_t first, uint32_t count) {
  for (uint32_t index = first; index < first + count; index++) put(ELB_MAP_HOP_FREE, nullptr, &index);
}

RunResult ProgRunner::run(std::span<const uint8_t> frame, uint32_t repeat, const char* program,
                          uint32_t ingress) const {
  RunResult result{};
  xdp_md context{};
  context.data_end = static_cast<uint32_t>(frame.size());
  context.ingress_ifindex = ingress;
  result.frame.resize(frame.size() + 256);
  LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.data(), .data_out = result.frame.data(),
              .data_size_in = static_cast<uint32_t>(frame.size()),
              .data_size_out = static_cast<uint32_t>(result.frame.size()), .repeat = static_cast<int>(repeat));
  __sk_buff packet{};
  packet.ifindex = ingress;
  if (ingress != kLoopback) {
    opts.ctx_in = hook_ == Hook::kTc ? static_cast<void*>(&packet) : &context;
    opts.ctx_size_in = hook_ == Hook::kTc ? sizeof packet : sizeof context;
  }
  if (!program) program = hook_ == Hook::kTc ? "tc_balancer" : "xdp_balancer";
  if (bpf_prog_test_run_opts(program_fd(program), &opts) != 0) {
    std::perror(program);
    std::abort();
  }
  result.frame.resize(opts.data_size_out);
  result.verdict = opts.retval;
  if (hook_ == Hook::kTc && std::strcmp(program, "tc_balancer") == 0) {
    const auto action = static_cast<int>(opts.retval);
    result.verdict = action == TC_ACT_REDIRECT ? XDP_REDIRECT : action == TC_ACT_UNSPEC ? XDP_PASS : XDP_DROP;
  }
  result.ns = opts.duration;
  return result;
}

bool ProgRunner::takes(std::span<const uint8_t> frame) const {
  const bool six = frame.size() >= 14 && frame[12] == 0x86 && frame[13] == 0xdd;
  return hook_ == Hook::kXdp || frame.size() >= (six ? 54 : 34);
}

uint64_t ProgRunner::reason(elb_reason reason) const { return sum_u64(map_fd(ELB_MAP_REASONS), reason); }

std::vector<uint64_t> ProgRunner::reasons() const {
  std::vector<uint64_t> all;
  for (uint32_t i = 0; i < ELB_REASON_COUNT; i++) all.push_back(sum_u64(map_fd(ELB_MAP_REASONS), i));
  return all;
}

elb_traffic ProgRunner::traffic(uint32_t member) const {
  return sum_cpus<elb_traffic>(map_fd(ELB_MAP_TRAFFIC), member, [](elb_traffic& sum, const elb_traffic& one) {
    sum.connections += one.connections;
    sum.packets_in += one.packets_in;
    sum.bytes_in += one.bytes_in;
    sum.packets_out += one.packets_out;
    sum.bytes_out += one.bytes_out;
  });
}

uint64_t ProgRunner::refused(uint32_t listener) const { return sum_u64(map_fd(ELB_MAP_REFUSED), listener); }

uint64_t ProgRunner::limited(uint32_t listener) const { return sum_u64(map_fd(ELB_MAP_LIMITED), listener); }

elb_hop ProgRunner::hop(uint32_t index) const {
  elb_hop hop{};
  bpf_map_lookup_elem(map_fd(ELB_MAP_HOPS), &index, &hop);
  return hop;
}

elb_sweep_counts sweep_all(const elb_table& table, uint32_t now, const elb_flow_limits& limits,
                           const elb_flow_observer* observer) {
  elb_sweep_counts counts{};
  for (uint32_t slot = 0; slot <= table.mask; slot++)
    elb_flow_sweep_slot(&table, slot, now, &limits, observer, &counts);
  return counts;
}

}  // namespace elb::test
