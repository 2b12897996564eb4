// SPDX-License-Identifier: Apache-2.0
#include "unit/tls/loopback_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"

namespace elb::test {
namespace {

constexpr timeval kPatience{10, 0};

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

std::string describe(const tls::ConnectionFacts& facts) {
  return fmt::format("ok {} {} sni={} alpn={} cert={} resumed={} client={}", facts.protocol, facts.cipher, facts.sni,
                     facts.alpn, facts.certificate_id, facts.resumed, facts.client_subject);
}

}  // namespace

LoopbackServer::LoopbackServer(tls::ServerSettings settings)
    : settings_(std::move(settings)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_.get(), generic, size) == 0 && listen(listener_.get(), 64) == 0 &&
      getsockname(listener_.get(), generic, &size) == 0)
    port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

LoopbackServer::~LoopbackServer() {
  stopping_ = true;
  shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
}

std::string LoopbackServer::address() const { return fmt::format("127.0.0.1:{}", port_); }

std::vector<std::string> LoopbackServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void LoopbackServer::note(std::string line) {
  const std::lock_guard lock(mutex_);
  seen_.push_back(std::move(line));
}

void LoopbackServer::run() {
  const SystemClock clock;
  SystemRandom random;
  auto worker = tls::Worker::create(clock, tls::TicketSecrets::rotate(nullptr, clock.wall(), random));
  auto table = tls::ServerTable::make(settings_);
  if (!worker || !table) return note("failed to start");
  auto context = worker->make_context(*table);
  if (!context) return note("failed: " + context.error().to_string());
  while (!stopping_) {
    const Fd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) continue;
    setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    serve(connection.get(), *context);
  }
}

void LoopbackServer::serve(int fd, const tls::ServerContextPtr& context) {
  auto made = tls::Connection::accept(context);
  if (!made) return note("failed: " + made.error().to_string());
  tls::Connection& connection = **made;
  std::vector<char> input(16384);
  std::vector<char> room(65536);
  std::vector<char> plain(16384);
  std::string request;
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t count = recv(fd, input.data(), input.size(), 0);
    if (count <= 0) return note("failed: the client went away");
    tls::Wire wire{{input.data(), static_cast<size_t>(count)}, room};
    tls::Step step;
    if (!connection.handshake_done()) step = connection.handshake(wire);
    while (connection.handshake_done() && step.progress == tls::Progress::kDone) {
      step = connection.read(wire, plain);
      request.append(plain.data(), step.bytes);
    }
    send_all(fd, wire.output());
    if (step.progress == tls::Progress::kFailed) return note("failed: " + connection.error());
    if (step.progress == tls::Progress::kClosed) return note("failed: closed without a request");
  }
  const std::string body = describe(connection.facts()) + "\n";
  note(describe(connection.facts()));
  tls::Wire wire{{}, room};
  connection.write(
      wire, fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", body.size(), body));
  connection.close(wire);
  send_all(fd, wire.output());
  shutdown(fd, SHUT_WR);
  while (recv(fd, input.data(), input.size(), 0) > 0) {
  }
}

}  // namespace elb::test
