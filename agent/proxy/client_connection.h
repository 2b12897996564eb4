// SPDX-License-Identifier: Apache-2.0
// ClientConnection: one connection of a client. HTTP/1: waits for a request, hands it to an Exchange, and when that is
// over goes on with the next or closes. HTTP/2, if TLS agreed on that: an Http2Front does it from there on. Every event
// of the client's socket or of the member's comes down to run(), which does whatever can be done now; nothing else
// moves bytes, so nothing is entered twice. Thread rule: its loop's thread.
#pragma once

#include <memory>

#include "proxy/exchange.h"
#include "proxy/http2_front.h"
#include "proxy/loop_context.h"
#include "proxy/transport.h"

namespace elb::proxy {

class ClientConnection final : public Pollable, public Timed, public ClientSide {
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
  /// The loop takes no new connections: HTTP/2 tells its clients.
  void drain();

  Transport& transport() { return transport_; }
  const model::HttpTimeouts& timeouts() const;

  // As the client of an exchange of HTTP/1.
  const ConnectionFacts& facts() const override { return facts_; }
  Inbox& inbox() override { return inbox_; }
  bool readable() const override { return transport_.readable(); }
  Got fill() override;
  bool body_over() const override { return false; }
  const http::HeaderTable* trailers() const override { return nullptr; }
  bool put_head(const http::ResponseHead& head, const http::ResponseRewrite& rewrite, const http::Framing& body,
                Gather& out) override;
  bool put_own(const http::OwnResponse& response, Gather& out) override;
  void put_end(const http::Framing& body, const http::HeaderTable* trailers, Gather& out) override;
  bool write(const Gather& out, bool last) override { return transport_.write(out.pieces(), last); }
  bool flush() override { return transport_.flush(); }
  bool has_unsent() const override { return transport_.has_unsent(); }
  size_t room() const override { return Workspace::kMemberRead; }
  uint64_t written() const override { return transport_.written(); }
  bool gone() const override { return transport_.gone(); }
  void end_writing() override { transport_.end_writing(); }
  bool ended_writing() const override { return transport_.ended_writing(); }
  bool quiet() const override { return inbox_.empty() && !transport_.readable(); }
  void again() override { loop_.again(*this); }

  size_t slot = 0;                   // the loop's: where it keeps this
  bool waits_for_handshake = false;  // the loop's: it is in its queue
  uint64_t queued = 0;               // likewise: its place in the other one

 private:
  enum class State : uint8_t { kProxyHeader, kHead, kExchange, kHttp2, kFlush, kLinger, kClosed };

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
  bool run_http2();
  SteadyTime deadline() const;

  LoopContext& loop_;
  Transport transport_;
  ConnectionFacts facts_;
  OpenCount open_;
  ListenerBlock& counts_;
  Inbox inbox_;
  State state_;
  bool wants_more_ = false;  // the head in inbox_ is not complete
  bool handshaken_ = false;  // was counted
  bool unasked_ = false;     // it was we who ended HTTP/2: the client may be sending
  bool running_ = false;
  http::HeadProgress progress_;
  uint64_t written_seen_ = 0;
  SteadyTime since_;         // of the state, or its last progress
  SteadyTime head_began_{};  // the first byte of a request; default: none has come
  SteadyTime linger_end_{};
  ExchangePtr exchange_;
  std::unique_ptr<Http2Front> http2_;
};

}  // namespace elb::proxy
