// SPDX-License-Identifier: Apache-2.0
// One CPU's traffic: random packets of few clients and members, taken through the table in the order of bpf/lib/open.h
// and bpf/lib/balance.h. Small key spaces, so that everything collides.
// Thread rule: an object for each thread; table and shadow are shared.
#pragma once

#include "unit/flow_table/shadow.h"

namespace elb::test {

class Xorshift {
 public:
  explicit Xorshift(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL | 1) {}
  uint32_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<uint32_t>(state_ >> 16);
  }

 private:
  uint64_t state_;
};

struct PacketCounts {
  uint64_t packets = 0;
  uint64_t forward = 0;      // client packets of a known connection
  uint64_t reverse = 0;      // member packets of a known connection
  uint64_t stray = 0;        // member packets of none
  uint64_t vanished = 0;     // found, but ended before the packet could use it
  uint64_t opened = 0;       // connections
  uint64_t rolled_back = 0;  // openings that lost the last step and gave everything back
  uint64_t full = 0;         // refused: no free slot
  uint64_t no_port = 0;      // refused: no local port in a few tries
};

class Packets {
 public:
  /// `crowd`: the key spaces are divided by it; the fewer keys, the more packets meet at one entry.
  Packets(const Table& table, Shadow& shadow, uint64_t seed, uint32_t crowd)
      : table_(table), shadow_(shadow), random_(seed), clients_(kClients / crowd), ports_(kPorts / crowd) {}

  /// One random packet at tick `now`.
  void one(uint32_t now);

  PacketCounts counts;

 private:
  void from_client(uint32_t now);
  void from_member(uint32_t now);
  bool use(const elb_flow_ref& found, const elb_flow_key& key, uint32_t now);
  void track(const elb_flow_ref& found);
  void open(const elb_flow_key& key, uint32_t client, uint32_t now);
  bool claim_port(const elb_flow_key& key, uint32_t client, uint32_t forward_slot, uint32_t now);
  bool try_port(const elb_flow_key& key, const Fields& fields, uint32_t now);
  void roll_back();
  void give_up(const elb_flow_ref& ref, uint32_t now);

  const Table& table_;
  Shadow& shadow_;
  Xorshift random_;
  uint32_t clients_;
  uint32_t ports_;
  // of the opening under way
  elb_flow_ref reverse_{};
  uint32_t reverse_home_ = 0;
  uint32_t member_ = 0;
  uint32_t port_ = 0;
  std::atomic<uint64_t>* owner_ = nullptr;
};

}  // namespace elb::test
