// SPDX-License-Identifier: Apache-2.0
// The compiled object's own view (BTF) of what it shares with the agent: sizes, offsets, map names, map definitions.
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <memory>

#include "bpf/testbed.h"

namespace elb::test {
namespace {

using Object = std::unique_ptr<bpf_object, decltype(&bpf_object__close)>;
Object open_object() {
  const auto elf = balancer_elf();
  return {bpf_object__open_mem(elf.data(), elf.size(), nullptr), bpf_object__close};
}

const btf_type* structure(const btf* types, const char* name) {
  const int id = btf__find_by_name_kind(types, name, BTF_KIND_STRUCT);
  return id > 0 ? btf__type_by_id(types, id) : nullptr;
}

/// Bytes from the start of the structure; -1 if there is no such field.
int64_t offset_of(const btf* types, const btf_type* type, const std::string& field) {
  for (uint32_t i = 0; i < btf_vlen(type); i++)
    if (field == btf__name_by_offset(types, btf_members(type)[i].name_off)) return btf_member_bit_offset(type, i) / 8;
  return -1;
}

TEST(Abi, SizesAndOffsetsAreThoseOfTheObject) {
  const Object object = open_object();
  ASSERT_TRUE(object);
  const btf* types = bpf_object__btf(object.get());
#define ELB_SAME_SIZE(type)                             \
  ASSERT_NE(structure(types, #type), nullptr) << #type; \
  EXPECT_EQ(structure(types, #type)->size, sizeof(type)) << #type
#define ELB_SAME_OFFSET(type, field) \
  EXPECT_EQ(offset_of(types, structure(types, #type), #field), int64_t{offsetof(type, field)}) << #type "." #field
  ELB_SAME_SIZE(elb_meta);
  ELB_SAME_SIZE(elb_flow);
  ELB_SAME_SIZE(elb_policy);
  ELB_SAME_SIZE(elb_listener_key);
  ELB_SAME_SIZE(elb_listener);
  ELB_SAME_SIZE(elb_cursor);
  ELB_SAME_SIZE(elb_member);
  ELB_SAME_SIZE(elb_traffic);
  ELB_SAME_SIZE(elb_hop);
  ELB_SAME_SIZE(elb_hop_key);
  ELB_SAME_SIZE(elb_frag_key);
  ELB_SAME_SIZE(elb_frag);
  ELB_SAME_SIZE(elb_link);
  ELB_SAME_SIZE(elb_addr_key);
  ELB_SAME_SIZE(elb_rate);
  ELB_SAME_SIZE(elb_bucket);
  ELB_SAME_SIZE(elb_reset);
  ELB_SAME_OFFSET(elb_flow, ctl);
  ELB_SAME_OFFSET(elb_flow, last);
  ELB_SAME_OFFSET(elb_flow, key_addrs);
  ELB_SAME_OFFSET(elb_flow, key_ports);
  ELB_SAME_OFFSET(elb_flow, l3_delta);
  ELB_SAME_OFFSET(elb_flow, ack);
  ELB_SAME_OFFSET(elb_flow, traffic);
  ELB_SAME_OFFSET(elb_flow, peer);
  ELB_SAME_OFFSET(elb_member, hop);
  ELB_SAME_OFFSET(elb_member, weight);
  ELB_SAME_OFFSET(elb_member, generation);
  ELB_SAME_OFFSET(elb_member, listener);
  ELB_SAME_OFFSET(elb_member, id);
  ELB_SAME_OFFSET(elb_member, listener_id);
  ELB_SAME_OFFSET(elb_hop, source_mac);
  ELB_SAME_OFFSET(elb_hop, ifindex);
  ELB_SAME_OFFSET(elb_hop, mtu);
  ELB_SAME_OFFSET(elb_hop, valid);
  ELB_SAME_OFFSET(elb_listener, id);
  ELB_SAME_OFFSET(elb_meta, seed);
  ELB_SAME_OFFSET(elb_meta, tick_shift);
#undef ELB_SAME_SIZE
#undef ELB_SAME_OFFSET
}

TEST(Abi, LayoutThatPinnedMapsRelyOn) {
  // A change here is a new ELB_ABI_VERSION.
  EXPECT_EQ(ELB_ABI_VERSION, 5);
  EXPECT_EQ(offsetof(elb_flow, key_addrs), 16u);
  EXPECT_EQ(offsetof(elb_flow, traffic), 48u);
  EXPECT_EQ(offsetof(elb_flow, peer), 60u);
  EXPECT_EQ(offsetof(elb_member, id), 32u);
  EXPECT_EQ(offsetof(elb_member, listener_id), 48u);
  EXPECT_EQ(offsetof(elb_hop, ifindex), 12u);
  EXPECT_EQ(offsetof(elb_meta, seed), 8u);
}

TEST(Abi, EveryNamedMapIsInTheObjectAndFitsAPin) {
  struct Map {
    uint32_t key, value;
  };
  const std::map<std::string, Map> wanted = {
      {ELB_MAP_META, {4, sizeof(elb_meta)}},
      {ELB_MAP_FLOWS, {4, sizeof(elb_flow)}},
      {ELB_MAP_FLOWS6, {4, sizeof(elb_flow6)}},
      {ELB_MAP_SEQS, {4, 8}},
      {ELB_MAP_LISTENERS, {sizeof(elb_listener_key), sizeof(elb_listener)}},
      {ELB_MAP_POLICIES, {4, sizeof(elb_policy)}},
      {ELB_MAP_LOADS, {4, 4}},
      {ELB_MAP_ACL, {sizeof(elb_acl_key), 4}},
      {ELB_MAP_STICKY, {sizeof(elb_sticky_key), sizeof(elb_sticky)}},
      {ELB_MAP_RINGS, {4, 4}},
      {ELB_MAP_CURSORS, {4, sizeof(elb_cursor)}},
      {ELB_MAP_MEMBERS, {4, sizeof(elb_member)}},
      {ELB_MAP_PORTS, {4, 8}},
      {ELB_MAP_TRAFFIC, {4, sizeof(elb_traffic)}},
      {ELB_MAP_REFUSED, {4, 8}},
      {ELB_MAP_LIMITED, {4, 8}},
      {ELB_MAP_RATES, {4, sizeof(elb_rate)}},
      {ELB_MAP_BUCKETS, {4, sizeof(elb_bucket)}},
      {ELB_MAP_QUANTA, {4, 8}},
      {ELB_MAP_RESETS, {4, sizeof(elb_reset)}},
      {ELB_MAP_HOPS, {4, sizeof(elb_hop)}},
      {ELB_MAP_HOP_INDEX, {sizeof(elb_hop_key), 4}},
      {ELB_MAP_HOP_FREE, {0, 4}},
      {ELB_MAP_ADDRS, {sizeof(elb_addr_key), 4}},
      {ELB_MAP_LINKS, {4, sizeof(elb_link)}},
      {ELB_MAP_TX_PORTS, {4, 4}},
      {ELB_MAP_REASONS, {4, 8}},
      {ELB_MAP_FRAGS, {sizeof(elb_frag_key), sizeof(elb_frag)}},
  };
  const Object object = open_object();
  ASSERT_TRUE(object);
  for (const auto& [name, sizes] : wanted) {
    EXPECT_LE(name.size(), 15u) << name;
    const bpf_map* map = bpf_object__find_map_by_name(object.get(), name.c_str());
    ASSERT_NE(map, nullptr) << name;
    EXPECT_EQ(bpf_map__key_size(map), sizes.key) << name;
    EXPECT_EQ(bpf_map__value_size(map), sizes.value) << name;
  }
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object.get()) {
    const std::string name = bpf_map__name(map);
    if (name == "elb_scratch" || name == "elb_telling" || name.ends_with(".rodata"))
      continue;  // belong to one load, never pinned
    EXPECT_TRUE(wanted.contains(name)) << name << " is not in abi.h";
  }
}

}  // namespace
}  // namespace elb::test
