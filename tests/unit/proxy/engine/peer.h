// SPDX-License-Identifier: Apache-2.0
// Peer: one end of a TCP connection on loopback, blocking, with patience for a few seconds: the raw bytes that a client
// or a member says and hears. Thread rule: one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/ip.h"

namespace elb::test {

struct Message {
  std::string head;      // with the empty line; empty: the connection ended first
  std::string body;      // without chunk framing
  std::string trailers;  // lines behind the last chunk
  bool whole = false;
  int status() const;  // of a response
  /// Value of the first header of this name, which is compared as it is; nothing: not there.
  std::optional<std::string> header(std::string_view name) const;
};

/// The bytes below HTTP: a socket, or TLS over one.
class Channel {
 public:
  virtual ~Channel() = default;
  virtual bool send(std::string_view bytes) = 0;
  /// What came next; empty: the end, or nothing within the time.
  virtual std::string receive() = 0;
};

class Peer {
 public:
  static constexpr int kPatienceMs = 8000;

  Peer() = default;
  explicit Peer(Fd fd, int patience_ms = kPatienceMs);
  explicit Peer(std::unique_ptr<Channel> channel, int fd = -1) : channel_(std::move(channel)), fd_(fd) {}
  static Peer connect(const Endpoint& to, int patience_ms = kPatienceMs, int receive_buffer = 0);

  bool send(std::string_view bytes) { return channel_->send(bytes); }
  /// Up to and with `end`; less when the connection ends before.
  std::string read_until(std::string_view end);
  std::string read_exactly(size_t size);
  std::string read_all();  // until the end
  /// What came next; empty: the end.
  std::string read_some() { return channel_->receive(); }
  /// True when the other side has closed and everything was read.
  bool ended() { return buffer_.empty() && (buffer_ = channel_->receive()).empty(); }
  Message read_request() { return read_message(false, false); }
  Message read_response(bool to_head = false) { return read_message(true, to_head); }
  /// A request and its answer.
  Message ask(std::string_view request, bool head = false) {
    send(request);
    return read_response(head);
  }
  int fd() const { return fd_; }
  void end_writing();
  void close() { channel_.reset(); }
  void reset();  // closes with RST

 private:
  Message read_message(bool response, bool to_head);
  bool more();

  std::unique_ptr<Channel> channel_;
  std::string buffer_;
  int fd_ = -1;
};

/// A TCP socket that listens on 127.0.0.1; `port` says where.
Fd listen_on_loopback(uint16_t& port, int backlog = 1024);
Fd connect_to(const Endpoint& to, int receive_buffer = 0);
bool send_all(int fd, std::string_view bytes);
void set_patience(int fd, int ms);

}  // namespace elb::test
