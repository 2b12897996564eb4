// SPDX-License-Identifier: Apache-2.0
// ListenSockets: what the proxy accepts from. They listen on loopback only, at ports that the kernel chose: connections
// to VIPs are given to them by steering. The agent keeps them, so that no connection that waits in them is lost when a
// worker dies. Thread rule: one thread.
#pragma once

#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace elb::proxy {

struct ListenPair {
  Fd v4;
  Fd v6;  // empty where the kernel has no IPv6
};

/// A pair for each loop, listening.
Result<std::vector<ListenPair>> make_listen_sockets(size_t loops);

}  // namespace elb::proxy
