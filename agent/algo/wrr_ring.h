// SPDX-License-Identifier: Apache-2.0
// Smooth weighted round robin as a precomputed ring: the order that nginx's algorithm yields, written down once so that
// the packet path only counts on through it. Pure; thread rule: none needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace elb::algo {

/// One full cycle as indexes into `weights`: member i occurs weights[i] / gcd times, spread as evenly as its weight
/// allows. Weight 0 never occurs; no positive weight gives an empty ring. When the cycle would exceed `limit` entries
/// the weights are scaled down to exactly `limit` by largest remainder, each positive one staying at least 1 (share
/// error < 1 / limit for each member that was not raised to 1). Beyond `limit` positive weights only the first `limit`
/// of them are served. Cost: O(entries * distinct weights).
std::vector<uint32_t> build_wrr_ring(std::span<const uint32_t> weights, size_t limit);

}  // namespace elb::algo
