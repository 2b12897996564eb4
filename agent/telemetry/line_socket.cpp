// SPDX-License-Identifier: Apache-2.0
#include "telemetry/line_socket.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
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

void LineSocket::Free::operator()(ssl_st* tls) const { ::SSL_free(tls); }

Status LineSocket::wait_for_tls(int result, std::string_view what) {
  switch (::SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return wait_for(socket_.get(), POLLIN, deadline_) ? Status() : fail_network(what, ETIMEDOUT);
    case SSL_ERROR_WANT_WRITE:
      return wait_for(socket_.get(), POLLOUT, deadline_) ? Status() : fail_network(what, ETIMEDOUT);
    case SSL_ERROR_ZERO_RETURN:
      return fail(ErrorCode::kUnavailable, fmt::format("{}: the connection was closed", what));
    default:
      break;
  }
  if (const long verdict = ::SSL_get_verify_result(tls_.get()); verdict != X509_V_OK)
    return fail(ErrorCode::kUnavailable,
                fmt::format("{}: its certificate: {}", what, ::X509_verify_cert_error_string(verdict)));
  const char* reason = ::ERR_reason_error_string(::ERR_get_error());
  return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", what, reason ? reason : "the connection was closed"));
}

Status LineSocket::start_tls(const std::string& host, const std::string& ca_file) {
  if (!buffer_.empty())
    return fail(ErrorCode::kUnavailable, "TLS: there are bytes before it, which nobody vouches for");
  ::ERR_clear_error();
  const std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context(::SSL_CTX_new(::TLS_client_method()),
                                                                    &::SSL_CTX_free);
  if (!context) return fail(ErrorCode::kInternal, "TLS: no context");
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  const int trusted = ca_file.empty() ? ::SSL_CTX_set_default_verify_paths(context.get())
                                      : ::SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr);
  if (trusted != 1) return fail(ErrorCode::kUnavailable, fmt::format("TLS: cannot read certificates of {}", ca_file));
  ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  tls_.reset(::SSL_new(context.get()));
  if (!tls_ || ::SSL_set_fd(tls_.get(), socket_.get()) != 1) return fail(ErrorCode::kInternal, "TLS: no connection");
  // an address is looked for among the certificate's addresses, and is no name to ask for
  if (::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(tls_.get()), host.c_str()) != 1) {
    ::ERR_clear_error();
    ::SSL_set1_host(tls_.get(), host.c_str());
    ::SSL_ctrl(tls_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(host.c_str()));  // the library only reads it
  }
  for (int result = ::SSL_connect(tls_.get()); result != 1; result = ::SSL_connect(tls_.get()))
    if (Status status = wait_for_tls(result, "TLS"); !status) return status;
  return {};
}

Status LineSocket::write(std::string_view text) {
  while (tls_ && !text.empty()) {
    ::ERR_clear_error();
    const int sent = ::SSL_write(tls_.get(), text.data(), static_cast<int>(text.size()));
    if (sent > 0) {
      text.remove_prefix(static_cast<size_t>(sent));
    } else if (Status status = wait_for_tls(sent, "cannot send"); !status) {
      return status;
    }
  }
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
    std::array<char, 1024> chunk;
    if (tls_) {
      ::ERR_clear_error();
      const int size = ::SSL_read(tls_.get(), chunk.data(), static_cast<int>(chunk.size()));
      if (size > 0) {
        buffer_.append(chunk.data(), static_cast<size_t>(size));
      } else if (Status status = wait_for_tls(size, "no answer"); !status) {
        return pass_on(std::move(status.error()));
      }
      continue;
    }
    if (!wait_for(socket_.get(), POLLIN, deadline_)) return fail_network("no answer", ETIMEDOUT);
    const ssize_t size = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
    if (size == 0) return fail(ErrorCode::kUnavailable, "the connection was closed");
    if (size < 0 && errno != EAGAIN && errno != EINTR) return fail_network("cannot receive", errno);
    if (size > 0) buffer_.append(chunk.data(), static_cast<size_t>(size));
  }
}

}  // namespace elb::telemetry
