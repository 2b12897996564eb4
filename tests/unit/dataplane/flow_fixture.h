// SPDX-License-Identifier: Apache-2.0
// FlowFixture: a flow table in plain memory with connections in it, made by the functions that the packet path uses.
// Thread rule: one thread.
#pragma once

#include <elb/flow_sweep.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "base/ip.h"

namespace elb::test {

class FlowFixture {
 public:
  explicit FlowFixture(uint32_t slots = 1024)
      : memory_(static_cast<elb_flow*>(std::aligned_alloc(ELB_CACHE_LINE, slots * sizeof(elb_flow))), std::free),
        beside_(slots),
        seqs_(slots) {
    std::memset(static_cast<void*>(memory_.get()), 0, slots * sizeof(elb_flow));
    table.base = memory_.get();
    table.beside = beside_.data();
    table.seqs = seqs_.data();
    table.mask = slots - 1;
    for (auto& seed : table.seed) seed = 0x9E3779B97F4A7C15ULL * (++salt_) | 1;
  }

  struct Flow {
    elb_flow* forward = nullptr;
    elb_flow* reverse = nullptr;
    uint32_t slot = 0;
  };

  /// client 10.1.1.<n>:1000+n -> 192.0.2.1:80 as 100.125.0.2:2000+n -> 10.1.2.2:8080, last packet at `now`.
  Flow open(uint32_t n, uint16_t member, uint32_t now, uint8_t proto = IPPROTO_TCP) {
    const auto port = [](uint32_t host) { return static_cast<uint32_t>(htons(static_cast<uint16_t>(host))); };
    const auto be = [](const char* text) { return IpAddress::parse(text)->v4_be(); };
    const uint32_t client = IpAddress::from_v4_host(0x0A010100U + n).v4_be();
    const elb_flow_key key{uint64_t{client} << 32 | be("192.0.2.1"), port(1000 + n) | port(80) << 16, proto};
    const elb_flow_key back{uint64_t{be("10.1.2.2")} << 32 | be("100.125.0.2"), port(8080) | port(2000 + n) << 16,
                            proto};
    elb_flow_ref forward, reverse;
    claim(key, 0, forward);
    claim(back, ELB_FLOW_REVERSE, reverse);
    fill(*reverse.flow, back, be("192.0.2.1"), client, port(80) | port(1000 + n) << 16, member, now, forward.slot);
    link(back, reverse);
    fill(*forward.flow, key, be("100.125.0.2"), be("10.1.2.2"), port(2000 + n) | port(8080) << 16, member, now,
         reverse.slot);
    link(key, forward);
    return {forward.flow, reverse.flow, forward.slot};
  }

  /// The connection becomes one of the IPv6 client's with an IPv6 member.
  void make_six(const Flow& flow, const IpAddress& client) {
    const auto ip = [](const IpAddress& address) {
      elb_ip copy{};
      std::memcpy(copy.word, address.bytes().data(), sizeof copy.word);
      return copy;
    };
    const elb_ip vip = ip(*IpAddress::parse("2001:db8::1")), local = ip(*IpAddress::parse("fd00:100:125::2")),
                 member = ip(*IpAddress::parse("2001:db8:2::2"));
    flow.forward->ctl |= ELB_FLOW_V6;
    flow.reverse->ctl |= ELB_FLOW_V6;
    beside_[flow.slot] = {ip(client), vip, local, member};  // beside the reverse entry there need be nothing
  }
  /// The word of elb/flow_seq.h beside the connection.
  void set_seq(const Flow& flow, uint64_t seq) { seqs_[flow.slot] = seq; }

  elb_table table{};

 private:
  void claim(const elb_flow_key& key, uint32_t flags, elb_flow_ref& ref) {
    ASSERT_TRUE(elb_flow_claim(&table, elb_flow_home(&table, &key), flags, &ref));
  }
  void link(const elb_flow_key& key, elb_flow_ref& ref) {
    elb_flow_ref taken;
    elb_flow_ready(&ref);
    ASSERT_EQ(elb_flow_link(&table, &key, elb_flow_home(&table, &key), ref.bit, ELB_TAKEN, &taken), ELB_LINKED);
    elb_flow_live(ref.flow);
  }
  static void fill(elb_flow& flow, const elb_flow_key& key, uint32_t source, uint32_t dest, uint32_t ports,
                   uint16_t member, uint32_t now, uint32_t peer) {
    flow.proto = static_cast<uint8_t>(key.proto);
    flow.key_addrs = key.addrs;
    flow.key_ports = key.ports;
    flow.new_source = source;
    flow.new_dest = dest;
    flow.new_ports = ports;
    flow.last = now;
    flow.peer = peer;
    flow.packets = 0;
    flow.traffic = ELB_FLOW_TRAFFIC(0, member);
  }

  uint64_t salt_ = 0;
  std::unique_ptr<elb_flow, decltype(&std::free)> memory_;
  std::vector<elb_flow6> beside_;
  std::vector<__u64> seqs_;
};

}  // namespace elb::test
