// SPDX-License-Identifier: Apache-2.0
#include "proxy/http2_front.h"

#include <algorithm>

#include "h2/request.h"
#include "proxy/client_connection.h"

namespace elb::proxy {
namespace {

constexpr int kFrontTurns = 16;                        // of one connection before others are served
constexpr size_t kFrontWrite = size_t{128} << 10;      // of one write: what is kept for a client that takes nothing
constexpr std::chrono::milliseconds kCheck{1000};      // of the deadlines of streams
constexpr std::chrono::milliseconds kRoundTrip{1000};  // requests that crossed the first GOAWAY

h2::SessionLimits limits_of(const EngineOptions& options) {
  h2::SessionLimits limits;
  limits.head_bytes = options.head.head_bytes;
  limits.fields = options.head.headers;
  return limits;
}

}  // namespace

Http2Front::Http2Front(LoopContext& loop, ClientConnection& connection, ListenerBlock& counts)
    : loop_(loop),
      connection_(connection),
      counts_(counts),
      fields_of_loop_(loop.work.fields),
      session_(h2::Session::create(limits_of(loop.options), *this)),
      began_(loop.now),
      idle_since_(loop.now),
      write_progress_(loop.now),
      checked_(loop.now) {
  if (!session_) {
    gone_ = true;
  } else if (loop_.draining) {
    drain();
  }
}

Http2Front::~Http2Front() {
  if (!session_) return;
  for (const auto& stream : session_->all()) closed(*stream);
}

const model::HttpTimeouts& Http2Front::timeouts() const { return connection_.timeouts(); }
const ConnectionFacts& Http2Front::facts() const { return connection_.facts(); }

void Http2Front::ready(Http2Stream& stream) {
  if (!stream.queued) {
    stream.queued = true;
    ready_.push_back(&stream);
  }
  if (running_ || scheduled_) return;
  scheduled_ = true;
  loop_.again(connection_);
}

// Called while the session reads or writes, when no exchange is at work.
void Http2Front::closed(h2::Stream& closing) {
  auto& stream = static_cast<Http2Stream&>(closing);
  if (stream.exchange && stream.exchange->state() == Exchange::State::kOpen) stream.exchange->client_left();
  stream.exchange.reset();
  if (stream.malformed()) counts_.malformed.add();
  if (stream.queued) std::erase(ready_, &stream);
  stream.queued = false;
  idle_since_ = loop_.now;
}

Http2Front::State Http2Front::run() {
  if (gone_) return State::kGone;
  Transport& transport = connection_.transport();
  running_ = true;
  scheduled_ = false;
  State state = State::kMore;
  for (int turn = 0; turn < kFrontTurns && state == State::kMore; ++turn) {
    if (!transport.flush() || transport.gone()) gone_ = true;
    if (transport.written() != written_seen_) {
      written_seen_ = transport.written();
      write_progress_ = loop_.now;
    }
    bool moved = !gone_ && read();
    if (!gone_) moved |= pump();
    if (!gone_) moved |= write();
    if (gone_) {
      state = State::kGone;
    } else if (session_->over()) {
      state = State::kOver;
    } else if (!moved) {
      state = State::kWaits;
    }
  }
  running_ = false;
  return state;
}

// What is not taken by the client holds back what it has to say: so nothing piles up that answers it.
bool Http2Front::read() {
  Transport& transport = connection_.transport();
  Inbox& inbox = connection_.inbox();
  if (transport.has_unsent()) return false;
  if (inbox.empty()) {
    if (!transport.readable()) return false;
    const Got got = connection_.fill();
    gone_ = got == Got::kEnd || got == Got::kBroken;
    if (got != Got::kData) return false;
  }
  session_->receive(inbox.view(), loop_.now);
  inbox.clear();
  note_flood();
  if (!session_->in_head()) {
    head_since_ = {};
  } else if (head_since_ == SteadyTime{}) {
    head_since_ = loop_.now;
  }
  return true;
}

void Http2Front::note_flood() {
  if (!session_->flooded() || flood_counted_) return;
  flood_counted_ = true;
  counts_.floods.add();
}

bool Http2Front::pump() {
  if (ready_.empty()) return false;
  serving_.swap(ready_);
  for (Http2Stream* stream : serving_) {
    stream->queued = false;
    if (!session_->flooded()) serve(*stream);
  }
  serving_.clear();
  return true;
}

void Http2Front::serve(Http2Stream& stream) {
  if (stream.has_head()) begin(stream);
  if (!stream.exchange) return;
  Exchange& exchange = *stream.exchange;
  exchange.pump();
  if (exchange.state() == Exchange::State::kOpen) return exchange.save();
  if (exchange.state() == Exchange::State::kAbort) {
    session_->abort(stream, exchange.reset_code());
  } else {
    stream.end_writing();  // a tunnel may have ended by its time-out
  }
  stream.exchange.reset();
  stream.progress = loop_.now;
}

void Http2Front::begin(Http2Stream& stream) {
  const auto fields = stream.take_head();
  http::RequestHead& head = loop_.work.request;
  const http::Fault fault = h2::to_request_head(*fields, stream.body_over(), loop_.options.head, head);
  stream.exchange = loop_.exchanges.make(loop_, stream, loop_.now);
  Exchange& exchange = *stream.exchange;
  if (fault == http::Fault::kNone) return exchange.begin(head);
  session_->charge_wrong(loop_.now);
  exchange.refuse(head, http::status_of(fault), true);
}

bool Http2Front::write() {
  Transport& transport = connection_.transport();
  if (transport.has_unsent()) return false;
  const std::span<char> room = std::span(loop_.work.out).first(kFrontWrite);
  const size_t size = session_->produce(room);
  note_flood();
  if (size == 0) return false;
  const std::string_view bytes(room.data(), size);
  if (!transport.write({&bytes, 1})) gone_ = true;
  return true;
}

SteadyTime Http2Front::deadline() const {
  if (gone_) return loop_.now;
  const model::HttpTimeouts& limits = timeouts();
  const auto after = [](SteadyTime from, int seconds) { return from + std::chrono::seconds(seconds); };
  SteadyTime first = SteadyTime::max();
  if (connection_.transport().has_unsent()) first = after(write_progress_, limits.body_s);
  if (!session_->greeted()) return std::min(first, after(began_, limits.head_s));
  if (head_since_ != SteadyTime{}) first = std::min(first, after(head_since_, limits.head_s));
  if (end_at_ != SteadyTime{}) first = std::min(first, end_at_);
  return std::min(first, session_->streams() == 0 ? after(idle_since_, limits.idle_s) : checked_ + kCheck);
}

void Http2Front::expire() {
  if (gone_) return;
  const model::HttpTimeouts& limits = timeouts();
  const auto past = [&](SteadyTime from, int seconds) { return loop_.now >= from + std::chrono::seconds(seconds); };
  Transport& transport = connection_.transport();
  if (transport.has_unsent() && past(write_progress_, limits.body_s)) {
    transport.abort();
    gone_ = true;
    return;
  }
  if (!session_->greeted() && past(began_, limits.head_s)) return session_->give_up();
  if (head_since_ != SteadyTime{} && past(head_since_, limits.head_s)) return session_->give_up();
  if (end_at_ != SteadyTime{} && loop_.now >= end_at_) {
    end_at_ = {};
    session_->end();
  }
  if (session_->streams() == 0 && past(idle_since_, limits.idle_s)) return session_->give_up();
  if (loop_.now >= checked_ + kCheck) check_streams();
}

void Http2Front::check_streams() {
  checked_ = loop_.now;
  for (const auto& each : session_->all()) {
    auto& stream = static_cast<Http2Stream&>(*each);
    if (stream.exchange) {
      if (loop_.now < stream.exchange->deadline()) continue;
      stream.exchange->expire();
      ready(stream);
      continue;
    }
    if (stream.unsent() == 0) continue;
    // Its answer is complete and here; the client opens no window for it.
    if (stream.written() != stream.written_seen) {
      stream.written_seen = stream.written();
      stream.progress = loop_.now;
    }
    if (loop_.now >= stream.progress + std::chrono::seconds(timeouts().body_s)) session_->abort(stream);
  }
}

void Http2Front::drain() {
  if (gone_ || end_at_ != SteadyTime{}) return;
  session_->announce_end();
  end_at_ = loop_.now + kRoundTrip;
}

}  // namespace elb::proxy
