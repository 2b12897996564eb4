// SPDX-License-Identifier: Apache-2.0
// LocalRoutes: the addresses of HTTP and HTTPS listeners as routes of type local, so that the kernel takes packets to
// them for its own though no interface has the address (docs/adr/0004). They are marked with a routing protocol number
// of ours: what others made is neither counted nor touched. Thread rule: one thread.
#pragma once

#include <set>

#include "base/fd.h"
#include "base/ip.h"
#include "base/result.h"

namespace elb::steer {

class LocalRoutes {
 public:
  static Result<LocalRoutes> open();

  /// What is there now, of ours, in both families.
  Result<std::set<IpAddress>> read();
  /// Already there or already gone is success.
  Status add(const IpAddress& address);
  Status remove(const IpAddress& address);

 private:
  explicit LocalRoutes(Fd socket) : socket_(std::move(socket)) {}
  Status change(uint16_t type, uint16_t flags, const IpAddress& address);

  Fd socket_;
  uint32_t sequence_ = 0;
};

}  // namespace elb::steer
