// SPDX-License-Identifier: Apache-2.0
#include "telemetry/line_socket.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>

namespace elb::telemetry {
namespace {

constexpr size_t kLineMax = 4096;

/// False: the deadline passed first.
bool wait_for(int fd, short events, SteadyTime deadline) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd poll{fd, events, 0};
    const int ready = ::poll(&poll, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

tl::unexpected<Error> fail_network(std::string_view what, int error) {
  return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", what, std::generic_category().message(error)));
}

Result<Fd> connect_to(const addrinfo& address, SteadyTime deadline) {
  Fd socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return fail_network("cannot make a socket", errno);
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return socket;
  if (errno != EINPROGRESS) return fail_network("cannot connect", errno);
  if (!wait_for(socket.get(), POLLOUT, deadline)) return fail_network("cannot connect", ETIMEDOUT);
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail_network("cannot connect", error);
  return socket;
}

}  // namespace

Result<LineSocket> LineSocket::connect(const std::string& host, const std::string& port, SteadyTime deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0)
    return fail(ErrorCode::kUnavailable, fmt::format("cannot resolve {}: {}", host, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  Result<Fd> socket = fail(ErrorCode::kUnavailable, "no address");
  for (const addrinfo* one = found; one && !socket; one = one->ai_next) socket = connect_to(*one, deadline);
  if (!socket) return pass_on(std::move(socket.error()));
  return LineSocket(std::move(*socket), deadline);
}

Status LineSocket::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      text.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return fail_network("cannot send", errno);
    } else if (!wait_for(socket_.get(), POLLOUT, deadline_)) {
      return fail_network("cannot send", ETIMEDOUT);
    }
  }
  return {};
}

Result<std::string> LineSocket::read_line() {
  for (;;) {
    if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      return line;
    }
    if (buffer_.size() > kLineMax) return fail(ErrorCode::kUnavailable, "the answer's line is too long");
    if (!wait_for(socket_.get(), POLLIN, deadline_)) return fail_network("no answer", ETIMEDOUT);
    std::array<char, 1024> chunk;
    const ssize_t size = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
    if (size == 0) return fail(ErrorCode::kUnavailable, "the connection was closed");
    if (size < 0 && errno != EAGAIN && errno != EINTR) return fail_network("cannot receive", errno);
    if (size > 0) buffer_.append(chunk.data(), static_cast<size_t>(size));
  }
}

}  // namespace elb::telemetry
