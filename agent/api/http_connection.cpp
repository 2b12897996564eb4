// SPDX-License-Identifier: Apache-2.0
#include "api/http_connection.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "api/client_stream.h"

namespace elb::api {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kDocumentPath = "/v1/apply";  // a whole configuration may be larger than other bodies
constexpr size_t kDocumentBytes = 16 << 20;
constexpr milliseconds kFirstGrace{1'000};  // a new connection may take this long even when others wait
constexpr milliseconds kLingerTime{2'000};
constexpr milliseconds kLingerQuiet{200};  // nothing for so long: the client is waiting for us, or gone
constexpr size_t kLingerBytes = 32 << 20;
constexpr size_t kLineBytes = 4096;  // chunk header or trailer line

/// Who connected, as the kernel has it from the moment of connect().
void read_credentials(int socket, Peer& peer) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return;
  peer.uid = credentials.uid;
  peer.group_ids.push_back(credentials.gid);
  std::array<gid_t, 1024> groups{};
  size = sizeof groups;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) return;
  peer.group_ids.insert(peer.group_ids.end(), groups.begin(), groups.begin() + size / sizeof(gid_t));
}

int milliseconds_until(SteadyTime deadline, SteadyTime now) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - now).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, std::numeric_limits<int>::max()));
}

// Digits only: no sign, no blank, no overflow.
std::optional<uint64_t> parse_number(std::string_view text, int base) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

HttpConnection::HttpConnection(Fd socket, std::unique_ptr<HttpTls> tls, const HttpLimits& limits, const Clock& clock,
                               int stop, int pressure)
    : socket_(std::move(socket)),
      tls_(std::move(tls)),
      limits_(limits),
      clock_(clock),
      stop_(stop),
      pressure_(pressure) {}

HttpConnection::~HttpConnection() {
  if (!tls_) return;
  const std::string goodbye = tls_->close();
  if (!goodbye.empty()) send(socket_.get(), goodbye.data(), goodbye.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

Peer HttpConnection::peer() const {
  Peer peer;
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getpeername(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) return peer;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, text.data(), text.size());
    peer.address = text.data();
  } else if (storage.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, text.data(), text.size());
    peer.address = text.data();
  } else {
    peer.address = "local";
    read_credentials(socket_.get(), peer);
  }
  return peer;
}

bool HttpConnection::await_request() {
  const SteadyTime start = clock_.steady();
  const SteadyTime patient = start + limits_.idle_time;
  const SteadyTime hurried = start + (first_ ? kFirstGrace : milliseconds(0));
  first_ = false;
  while (begin_ == end_ && !(tls_ && tls_->has_input())) {
    const SteadyTime now = clock_.steady();
    if (now >= patient) return false;
    const bool heed_pressure = now >= hurried;
    std::array<pollfd, 3> fds{
        {{socket_.get(), POLLIN, 0}, {stop_, POLLIN, 0}, {heed_pressure ? pressure_ : -1, POLLIN, 0}}};
    const int timeout = milliseconds_until(heed_pressure ? patient : std::min(hurried, patient), now);
    if (poll(fds.data(), fds.size(), timeout) < 0 && errno != EINTR) return false;
    if (fds[1].revents != 0) return false;
    if (fds[0].revents != 0) break;
    if (fds[2].revents != 0) return false;
  }
  deadline_ = clock_.steady() + limits_.header_time;
  budget_ = limits_.header_bytes;
  return true;
}

bool HttpConnection::wait(short events, SteadyTime deadline) const {
  for (;;) {
    std::array<pollfd, 2> fds{{{socket_.get(), events, 0}, {stop_, POLLIN, 0}}};
    const int ready = poll(fds.data(), fds.size(), milliseconds_until(deadline, clock_.steady()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    // A response that is ready goes out even while stopping, as long as the client takes it.
    if (fds[0].revents != 0) return true;
    return false;
  }
}

bool HttpConnection::fill() {
  if (begin_ < end_) return true;
  if (tls_) return fill_by_tls();
  if (!wait(POLLIN, deadline_)) return false;
  const ssize_t n = recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
  if (n <= 0) return false;
  begin_ = 0;
  end_ = static_cast<size_t>(n);
  return true;
}

bool HttpConnection::fill_by_tls() {
  for (;;) {
    const HttpTls::Step step = tls_->read(buffer_);
    if (!step.output.empty() && !send_all(step.output, deadline_)) return false;
    if (step.bytes > 0) {
      begin_ = 0;
      end_ = step.bytes;
      return true;
    }
    if (step.ended) return false;
    if (!step.wants_input) continue;
    if (!wait(POLLIN, deadline_)) return false;
    std::array<char, 8192> bytes;
    const ssize_t n = recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (n <= 0) return false;
    tls_->feed({bytes.data(), static_cast<size_t>(n)});
  }
}

ssize_t HttpConnection::read(char* out, size_t size) {
  if (budget_ == 0 || !fill()) return -1;
  const size_t n = std::min({size, end_ - begin_, budget_});
  std::copy_n(buffer_.data() + begin_, n, out);
  begin_ += n;
  budget_ -= n;
  return static_cast<ssize_t>(n);
}

bool HttpConnection::send_all(std::string_view bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    const ssize_t n = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EAGAIN || !wait(POLLOUT, deadline)) {
      return false;
    }
  }
  return true;
}

std::unique_ptr<ClientStream> HttpConnection::release() {
  if (tls_) tls_->leave_thread();
  return std::make_unique<ClientStream>(std::move(socket_), std::move(tls_));
}

ssize_t HttpConnection::write(const char* data, size_t size) {
  if (muted_) return static_cast<ssize_t>(size);
  const SteadyTime deadline = clock_.steady() + limits_.request_time;
  std::string_view rest(data, size);
  while (tls_ && !rest.empty()) {
    const HttpTls::Step step = tls_->write(rest);
    if (!send_all(step.output, deadline) || step.ended) return -1;
    rest.remove_prefix(step.bytes);
  }
  return send_all(rest, deadline) ? static_cast<ssize_t>(size) : -1;
}

void HttpConnection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void HttpConnection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

bool HttpConnection::read_exactly(std::string& out, size_t size) {
  while (size > 0) {
    if (!fill()) return false;
    const size_t n = std::min(size, end_ - begin_);
    out.append(buffer_.data() + begin_, n);
    begin_ += n;
    size -= n;
  }
  return true;
}

std::optional<std::string> HttpConnection::read_line() {
  std::string line;
  while (line.size() < kLineBytes) {
    if (!fill()) return std::nullopt;
    const char c = buffer_[begin_++];
    if (c != '\n') {
      line.push_back(c);
      continue;
    }
    if (line.empty() || line.back() != '\r') return std::nullopt;
    line.pop_back();
    return line;
  }
  return std::nullopt;
}

HttpConnection::Body HttpConnection::read_chunked() {
  Body body;
  for (;;) {
    const auto line = read_line();
    const auto size = line ? parse_number(std::string_view(*line).substr(0, line->find(';')), 16) : std::nullopt;
    if (!size) return {400, "malformed chunked body", {}};
    if (*size == 0) break;
    if (*size > body_limit_ - body.bytes.size()) {
      return {413, fmt::format("body is larger than {} bytes", body_limit_), {}};
    }
    if (!read_exactly(body.bytes, *size) || read_line() != "") return {400, "incomplete chunked body", {}};
  }
  for (size_t trailers = 0; trailers < 16; ++trailers) {
    const auto line = read_line();
    if (!line) break;
    if (line->empty()) return body;
  }
  return {400, "malformed chunked body", {}};
}

bool HttpConnection::may_be_large(const httplib::Request& request) { return request.path == kDocumentPath; }

HttpConnection::Body HttpConnection::read_body(const httplib::Request& request) {
  // A client with Nagle's algorithm sends the body only when the header is acknowledged, which we would delay by 40 ms.
  const int yes = 1;
  if (begin_ == end_) setsockopt(socket_.get(), IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
  deadline_ = clock_.steady() + limits_.request_time;
  body_limit_ = may_be_large(request) ? kDocumentBytes : limits_.body_bytes;
  const size_t lengths = request.get_header_value_count("Content-Length");
  const bool has_encoding = request.has_header("Transfer-Encoding");
  if (lengths == 0 && !has_encoding) {
    const bool needs_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    return needs_body ? Body{411, "Content-Length is required", {}} : Body{};
  }
  if (lengths > 1 || (lengths > 0 && has_encoding)) return {400, "ambiguous length of the body", {}};
  const std::string coding = request.get_header_value("Content-Encoding");
  if (!coding.empty() && coding != "identity") {
    return {415, fmt::format("Content-Encoding '{}' is not supported", coding), {}};
  }
  const std::string expect = request.get_header_value("Expect");
  const auto invite = [&] {
    if (expect == "100-continue") httplib::Stream::write("HTTP/1.1 100 Continue\r\n\r\n");
  };
  if (has_encoding) {
    if (request.get_header_value("Transfer-Encoding") != "chunked") {
      return {400, "Transfer-Encoding must be chunked", {}};
    }
    invite();
    return read_chunked();
  }
  const auto length = parse_number(request.get_header_value("Content-Length"), 10);
  if (!length) return {400, "Content-Length is not a number", {}};
  if (*length > body_limit_) {
    return {413, fmt::format("body of {} bytes is larger than {} bytes", *length, body_limit_), {}};
  }
  if (*length > 0) invite();
  Body body;
  if (!read_exactly(body.bytes, *length)) return {400, "body is shorter than Content-Length", {}};
  return body;
}

void HttpConnection::linger() {
  shutdown(socket_.get(), SHUT_WR);
  const SteadyTime end = clock_.steady() + kLingerTime;
  for (size_t seen = 0; seen < kLingerBytes; seen += end_) {
    begin_ = end_ = 0;
    deadline_ = std::min(end, clock_.steady() + kLingerQuiet);
    if (!fill()) return;
  }
}

}  // namespace elb::api
