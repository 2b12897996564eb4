// SPDX-License-Identifier: Apache-2.0
// Tables for datapath_bench: one of a given size, with listeners and 100 members of each family, and what is special
// about some of them. Thread rule: as ProgRunner.
#pragma once

#include <memory>

#include "harness/prog_runner.h"

namespace elb::bench {

using test::ProgRunner;

inline constexpr uint32_t kMembers = 100;
// Listeners of the VIP by port; the frames of a case carry it.
inline constexpr uint16_t kPlainPort = 80;   // IPv6: members of IPv6
inline constexpr uint16_t kListedPort = 82;  // a whitelist of 1,000 prefixes
inline constexpr uint16_t kToaPort = 83;     // hands over clients' addresses

/// Nothing if the kernel refuses the programs (it has said why).
std::unique_ptr<ProgRunner> make_table(uint32_t slots);

/// A whitelist for the listener: so many prefixes that every client is in one. Half or more of them cover all
/// addresses, the rest are more specific.
void allow_all(ProgRunner& runner, uint32_t listener, uint32_t prefixes);
// Of the listener at kPlainPort:
void choose_least(ProgRunner& runner);  // least connections of 64 members, all of which are looked at each time
void make_sticky(ProgRunner& runner);
void limit(ProgRunner& runner);  // its address gets a bandwidth that is never reached

inline constexpr uint32_t kPlainListener = 1;

}  // namespace elb::bench
