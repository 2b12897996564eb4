// SPDX-License-Identifier: Apache-2.0
// Whitelist: the clients that a listener accepts, as the agent looks them up when it ends the connections of those that
// were taken out. The packet path has its own copy in elb_acl. Thread rule: immutable, shared as shared_ptr<const>.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "dataplane/abi_values.h"

namespace elb::dataplane {

class Whitelist {
 public:
  /// In any order; host bits are zero.
  explicit Whitelist(std::vector<Cidr> entries);

  bool has(const elb_ip& client) const;
  const std::vector<Cidr>& entries() const { return entries_; }  // sorted, unique

 private:
  using Bytes = std::array<uint8_t, 16>;
  std::vector<Cidr> entries_;
  std::vector<std::pair<Bytes, Bytes>> ranges_;  // first and last address, sorted, apart from each other
};

}  // namespace elb::dataplane
