// SPDX-License-Identifier: Apache-2.0
#include "unit/proxy/engine/peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstdlib>

#include "http/char_class.h"
#include "unit/proxy/engine/socket_channel.h"

namespace elb::test {

int Message::status() const { return head.size() > 12 ? std::atoi(head.c_str() + 9) : 0; }

std::optional<std::string> Message::header(std::string_view name) const {
  size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const size_t end = head.find("\r\n", at + 2);
    const std::string_view line = std::string_view(head).substr(at + 2, end - at - 2);
    if (line.size() > name.size() && line[name.size()] == ':' && line.substr(0, name.size()) == name)
      return std::string(http::trim(line.substr(name.size() + 1)));
    at = end;
  }
  return std::nullopt;
}

void set_patience(int fd, int ms) {
  const timeval patience{ms / 1000, (ms % 1000) * 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

Fd listen_on_loopback(uint16_t& port, int backlog) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  name.sin_port = htons(port);
  socklen_t size = sizeof name;
  auto* generic = reinterpret_cast<sockaddr*>(&name);
  if (bind(fd.get(), generic, size) != 0 || listen(fd.get(), backlog) != 0 ||
      getsockname(fd.get(), generic, &size) != 0)
    std::abort();  // a test without its socket shows nothing
  port = ntohs(name.sin_port);
  return fd;
}

Fd connect_to(const Endpoint& to, int receive_buffer) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer > 0) setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = to.address.v4_be();
  name.sin_port = htons(to.port);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) fd.reset();
  return fd;
}

Peer::Peer(Fd fd, int patience_ms) : fd_(fd.get()) {
  set_patience(fd.get(), patience_ms);
  channel_ = std::make_unique<SocketChannel>(std::move(fd));
}

Peer Peer::connect(const Endpoint& to, int patience_ms, int receive_buffer) {
  return Peer(connect_to(to, receive_buffer), patience_ms);
}

void Peer::end_writing() { shutdown(fd_, SHUT_WR); }

void Peer::reset() {
  const linger at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  channel_.reset();
}

bool Peer::more() {
  const std::string fresh = channel_->receive();
  buffer_ += fresh;
  return !fresh.empty();
}

std::string Peer::read_until(std::string_view end) {
  size_t at = 0;
  while ((at = buffer_.find(end)) == std::string::npos)
    if (!more()) return std::exchange(buffer_, {});
  std::string result = buffer_.substr(0, at + end.size());
  buffer_.erase(0, at + end.size());
  return result;
}

std::string Peer::read_exactly(size_t size) {
  while (buffer_.size() < size)
    if (!more()) return std::exchange(buffer_, {});
  std::string result = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return result;
}

std::string Peer::read_all() {
  while (more()) {
  }
  return std::exchange(buffer_, {});
}

Message Peer::read_message(bool response, bool to_head) {
  Message message;
  message.head = read_until("\r\n\r\n");
  if (!message.head.ends_with("\r\n\r\n")) return message;
  const int status = response ? message.status() : 0;
  if (to_head || (response && (status < 200 || status == 204 || status == 304))) {
    message.whole = true;
  } else if (message.header("Transfer-Encoding")) {
    for (;;) {
      const std::string line = read_until("\r\n");
      if (line.size() < 3) return message;
      const size_t size = std::strtoul(line.c_str(), nullptr, 16);
      if (size == 0) {
        std::string field;
        while ((field = read_until("\r\n")).size() > 2) message.trailers += field;
        if (field != "\r\n") return message;
        break;
      }
      const std::string chunk = read_exactly(size + 2);
      if (chunk.size() != size + 2) return message;
      message.body.append(chunk, 0, size);
    }
    message.whole = true;
  } else if (const auto length = message.header("Content-Length")) {
    const size_t size = std::strtoul(length->c_str(), nullptr, 10);
    message.body = read_exactly(size);
    message.whole = message.body.size() == size;
  } else if (response) {
    message.body = read_all();
    message.whole = true;
  } else {
    message.whole = true;
  }
  return message;
}

}  // namespace elb::test
