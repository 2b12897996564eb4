// SPDX-License-Identifier: Apache-2.0
#include "proxy/client_connection.h"

namespace elb::proxy {
namespace {

constexpr int kSteps = 64;  // of one connection before others are served
constexpr int kLingerRounds = 10;

}  // namespace

ClientConnection::ClientConnection(LoopContext& loop, Transport transport, const ConnectionFacts& facts, OpenCount open,
                                   ListenerBlock& counts)
    : loop_(loop),
      transport_(std::move(transport)),
      facts_(facts),
      open_(std::move(open)),
      counts_(counts),
      state_(expects_proxy_header(loop.served->find(facts.local)) ? State::kProxyHeader : State::kHead),
      since_(loop.now) {
  facts_.fd = transport_.fd();
}

ClientConnection::~ClientConnection() = default;

void ClientConnection::on_events(uint32_t events) {
  transport_.note(events);
  loop_.again(*this);
}

const model::HttpTimeouts& ClientConnection::timeouts() const {
  static const model::HttpTimeouts kDefaults;
  const ServedListener* listener = loop_.served->find(facts_.local);
  return listener != nullptr ? listener->http().timeouts : kDefaults;
}

void ClientConnection::run() {
  if (state_ == State::kClosed || running_) return;
  running_ = true;
  int steps = 0;
  while (step())
    if (++steps == kSteps) {
      loop_.again(*this);
      break;
    }
  running_ = false;
  if (state_ == State::kClosed) return;
  inbox_.save();
  if (exchange_) exchange_->save();
  loop_.wheel.arm(*this, deadline());
}

// True: something happened, there may be more to do.
bool ClientConnection::step() {
  switch (state_) {
    case State::kProxyHeader:
      return read_proxy_header();
    case State::kHead:
      return read_head();
    case State::kExchange:
      return run_exchange();
    case State::kHttp2:
      return run_http2();
    case State::kFlush:
      return flush_out();
    case State::kLinger:
      return linger();
    case State::kClosed:
      break;
  }
  return false;
}

Got ClientConnection::fill() {
  inbox_.save();
  if (!handshaken_ && transport_.secure() && !loop_.may_shake_hands()) {
    loop_.queue_handshake(*this);
    return Got::kNothing;
  }
  const Received received = transport_.read(loop_.work.client_in);
  if (received.got == Got::kData) inbox_.append({loop_.work.client_in.data(), received.bytes});
  if (!handshaken_ && transport_.secure()) {
    handshaken_ = transport_.ready();
    if (handshaken_) counts_.handshakes.add();
    facts_.tls = transport_.facts();
    if (handshaken_ && head_began_ == SteadyTime{}) since_ = loop_.now;
    if (!handshaken_ && (received.got == Got::kBroken || received.got == Got::kEnd)) counts_.failed_handshakes.add();
  }
  return received.got;
}

bool ClientConnection::read_head() {
  // The next request waits until the last response was taken, which bounds what is kept.
  if (!transport_.flush()) {
    close();
    return false;
  }
  if (transport_.written() != written_seen_) {
    written_seen_ = transport_.written();
    if (head_began_ == SteadyTime{}) since_ = loop_.now;
  }
  if (transport_.has_unsent()) return false;
  if (inbox_.empty() || wants_more_) {
    if (!transport_.readable()) return false;
    const bool shaken = handshaken_;
    const Got got = fill();
    if (handshaken_ && !shaken && got != Got::kBroken && transport_.facts()->alpn == "h2") {
      state_ = State::kHttp2;
      http2_ = std::make_unique<Http2Front>(loop_, *this, counts_);
      return true;
    }
    if (got == Got::kNothing) return false;
    if (got != Got::kData) {
      close();
      return false;
    }
  }
  if (head_began_ == SteadyTime{}) head_began_ = loop_.now;
  const http::Outcome outcome =
      http::parse_request_head(inbox_.view(), loop_.options.head, progress_, loop_.work.request);
  wants_more_ = outcome == http::Outcome::kNeedMore;
  if (wants_more_) return true;
  return begin_exchange(outcome);
}

bool ClientConnection::begin_exchange(http::Outcome outcome) {
  const http::RequestHead& head = loop_.work.request;
  exchange_ = loop_.exchanges.make(loop_, *this, head_began_);
  state_ = State::kExchange;
  progress_ = {};
  if (outcome == http::Outcome::kDone) {
    inbox_.consume(head.size);
    exchange_->begin(head);
  } else {
    exchange_->refuse(head, http::status_of(head.fault), true);
  }
  return true;
}

bool ClientConnection::run_http2() {
  switch (http2_->run()) {
    case Http2Front::State::kWaits:
      return false;
    case Http2Front::State::kMore:
      loop_.again(*this);
      return false;
    case Http2Front::State::kOver:
      http2_.reset();
      unasked_ = true;
      begin_close();
      return true;
    case Http2Front::State::kGone:
      break;
  }
  close();
  return false;
}

void ClientConnection::drain() {
  if (!http2_) return;
  http2_->drain();
  loop_.again(*this);
}

bool ClientConnection::run_exchange() {
  exchange_->pump();
  const Exchange::State ended = exchange_->state();
  if (ended == Exchange::State::kOpen) return false;
  const bool whole = exchange_->request_complete();
  exchange_.reset();
  head_began_ = {};
  since_ = loop_.now;
  written_seen_ = transport_.written();
  switch (ended) {
    case Exchange::State::kKeep:
      state_ = State::kHead;
      return true;
    case Exchange::State::kAbort:
      transport_.abort();
      close();
      return false;
    default:
      break;
  }
  // What is left of a request that was answered early is thrown away.
  if (!whole) inbox_.clear();
  begin_close();
  return true;
}

void ClientConnection::begin_close() {
  state_ = State::kFlush;
  since_ = loop_.now;
}

bool ClientConnection::flush_out() {
  if (!transport_.flush() || transport_.gone()) {
    close();
    return false;
  }
  if (transport_.written() != written_seen_) {
    written_seen_ = transport_.written();
    since_ = loop_.now;
  }
  if (transport_.has_unsent()) return false;
  const bool nothing_comes = quiet() && !unasked_;
  if (!nothing_comes || transport_.secure()) transport_.end_writing();
  if (nothing_comes) {
    close();
    return false;
  }
  inbox_.clear();
  state_ = State::kLinger;
  since_ = loop_.now;
  linger_end_ = loop_.now + kLingerRounds * loop_.options.linger;
  return true;
}

bool ClientConnection::linger() {
  while (transport_.readable()) {
    const Received received = transport_.discard();
    if (received.got == Got::kData) {
      since_ = loop_.now;
      return true;
    }
    if (received.got == Got::kNothing) break;
    close();
    return false;
  }
  return false;
}

SteadyTime ClientConnection::deadline() const {
  const model::HttpTimeouts& limits = timeouts();
  switch (state_) {
    case State::kProxyHeader:
      return since_ + std::chrono::seconds(limits.head_s);
    case State::kHead:
      if (head_began_ != SteadyTime{}) return head_began_ + std::chrono::seconds(limits.head_s);
      if (!transport_.ready()) return since_ + std::chrono::seconds(limits.head_s);
      if (transport_.has_unsent()) return since_ + std::chrono::seconds(limits.body_s);
      return since_ + std::chrono::seconds(limits.idle_s);
    case State::kExchange:
      return exchange_->deadline();
    case State::kHttp2:
      return http2_->deadline();
    case State::kFlush:
      return since_ + std::chrono::seconds(limits.body_s);
    default:
      return std::min(since_ + loop_.options.linger, linger_end_);
  }
}

void ClientConnection::on_timer() {
  if (state_ == State::kClosed) return;
  if (loop_.now < deadline()) {
    loop_.wheel.arm(*this, deadline());
    return;
  }
  switch (state_) {
    case State::kProxyHeader:
      counts_.bad_proxy_headers.add();
      return close();
    case State::kHead:
      if (head_began_ == SteadyTime{}) {
        if (!transport_.ready()) counts_.failed_handshakes.add();
        // A response that is not taken must not look whole; an idle connection just ends.
        if (transport_.has_unsent()) transport_.abort();
        return close();
      }
      exchange_ = loop_.exchanges.make(loop_, *this, head_began_);
      state_ = State::kExchange;
      loop_.work.request.clear();
      exchange_->refuse(loop_.work.request, 408, false);
      break;
    case State::kExchange:
      exchange_->expire();
      break;
    case State::kHttp2:
      http2_->expire();
      break;
    case State::kFlush:
      transport_.abort();
      return close();
    default:
      return close();
  }
  run();
}

void ClientConnection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  exchange_.reset();
  http2_.reset();
  loop_.wheel.disarm(*this);
  open_->fetch_sub(1, std::memory_order_relaxed);
  counts_.open_connections.sub();
  loop_.remove(*this);
}

}  // namespace elb::proxy
