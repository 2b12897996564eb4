// SPDX-License-Identifier: Apache-2.0
// Ends of a TCP connection as the kernel names them. An IPv4 address that an IPv6 socket sees is an IPv4 address.
// Thread rule: any thread.
#pragma once

#include <sys/socket.h>

#include "base/ip.h"

namespace elb::proxy {

/// 0.0.0.0:0 for other families.
Endpoint to_endpoint(const sockaddr_storage& name);
/// 0.0.0.0:0 when the socket is not connected.
Endpoint local_endpoint(int fd);

}  // namespace elb::proxy
