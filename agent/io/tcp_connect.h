// SPDX-License-Identifier: Apache-2.0
// tcp_connect: begins a non-blocking TCP connection from a given source address. The caller watches the descriptor
// for EPOLLOUT and then asks connect_error(). errno values, not Results: the caller tells the peer's faults from ours
// by them. Thread rule: any thread.
#pragma once

#include "base/fd.h"
#include "base/ip.h"

namespace elb::io {

struct TcpAttempt {
  Fd fd;          // valid when error is 0 or EINPROGRESS
  int error = 0;  // 0: connected at once; EINPROGRESS: wait for EPOLLOUT; else why it failed
};

/// The source port is chosen when the connection is made and need only be free towards this target
/// (IP_BIND_ADDRESS_NO_PORT), so that sockets in TIME_WAIT towards other targets take no ports away.
/// EAFNOSUPPORT when source and target are of different families.
TcpAttempt tcp_connect(const IpAddress& source, const Endpoint& target);

/// True while neither the connection stands nor an error is known.
bool connect_pending(int fd);

/// After EPOLLOUT, EPOLLERR or EPOLLHUP: 0 when the connection stands, else the errno it failed with.
int connect_error(int fd);

}  // namespace elb::io
