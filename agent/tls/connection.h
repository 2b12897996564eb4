// SPDX-License-Identifier: Apache-2.0
// Connection: the TLS side of one client connection, without a socket. Each call is given a Wire: the bytes that came
// from the peer, and room for bytes to it, both in buffers that the caller has once for all its connections. An idle
// connection keeps no buffer of its own.
// Thread rule: the worker's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tls/worker.h"

struct ssl_st;

namespace elb::tls {

struct Handshake;

/// Room that one call of write() fills without stopping, for one record: plain bytes of it, and what TLS adds.
constexpr size_t kRecordBytes = 16384;
constexpr size_t kRecordOverhead = 256;

/// The bytes that go in and out of one call, or of several in a row.
struct Wire {
  std::string_view in;  // from the peer; what was used is cut off its front
  std::span<char> out;  // room; its first `produced` bytes are to be sent
  size_t produced = 0;

  std::string_view output() const { return {out.data(), produced}; }
};

enum class Progress {
  kDone,       // all that was asked for is done
  kWantRead,   // wire.in is used up: come again with more
  kWantWrite,  // wire.out is full: send it, come again with room
  kClosed,     // the peer said that it sends no more
  kFailed,     // the connection is dead: send what is in wire.out (an alert), then close; error() says why
};

struct Step {
  Progress progress = Progress::kDone;
  size_t bytes = 0;  // plain bytes read or written, whatever the progress
};

/// What the access log and the upstream headers want to know; valid when the handshake is done.
struct ConnectionFacts {
  std::string_view protocol;  // "TLSv1.3"; a literal of the library
  std::string_view cipher;    // "TLS_AES_128_GCM_SHA256"; likewise
  std::string alpn;           // "h2", "http/1.1" or empty
  std::string sni;            // canonical; empty: none
  std::string certificate_id;
  bool resumed = false;
  std::string client_subject;  // RFC 4514; empty: no client certificate
  std::string client_serial;
  std::string client_fingerprint;
};

class Connection {
 public:
  /// A server that waits for a ClientHello. Keeps `context` until it goes.
  static Result<std::unique_ptr<Connection>> accept(ServerContextPtr context);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Until kDone. What the client sent along with its last handshake message stays in wire.in.
  Step handshake(Wire& wire);
  /// Fills `plain`: kDone when it is full (there may be more), kWantRead when wire.in is used up before.
  Step read(Wire& wire, std::span<char> plain);
  /// kWantWrite with fewer bytes than given: come again with the rest, of which the first bytes may be under way
  /// already and must not change.
  Step write(Wire& wire, std::string_view plain);
  /// Says that no more will be written. kDone when that is in wire.out.
  Step close(Wire& wire);

  bool handshake_done() const;
  /// Decrypted bytes that wait inside, for when read() was given a short buffer.
  size_t pending() const;
  ConnectionFacts facts() const;
  /// Why it failed, lower case; of a refused client certificate the reason as well.
  const std::string& error() const { return error_; }

 private:
  struct FreeSsl {
    void operator()(ssl_st* ssl) const;
  };
  Connection();
  Step finish(int result, size_t bytes);

  std::unique_ptr<Handshake> handshake_;
  std::unique_ptr<ssl_st, FreeSsl> ssl_;  // goes before the context that handshake_ holds
  Wire* wire_ = nullptr;                  // during a call; the BIO reads and writes here
  std::string error_;
};

}  // namespace elb::tls
