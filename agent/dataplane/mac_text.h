// SPDX-License-Identifier: Apache-2.0
// An Ethernet address as people write it. Thread rule: pure.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace elb::dataplane {

/// `mac` has six bytes.
inline std::string mac_text(const uint8_t* mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

}  // namespace elb::dataplane
