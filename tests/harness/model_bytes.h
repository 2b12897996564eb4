// SPDX-License-Identifier: Apache-2.0
// Bytes of a frame as the models read and write them, big-endian, and checksums in full. Plain functions.
#pragma once

#include <algorithm>
#include <cstdint>

#include "harness/model_balancer.h"

namespace elb::test {

inline constexpr size_t kEth = 14, kIp = 20, kIp6 = 40;
inline constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmp6 = 58;

inline uint16_t get16(const Bytes& b, size_t at) { return b[at] << 8 | b[at + 1]; }
inline uint32_t get32(const Bytes& b, size_t at) { return uint32_t{get16(b, at)} << 16 | get16(b, at + 2); }
inline void set16(Bytes& b, size_t at, uint16_t v) { b[at] = v >> 8, b[at + 1] = v & 0xff; }
inline void set32(Bytes& b, size_t at, uint32_t v) { set16(b, at, v >> 16), set16(b, at + 2, v & 0xffff); }
inline Mac get_mac(const Bytes& b, size_t at) {
  Mac mac;
  std::copy_n(b.begin() + static_cast<ptrdiff_t>(at), 6, mac.begin());
  return mac;
}
inline void set_mac(Bytes& b, size_t at, const Mac& mac) {
  std::copy(mac.begin(), mac.end(), b.begin() + static_cast<ptrdiff_t>(at));
}
inline void set_addr6(Bytes& b, size_t at, const ModelAddress& addr) {
  std::copy(addr.bytes.begin(), addr.bytes.end(), b.begin() + static_cast<ptrdiff_t>(at));
}

inline bool is_v4(const Bytes& frame) { return get16(frame, 12) == 0x0800; }
/// Where the packet ends as its IP header says.
inline size_t packet_end(const Bytes& frame) {
  return kEth + (is_v4(frame) ? get16(frame, 16) : kIp6 + get16(frame, 18));
}

/// Sum of the words from `begin` to `end`, modulo 65535 as one's complement counts, without the word at `skip`.
inline uint64_t sum_without(const Bytes& b, size_t begin, size_t end, size_t skip = SIZE_MAX) {
  uint64_t sum = 0;
  for (size_t i = begin; i < end; i += 2)
    if (i != skip) sum += b[i] << 8 | (i + 1 < end ? b[i + 1] : 0);
  return sum % 65535;
}
/// The checksum that is as right or as wrong after the change as `check` was before it.
inline uint16_t carry_over(uint16_t check, uint64_t before, uint64_t after) {
  return (check + before + 65535 - after) % 65535;
}
/// The checksum of what sums up to that.
inline uint16_t checksum_of(uint64_t sum) { return (65535 - sum % 65535) % 65535; }

/// Calls each(offset, size) for the TCP options from `at` to `end`, up to the first that is no option.
template <class Each>
void walk_options(const Bytes& f, size_t at, size_t end, Each each) {
  while (at < end && at < f.size() && f[at] != 0) {
    const uint8_t kind = f[at];
    if (kind == 1) {
      at++;
      continue;
    }
    const size_t size = at + 1 < f.size() ? f[at + 1] : 0;
    if (size < 2 || at + size > end) return;
    each(at, size);
    at += size;
  }
}

}  // namespace elb::test
