// SPDX-License-Identifier: Apache-2.0
// Lists of prefixes as listeners have them: whitelists, trusted senders. Thread rule: pure.
#pragma once

#include <algorithm>
#include <vector>

#include "base/ip.h"

namespace elb::proxy {

inline bool any_contains(const std::vector<Cidr>& list, const IpAddress& address) {
  return std::any_of(list.begin(), list.end(), [&](const Cidr& entry) { return entry.contains(address); });
}

}  // namespace elb::proxy
