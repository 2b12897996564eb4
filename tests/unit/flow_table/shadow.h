// SPDX-License-Identifier: Apache-2.0
// What the stress test knows besides the table: who owns each reverse key, which packets were told that their
// connection lives, how many connections each member has; and the violations found by comparing. Shared by all threads,
// atomics only.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "unit/flow_table/table.h"

namespace elb::test {

constexpr uint32_t kClients = 96;
constexpr uint32_t kMembers = 2;
constexpr uint32_t kPorts = 64;  // with the two protocols: 256 reverse keys

// X(name, what was seen)
#define ELB_VIOLATIONS(X)                                                          \
  X(torn, "a valid packet copied fields of two connections")                       \
  X(two_owners, "two connections hold one reverse key")                            \
  X(not_owner, "the agent gave back a reverse key of somebody else")               \
  X(refresh_lost, "the agent ended a connection whose packet was told it lives")   \
  X(unlinked_used, "a packet used an entry that never was linked")                 \
  X(split, "the sweeper met a forward entry without its reverse")                  \
  X(half_pair, "at rest: one direction of a connection without the other")         \
  X(duplicate, "at rest: one key linked twice")                                    \
  X(link, "at rest: a living entry that its home word does not name exactly once") \
  X(dangling, "at rest: a home word names a slot that does not hold its key")      \
  X(stuck, "at rest: an entry that is neither free nor complete")                  \
  X(owner_missing, "at rest: a reverse entry that does not own its key")           \
  X(active_count, "at rest: a member's counter differs from its connections")      \
  X(leaked, "after the last sweep: slots or bits that did not come back")

enum class Violation {
#define ELB_VIOLATION_ENUM(name, text) name,
  ELB_VIOLATIONS(ELB_VIOLATION_ENUM)
#undef ELB_VIOLATION_ENUM
      count
};

class Shadow {
 public:
  explicit Shadow(const Table& table) : table_(table), acks_(table.slots()) {}

  /// A connection is identified by the slot and generation of an entry; never 0.
  static uint64_t identity(uint32_t slot, uint32_t ctl) {
    return uint64_t{1} << 63 | uint64_t{slot} << 16 | elb_flow_generation(ctl);
  }

  std::atomic<uint64_t>& owner(uint32_t proto, uint32_t member, uint32_t port) {
    return owners_[((proto == kTcp ? 0 : kMembers) + member % kMembers) * kPorts + port % kPorts];
  }
  std::atomic<uint64_t>& owner_of(const elb_flow& reverse) {
    return owner(ELB_LOAD(reverse.proto), static_cast<uint32_t>(ELB_LOAD(reverse.key_addrs) >> 32) - kMemberBase,
                 (ELB_LOAD(reverse.key_ports) >> 16) - kPortBase);
  }

  std::atomic<int64_t>& active(uint32_t member) { return active_[member % kMembers]; }

  /// A packet that found `slot` with `ctl` was told that its last packet counts as of `noted`. The generation goes
  /// with it: a late packet must not speak for the slot's next connection.
  void acknowledge(uint32_t slot, uint32_t ctl, uint32_t noted) {
    const uint64_t ack = uint64_t{elb_flow_generation(ctl)} << 32 | noted;
    uint64_t was = acks_[slot].load();
    do {
      const auto newer = static_cast<int16_t>((ack >> 32) - (was >> 32));
      if (newer < 0 || (newer == 0 && static_cast<int32_t>(noted - static_cast<uint32_t>(was)) <= 0)) return;
    } while (!acks_[slot].compare_exchange_weak(was, ack));
  }

  /// Was a packet of this occupant of the slot acknowledged at `since` or later?
  bool acknowledged(uint32_t slot, uint32_t ctl, uint32_t since) const {
    const uint64_t ack = acks_[slot].load();
    return ack >> 32 == elb_flow_generation(ctl) && static_cast<int32_t>(static_cast<uint32_t>(ack) - since) >= 0;
  }

  void report(Violation what) {
    violations[static_cast<size_t>(what)].fetch_add(1);
    violated.store(true);
  }

  uint32_t slot_of(const elb_flow& flow) const { return static_cast<uint32_t>(&flow - table_.view.base); }

  std::atomic<bool> violated{false};
  std::array<std::atomic<uint64_t>, static_cast<size_t>(Violation::count)> violations{};

 private:
  const Table& table_;
  std::array<std::atomic<uint64_t>, 2 * kMembers * kPorts> owners_{};
  std::array<std::atomic<int64_t>, kMembers> active_{};
  std::vector<std::atomic<uint64_t>> acks_;
};

}  // namespace elb::test
