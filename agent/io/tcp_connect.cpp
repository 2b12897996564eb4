// SPDX-License-Identifier: Apache-2.0
#include "io/tcp_connect.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "io/socket_address.h"

namespace elb::io {

TcpAttempt tcp_connect(const IpAddress& source, const Endpoint& target) {
  if (source.is_v4() != target.address.is_v4()) return {Fd{}, EAFNOSUPPORT};
  const int family = source.is_v4() ? AF_INET : AF_INET6;
  Fd fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd) return {Fd{}, errno};
  const int on = 1;
  if (setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0) return {Fd{}, errno};
  const SocketAddress from(source, 0);
  if (bind(fd.get(), from.get(), from.length) != 0) return {Fd{}, errno};
  const SocketAddress to(target.address, target.port);
  if (connect(fd.get(), to.get(), to.length) == 0) return {std::move(fd), 0};
  const int error = errno;
  if (error != EINPROGRESS) fd.reset();
  return {std::move(fd), error};
}

bool connect_pending(int fd) {
  pollfd request{fd, POLLOUT, 0};
  return poll(&request, 1, 0) == 0;
}

int connect_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

}  // namespace elb::io
