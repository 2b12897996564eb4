// SPDX-License-Identifier: Apache-2.0
// Transport: a client's stream of plain bytes, whether TLS is around it or not. The handshake happens inside of read().
// Thread rule: its loop's thread.
#pragma once

#include <memory>
#include <optional>

#include "proxy/stream.h"
#include "proxy/workspace.h"
#include "tls/connection.h"

namespace elb::proxy {

class Transport {
 public:
  /// `tls` may be null. `work` outlives the transport.
  Transport(Fd fd, std::unique_ptr<tls::Connection> tls, Workspace& work)
      : stream_(std::move(fd)), tls_(std::move(tls)), work_(work) {}

  void note(uint32_t events) { stream_.note(events); }
  bool readable() const { return stream_.readable() || closed_; }
  bool gone() const { return stream_.gone(); }

  /// Plain bytes into `room`, which holds at least Workspace::client_in's size.
  Received read(std::span<char> room);
  /// As Stream::write(). What is unsent counts in bytes of the wire.
  bool write(std::span<const std::string_view> pieces, bool more = false);
  bool flush() { return stream_.flush(); }
  bool has_unsent() const { return stream_.has_unsent(); }
  uint64_t written() const { return stream_.written(); }

  /// The client learns that no more comes: close_notify where there is TLS, then the end of the stream.
  void end_writing();
  bool ended_writing() const { return stream_.ended_writing(); }
  /// Reads raw bytes and throws them away.
  Received discard() { return stream_.read(work_.cipher_in); }
  void abort() { stream_.abort(); }

  bool secure() const { return tls_ != nullptr; }
  /// False while, or if, the handshake is not done. Plain transports are ready at once.
  bool ready() const { return !tls_ || handshake_done_; }
  /// Null without TLS or before the handshake is done.
  const tls::ConnectionFacts* facts() const { return facts_ ? &*facts_ : nullptr; }
  int fd() const { return stream_.fd(); }

 private:
  Received decrypt(std::string_view cipher, std::span<char> room);
  bool send(tls::Wire& wire, bool more);
  bool encrypt(tls::Wire& wire, std::string_view plain);

  Stream stream_;
  std::unique_ptr<tls::Connection> tls_;
  Workspace& work_;
  bool handshake_done_ = false;
  bool closed_ = false;  // close_notify has come
  std::optional<tls::ConnectionFacts> facts_;
};

}  // namespace elb::proxy
