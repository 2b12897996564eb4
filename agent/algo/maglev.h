// SPDX-License-Identifier: Apache-2.0
// Maglev's consistent hashing (Eisenbud et al., NSDI 2016): a table of places in which each member has nearly the same
// number of them, and in which a member that comes or goes moves little more than its own. It depends on the members'
// names alone, not on their order, so every node builds the same one. Pure; thread rule: none needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace elb::algo {

/// Both prime. The larger one for more than kMaglevFew members: some hundred places for each keep shares within 1 %.
inline constexpr size_t kMaglevSmall = 16381;
inline constexpr size_t kMaglevLarge = 65537;
inline constexpr size_t kMaglevFew = 100;

/// `size` places (a prime) as indexes into `names`, which are all different; no names give an empty table, more names
/// than places leave some without one.
std::vector<uint32_t> build_maglev(std::span<const std::string> names, size_t size);
/// Of the size that fits the number of names.
std::vector<uint32_t> build_maglev(std::span<const std::string> names);

}  // namespace elb::algo
