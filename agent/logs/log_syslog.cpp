// SPDX-License-Identifier: Apache-2.0
#include "logs/log_syslog.h"

#include <fmt/core.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>

#include "base/clock.h"

namespace elb::logs {
namespace {

constexpr int kTimeoutMs = 5000;       // to connect, and for each write
constexpr int kPriority = 16 * 8 + 6;  // local0, informational

/// RFC 5424 6.3.3: in a value '"', '\' and ']' are escaped. Only ids and words of ours come here, but they may be "-".
std::string parameter(std::string_view name, std::string_view value) { return fmt::format(" {}=\"{}\"", name, value); }

Result<Fd> connect_to(const addrinfo& address) {
  Fd socket(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno(errno, "socket");
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return fail_errno(errno, "connect");
    pollfd ready{socket.get(), POLLOUT, 0};
    if (::poll(&ready, 1, kTimeoutMs) <= 0) return fail_errno(ETIMEDOUT, "connect");
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail_errno(error, "connect");
  }
  return socket;
}

}  // namespace

Result<SyslogOptions> parse_syslog(const std::string& url) {
  SyslogOptions options;
  options.tcp = url.starts_with("tcp://");
  if (!options.tcp && !url.starts_with("udp://"))
    return invalid("", fmt::format("'{}' is not udp://HOST[:PORT] or tcp://HOST[:PORT]", url));
  std::string rest = url.substr(6);
  const size_t bracket = rest.starts_with('[') ? rest.find(']') : std::string::npos;
  const size_t colon = rest.find(':', bracket == std::string::npos ? 0 : bracket);
  if (colon != std::string::npos) options.port = rest.substr(colon + 1);
  rest.resize(std::min(colon, rest.size()));
  options.host = bracket == std::string::npos ? rest : rest.substr(1, bracket - 1);
  if (options.host.empty() || options.port.empty() ||
      options.port.find_first_not_of("0123456789") != std::string::npos || options.port.size() > 5)
    return invalid("", fmt::format("'{}' has no host, or no port that is a number", url));
  return options;
}

std::string syslog_message(const SyslogOptions& options, const LogLine& line, const LogRoute& route) {
  const WallTime time{std::chrono::milliseconds(line.time_ms())};
  const std::string_view end = line.end().empty() ? "-" : line.end();
  return fmt::format("<{}>1 {}.{:03}Z {} elb - access [elb@32473{}{}{}{}] {}", kPriority, format_utc(time),
                     line.time_ms() % 1000, options.hostname, parameter("loadbalancer", line.loadbalancer_id()),
                     parameter("stream", route.group + "/" + route.stream), parameter("project", line[kProjectId]),
                     parameter("termination", end), line.guide_part());
}

Status LogSyslog::connect() {
  addrinfo hints{};
  hints.ai_socktype = options_.tcp ? SOCK_STREAM : SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(options_.host.c_str(), options_.port.c_str(), &hints, &found); error != 0)
    return fail(ErrorCode::kUnavailable, fmt::format("cannot resolve {}: {}", options_.host, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  Result<Fd> socket = fail(ErrorCode::kUnavailable, "no address");
  for (const addrinfo* one = found; one != nullptr && !socket; one = one->ai_next) socket = connect_to(*one);
  if (!socket) return pass_on(std::move(socket.error()));
  socket_ = std::move(*socket);
  return {};
}

Status LogSyslog::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail_errno(errno, "send");
    pollfd ready{socket_.get(), POLLOUT, 0};
    if (::poll(&ready, 1, kTimeoutMs) <= 0) return fail_errno(ETIMEDOUT, "send");
  }
  return {};
}

Status LogSyslog::deliver(const LogBatch& batch, bool again) {
  if (!again) next_ = 0;
  if (options_.tcp && socket_) {
    // A server that closed has told so; writing once more would lose that line without an error.
    char byte = 0;
    if (::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) socket_.reset();
  }
  if (!socket_)
    if (auto status = connect(); !status) return status;
  std::string framed;
  for (; next_ < batch.entries.size(); ++next_) {
    const LogBatch::Entry& entry = batch.entries[next_];
    std::string message = syslog_message(options_, entry.line, batch.routes[entry.route]);
    if (options_.tcp) message.insert(0, fmt::format("{} ", message.size()));
    if (auto status = send(message); !status) {
      socket_.reset();
      return status;
    }
  }
  return {};
}

}  // namespace elb::logs
