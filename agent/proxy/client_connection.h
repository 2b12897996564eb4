// SPDX-License-Identifier: Apache-2.0
// ClientConnection: one connection of a client, HTTP/1: waits for a request, hands it to an Exchange, and when that is
// over goes on with the next or closes. Every event of the client's socket or of the member's comes down to run(),
// which does whatever can be done now; nothing else moves bytes, so nothing is entered twice.
// Thread rule: its loop's thread.
#pragma once

#include <memory>

#include "proxy/exchange.h"
#include "proxy/inbox.h"
#include "proxy/loop_context.h"
#include "proxy/member_connection.h"
#include "proxy/request_record.h"
#include "proxy/transport.h"

namespace elb::proxy {

class ClientConnection final : public Pollable, public Timed, public Wakeable {
 public:
  /// `open` and `counts` are the listener's that it came to; both have counted it already.
  ClientConnection(LoopContext& loop, Transport transport, const ConnectionFacts& facts, OpenCount open,
                   ListenerBlock& counts);
  ~ClientConnection() override;

  void on_events(uint32_t events) override;
  void on_timer() override;
  void wake() override { run(); }
  void run();
  /// At once and hard: the loop ends.
  void close();
  bool closed() const { return state_ == State::kClosed; }

  // For the exchange.
  Transport& transport() { return transport_; }
  Inbox& inbox() { return inbox_; }
  /// Receives behind what is in inbox() already.
  Got fill();
  ConnectionFacts facts() const;
  /// Nothing waits to be read: after the last response the connection can be closed at once.
  bool quiet() const { return inbox_.empty() && !transport_.readable(); }

  size_t slot = 0;                   // the loop's: where it keeps this
  bool waits_for_handshake = false;  // the loop's: it is in its queue

 private:
  enum class State : uint8_t { kProxyHeader, kHead, kExchange, kFlush, kLinger, kClosed };

  bool step();
  // proxy_header.cpp
  bool expects_proxy_header(const ServedListener* listener) const;
  bool read_proxy_header();
  bool bad_proxy_header();
  bool judge_client(const ServedListener* listener);
  bool read_head();
  bool run_exchange();
  bool begin_exchange(http::Outcome outcome);
  void begin_close();
  bool flush_out();
  bool linger();
  SteadyTime deadline() const;
  const model::HttpTimeouts& timeouts() const;

  LoopContext& loop_;
  Transport transport_;
  ConnectionFacts facts_;
  OpenCount open_;
  ListenerBlock& counts_;
  Inbox inbox_;
  State state_;
  bool wants_more_ = false;  // the head in inbox_ is not complete
  bool handshaken_ = false;  // was counted
  bool running_ = false;
  http::HeadProgress progress_;
  uint64_t written_seen_ = 0;
  SteadyTime since_;         // of the state, or its last progress
  SteadyTime head_began_{};  // the first byte of a request; default: none has come
  SteadyTime linger_end_{};
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace elb::proxy
