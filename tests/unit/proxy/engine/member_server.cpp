// SPDX-License-Identifier: Apache-2.0
#include "unit/proxy/engine/member_server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>

#include "unit/proxy/engine/socket_channel.h"

namespace elb::test {
namespace {

class CountingChannel final : public Channel {
 public:
  CountingChannel(int fd, std::atomic<size_t>& bytes) : fd_(fd), bytes_(bytes) {}
  bool send(std::string_view bytes) override { return send_all(fd_, bytes); }
  std::string receive() override {
    std::array<char, 65536> room;
    const ssize_t count = recv(fd_, room.data(), room.size(), 0);
    if (count <= 0) return {};
    bytes_ += static_cast<size_t>(count);
    return {room.data(), static_cast<size_t>(count)};
  }

 private:
  int fd_;
  std::atomic<size_t>& bytes_;
};

}  // namespace

MemberServer::MemberServer(Script script, uint16_t port)
    : script_(std::move(script)), port_(port), listener_(listen_on_loopback(port_)), thread_([this] { run(); }) {}

void MemberServer::run() {
  while (!stopping_) {
    const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    set_patience(fd, Peer::kPatienceMs);
    const std::lock_guard lock(mutex_);
    ++connections_;
    open_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void MemberServer::serve(int fd) {
  Peer peer(std::make_unique<CountingChannel>(fd, bytes_), fd);
  script_(peer);
  const std::lock_guard lock(mutex_);
  open_.remove(fd);
  ::shutdown(fd, SHUT_RDWR);
  const Fd closed(fd);
}

void MemberServer::stop() {
  if (stopping_.exchange(true)) return;
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
  listener_.reset();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
}

HttpMember::HttpMember(Answer answer, uint16_t port)
    : answer_(std::move(answer)),
      server_(
          [this](Peer& peer) {
            for (;;) {
              const Message request = peer.read_request();
              if (!request.whole) return;
              {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
              }
              const std::string bytes = answer_(request);
              if (bytes.empty() || !peer.send(bytes)) return;
              if (bytes.find("Connection: close\r\n") != std::string::npos) return;
            }
          },
          port) {}

std::vector<Message> HttpMember::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::string response(int status, std::string_view body, std::string_view fields) {
  return fmt::format("HTTP/1.1 {} Told\r\n{}Content-Length: {}\r\n\r\n{}", status, fields, body.size(), body);
}

std::string chunked_response(const std::vector<std::string>& pieces) {
  std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& piece : pieces) text += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
  return text + "0\r\n\r\n";
}

}  // namespace elb::test
