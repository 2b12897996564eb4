// SPDX-License-Identifier: Apache-2.0
// A flow table in plain memory, the keys of a small test network, and the fields of an entry with a sum over them.
// Client c is 10.0.0.c:12345 -> VIP 10.200.1.1:443; towards member m it is 100.64.0.1:1024+p -> 192.168.0.m:80. Host
// order throughout: the table never looks inside a key.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "unit/flow_table/instrument.h"

namespace elb::test {

constexpr uint32_t kTcp = 6;
constexpr uint32_t kUdp = 17;
constexpr uint32_t kVip = 0x0AC80101;
constexpr uint32_t kLocal = 0x64400001;
constexpr uint32_t kClientBase = 0x0A000000;
constexpr uint32_t kMemberBase = 0xC0A80000;
constexpr uint32_t kPortBase = 1024;

inline uint32_t ports(uint32_t source, uint32_t dest) { return dest << 16 | source; }

inline elb_flow_key client_key(uint32_t client, uint32_t proto = kTcp) {
  return {uint64_t{kClientBase + client} << 32 | kVip, ports(12345, 443), proto};
}

inline elb_flow_key reply_key(uint32_t member, uint32_t port, uint32_t proto = kTcp) {
  return {uint64_t{kMemberBase + member} << 32 | kLocal, ports(80, kPortBase + port), proto};
}

/// What a packet copies out of an entry. The sum lies where the checksum differences are, which the table never reads.
struct Fields {
  uint32_t source, dest, ports, peer;
  uint16_t member;
  uint32_t sum;

  uint32_t expected_sum(const elb_flow_key& key) const {
    return static_cast<uint32_t>(key.addrs) * 3U + static_cast<uint32_t>(key.addrs >> 32) * 5U + key.ports * 7U +
           source * 11U + dest * 13U + ports * 17U + peer * 19U + member * 23U + key.proto * 29U;
  }
};

/// The translation that the forward entry of (client, member, port) carries, and the reverse one.
inline Fields forward_fields(uint32_t member, uint32_t port, uint32_t peer) {
  return {kLocal, kMemberBase + member, ports(kPortBase + port, 80), peer, static_cast<uint16_t>(member), 0};
}

inline Fields reverse_fields(uint32_t client, uint32_t member, uint32_t peer) {
  return {kVip, kClientBase + client, ports(443, 12345), peer, static_cast<uint16_t>(member), 0};
}

/// Fills a claimed slot, with points at which it is half written.
inline void fill(elb_flow& flow, const elb_flow_key& key, const Fields& fields, uint32_t now) {
  const uint32_t sum = fields.expected_sum(key);
  ELB_STORE(flow.key_addrs, key.addrs);
  ELB_STORE(flow.key_ports, key.ports);
  ELB_STORE(flow.proto, static_cast<uint8_t>(key.proto));
  ELB_PAUSE(FILL);
  ELB_STORE(flow.new_source, fields.source);
  ELB_STORE(flow.new_dest, fields.dest);
  ELB_STORE(flow.peer, fields.peer);
  ELB_PAUSE(FILL);
  ELB_STORE(flow.new_ports, fields.ports);
  ELB_STORE(flow.traffic, ELB_FLOW_TRAFFIC(0, fields.member));
  ELB_STORE(flow.l3_delta, static_cast<uint16_t>(sum));
  ELB_STORE(flow.l4_delta, static_cast<uint16_t>(sum >> 16));
  ELB_STORE(flow.last, now);
}

inline Fields copy(const elb_flow& flow) {
  Fields fields{};
  fields.source = ELB_LOAD(flow.new_source);
  fields.dest = ELB_LOAD(flow.new_dest);
  ELB_PAUSE(COPY);
  fields.ports = ELB_LOAD(flow.new_ports);
  fields.peer = ELB_LOAD(flow.peer);
  fields.member = ELB_FLOW_MEMBER(ELB_LOAD(flow.traffic));
  fields.sum = ELB_LOAD(flow.l3_delta) | static_cast<uint32_t>(ELB_LOAD(flow.l4_delta)) << 16;
  return fields;
}

/// The memory of one table; all slots free.
class Table {
 public:
  explicit Table(uint32_t slots, uint64_t salt = 1)
      : memory_(static_cast<elb_flow*>(std::aligned_alloc(ELB_CACHE_LINE, slots * sizeof(elb_flow))), std::free) {
    std::memset(static_cast<void*>(memory_.get()), 0, slots * sizeof(elb_flow));
    view.base = memory_.get();
    view.mask = slots - 1;
    for (auto& seed : view.seed) {
      salt = salt * 6364136223846793005ULL + 1442695040888963407ULL;
      seed = (salt ^ salt >> 31) | 1;
    }
  }

  uint32_t slots() const { return view.mask + 1; }
  elb_flow& at(uint32_t slot) const { return *elb_table_slot(&view, slot); }
  uint32_t home(const elb_flow_key& key) const { return elb_flow_home(&view, &key); }

  elb_table view{};

 private:
  std::unique_ptr<elb_flow, decltype(&std::free)> memory_;
};

}  // namespace elb::test
