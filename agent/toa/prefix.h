// SPDX-License-Identifier: Apache-2.0
// Trusted prefixes as keys of the kernel's map, and back. Thread rule: pure functions.
#pragma once

#include <elb/toa_member.h>

#include <string>
#include <vector>

#include "base/ip.h"

namespace elb::toa {

elb_toa_prefix to_key(const Cidr& cidr);
Cidr to_cidr(const elb_toa_prefix& key);

/// "100.125.0.0/16" or "fd00:125::/64" each; kInvalid "trusted[1]" for what is none or too many. Duplicates are
/// dropped.
Result<std::vector<Cidr>> parse_trusted(const std::vector<std::string>& words);

}  // namespace elb::toa
