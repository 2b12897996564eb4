// SPDX-License-Identifier: Apache-2.0
// Bytes of an exchange in both directions.
#include <algorithm>

#include "http/char_class.h"
#include "proxy/exchange.h"
#include "tls/websocket_accept.h"

namespace elb::proxy {
namespace {

constexpr size_t kReplayMax = size_t{64} << 10;
constexpr uint8_t kInterimMax = 32;  // responses 1xx to one request; a member's flood of them would never end
constexpr int kPumpTurns = 16;       // reads of one connection before others are served

void put_payload(const http::Framing& framing, std::string_view data, Gather& out) {
  if (framing.kind != http::Framing::Kind::kChunked) return out.refer(data);
  http::OutBuffer size(out.room());
  http::write_chunk_begin(data.size(), size);
  out.claim(size.written().size());
  out.refer(data);
  out.copy(http::kChunkEnd);
}

void put_last_chunk(const http::HeaderTable* trailers, Gather& out) {
  http::OutBuffer text(out.room());
  http::write_last_chunk(trailers, text);
  out.claim(text.written().size());
}

}  // namespace

void Exchange::pump() {
  ClientSide& client = client_;
  for (int turn = 0; open(); ++turn) {
    if (turn == kPumpTurns) return client.again();
    const uint64_t client_before = client.written();
    const uint64_t member_before = member_ ? member_->written() : 0;
    if (!client.flush() || (client.gone() && !client.ended_writing())) return client_left();
    if (connected() && !member_->flush()) write_dead_ = true;
    if (!open()) return;
    if (client.written() != client_before || (member_ && member_->written() > member_before)) progress_ = loop_.now;
    if (tunnel_over()) return finish();
    bool moved = pump_request();
    if (open()) moved |= pump_response();
    if (!moved) return wait_for_body();
  }
}

// Both sides have said their end; or the member has, and takes no more.
bool Exchange::tunnel_over() const {
  if (!tunnel() || !response_done_ || client_.has_unsent()) return false;
  return write_dead_ || (request_read_ && !member_->has_unsent());
}

bool Exchange::pump_request() {
  if (!connected() || write_dead_ || member_->has_unsent()) return false;
  if (replay_sent_ && request_read_) {
    if (!request_sent_) request_sent_at_ = loop_.now;
    request_sent_ = true;
    return false;
  }
  Gather out(loop_.work.out);
  size_t replayed = 0;
  if (!replay_sent_) {
    put_proxy_header(out);
    const std::string_view bytes = std::string_view(parts_.replay).substr(replay_head_);
    if (!bytes.empty()) out.refer(bytes);
    replayed = out.bytes();
  }
  const bool moved = take_body(out);
  if (!open() || !member_) return true;
  if (member_->http2()) {
    if (out.empty() && replay_sent_ && !request_read_) return moved;
    if (!replay_sent_ && !put_fields()) return true;
  } else if (out.empty()) {
    return moved;
  }
  const bool alive = member_->write(out.pieces());
  replay_sent_ = true;
  progress_ = loop_.now;
  if (request_read_ && !tunnel()) member_->put_end(request_trailers());
  sent_to_member(out, replayed, alive);
  return true;
}

// False: the connection takes no more requests.
bool Exchange::put_fields() {
  const bool body =
      request_out_.kind == Kind::kUntilClose || (request_out_.kind == Kind::kLength && request_out_.length > 0);
  if (member_->put_fields(std::string_view(parts_.replay).substr(0, replay_head_), body)) return true;
  member_failed();
  return false;
}

const http::HeaderTable* Exchange::request_trailers() const {
  return http2_ ? client_.trailers() : request_body_.trailers();
}

// False: nothing could be taken.
bool Exchange::take_body(Gather& out) {
  Inbox& in = client_.inbox();
  bool moved = false;
  while (!request_read_ && !out.full()) {
    if (in.empty()) {
      if (moved || !client_.readable()) break;  // what was taken lies in the buffer: send it first
      const Got got = client_.fill();
      if (got == Got::kNothing) break;
      if (got != Got::kData) {
        if (got == Got::kBroken || request_body_.closed() != http::Fault::kNone) {
          client_left();
        } else if (tunnel()) {
          request_read_ = true;
          member_->end_writing();
        } else {
          end_body(client_.trailers(), out);
        }
        return true;
      }
    }
    moved = true;
    const http::BodyStep step = request_body_.next(in.view());
    record_.request_bytes += step.consumed;
    in.consume(step.consumed);
    switch (step.kind) {
      case http::BodyStep::Kind::kData:
        put_payload(request_out_, step.data, out);
        break;
      case http::BodyStep::Kind::kNeedMore:
        break;
      case http::BodyStep::Kind::kDone:
        end_body(request_body_.trailers(), out);
        break;
      case http::BodyStep::Kind::kFault:
        served_->counts(*listener_).malformed.add();
        keep_alive_ = false;
        record_.end = RequestEnd::kMalformed;
        if (head_sent_) {
          abort();
        } else {
          answer(http::status_of(step.fault));
        }
        return true;
    }
    // The last payload byte of a known length ends the body; it takes one more look to say so.
    if (in.empty() && !request_read_ && request_out_.kind == Kind::kLength &&
        request_body_.next({}).kind == http::BodyStep::Kind::kDone)
      request_read_ = true;
  }
  const bool over = in.empty() && !request_read_ && client_.body_over();
  if (moved && over && !tunnel() && !out.full() && request_body_.closed() == http::Fault::kNone)
    end_body(client_.trailers(), out);
  return moved;
}

void Exchange::end_body(const http::HeaderTable* trailers, Gather& out) {
  request_read_ = true;
  if (request_out_.kind == Kind::kChunked) put_last_chunk(trailers, out);
}

void Exchange::sent_to_member(const Gather& out, size_t replayed, bool alive) {
  served_->counts(pool_, member_index_).bytes_out.add(out.bytes());
  const size_t body = out.bytes() - replayed;
  const bool nothing_sent = member_->untouched();
  if (body > 0 && replayable_) {
    // Kept for another attempt as long as that is allowed and not too much.
    if ((http::is_idempotent(method_) || member_->http2() || (!alive && nothing_sent)) &&
        parts_.replay.size() + body <= kReplayMax) {
      size_t skip = replayed;  // is there already
      for (const std::string_view piece : out.pieces()) {
        const size_t known = std::min(skip, piece.size());
        skip -= known;
        if (known < piece.size()) parts_.replay.append(piece.substr(known));
      }
    } else {
      replayable_ = false;
    }
  }
  if (alive) return;
  write_dead_ = true;
  if (nothing_sent) member_failed();  // else its answer may have come before it closed
}

bool Exchange::pump_response() {
  if (!connected() || response_done_ || client_.has_unsent()) return false;
  Inbox& in = member_->inbox();
  if ((in.empty() && (head_sent_ || !member_->has_head())) || head_incomplete_) {
    if (!receive()) return false;
    if (!open() || !member_ || !response_begun_ || in.empty()) return true;
  }
  Gather out(loop_.work.out);
  if (!head_sent_) {
    switch (take_head(out)) {
      case Head::kOver:
        return true;
      case Head::kMore:
        head_incomplete_ = true;
        return true;
      case Head::kInterim:
        if (!to_client(out)) client_left();
        return true;
      case Head::kFinal:
        break;
    }
  }
  take_response_body(out);
  if (!open()) return true;
  if (!to_client(out)) {
    client_left();
    return true;
  }
  if (response_done_ && !tunnel()) finish();
  return true;
}

// False: nothing came.
bool Exchange::receive() {
  if (!member_->readable()) return false;
  Inbox& in = member_->inbox();
  in.save();
  const Received received = member_->read(std::span(loop_.work.member_in).first(client_.room()));
  switch (received.got) {
    case Got::kNothing:
      return false;
    case Got::kEnd:
      member_ended();
      return true;
    case Got::kBroken:
      member_failed();
      return true;
    case Got::kData:
      break;
  }
  if (!replay_sent_) {  // it spoke before it was asked
    member_failed();
    return true;
  }
  begin_answer();
  in.append({loop_.work.member_in.data(), received.bytes});
  served_->counts(pool_, member_index_).bytes_in.add(received.bytes);
  progress_ = loop_.now;
  return true;
}

// It is not sent again.
void Exchange::begin_answer() {
  if (response_begun_) return;
  response_begun_ = true;
  replayable_ = false;
  clear_text(parts_.replay);
  replay_head_ = 0;
}

Exchange::Head Exchange::take_head(Gather& out) {
  http::ResponseHead& head = loop_.work.response;
  const http::Outcome outcome = member_->take_head(head_progress_, head);
  if (outcome == http::Outcome::kNeedMore) return Head::kMore;
  head_incomplete_ = false;
  head_progress_ = {};
  const bool switches = head.status == 101;
  const bool misled =
      !socket_key_.empty() && outcome == http::Outcome::kDone && !head.is_interim() && head.status < 300;
  const bool asked_so = upgrade_ && http::equals_ignoring_case(head.upgrade_protocol(), "websocket");
  const bool too_many = head.is_interim() && ++interims_ > kInterimMax;
  if (outcome == http::Outcome::kFault || (switches && !asked_so) || too_many || misled ||
      (switches && !accepts_socket(head))) {
    served_->counts(pool_, member_index_).failed_requests.add();
    record_.end = RequestEnd::kMemberMalformed;
    answer(502);
    return Head::kOver;
  }
  if (head.http2) begin_answer();
  if (!head.is_interim() || switches) return begin_response(head, out) ? Head::kFinal : Head::kOver;
  if (minor_version_ == 0) return Head::kInterim;  // such clients know none
  http::ResponseRewrite rewrite;
  rewrite.asked = method_;
  if (!client_.put_head(head, rewrite, {}, out)) {
    record_.end = RequestEnd::kMemberMalformed;
    answer(502);
    return Head::kOver;
  }
  return Head::kInterim;
}

// A success that switched nothing would look like a socket to a client of HTTP/2; one that was switched to has to prove
// that it read the key.
bool Exchange::accepts_socket(const http::ResponseHead& head) const {
  if (socket_key_.empty()) return true;
  const http::Header* proof = head.headers.find("Sec-WebSocket-Accept");
  return proof != nullptr && proof->value == tls::websocket_accept(socket_key_);
}

bool Exchange::begin_response(const http::ResponseHead& head, Gather& out) {
  http::Framing framing = http::framing_of(head, method_);
  if (member_->ended() && framing.kind == Kind::kUntilClose) framing = {http2_ ? Kind::kNone : Kind::kLength, 0};
  // HTTP/2 is like HTTP/1.0 here: no chunks, and what ends the body is not among its bytes.
  response_out_ = http::towards_client(framing, http2_ ? 0 : minor_version_);
  // A length that HTTP/2 announces is checked by its session, and trailers may follow.
  response_body_ =
      http::BodyReader(head.http2 && framing.kind == Kind::kLength ? http::Framing{Kind::kUntilClose} : framing);
  if (tunnel()) {
    request_out_ = {Kind::kTunnel};
    request_body_ = http::BodyReader(request_out_);
    request_read_ = false;
  }
  status_ = head.status;
  close_ = !keep_alive_ || loop_.draining || !request_read_ || response_out_.kind == Kind::kUntilClose;
  reusable_ = head.keep_alive() && framing.kind != Kind::kUntilClose && !upgrade_ && !tells_client();
  AccessAttempt& attempt = record_.attempt();
  attempt.status = head.status;
  attempt.header_time = std::chrono::duration_cast<std::chrono::microseconds>(loop_.now - attempt_began_);
  MemberBlock& counts = served_->counts(pool_, member_index_);
  if (head.status >= 500) counts.status_5xx.add();
  if (request_sent_)
    counts.response_us.add(static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(loop_.now - request_sent_at_).count()));

  const Sticky& sticky = (*served_)->sticky();
  const WallTime wall = loop_.wall();
  sticky.learn(pool_, member_index_, head.headers, wall);
  http::OutBuffer cookie(loop_.work.text);
  std::array<http::Header, 1> added;
  http::ResponseRewrite rewrite;
  if (sticky.write_set_cookie(pool_, member_index_, bound_, wall, cookie)) {
    added[0] = {"Set-Cookie", cookie.written(), http::HeaderId::kSetCookie};
    rewrite.added = added;
  }
  rewrite.asked = method_;
  rewrite.client_minor_version = minor_version_;
  rewrite.close = close_;
  rewrite.upgrade = tunnel();
  if (listener_->http().server_header) rewrite.server = "elb";
  if (!client_.put_head(head, rewrite, response_out_, out)) {
    record_.end = RequestEnd::kMemberMalformed;
    answer(502);
    return false;
  }
  head_sent_ = true;
  return true;
}

void Exchange::take_response_body(Gather& out) {
  Inbox& in = member_->inbox();
  while (!response_done_ && !out.full()) {
    const http::BodyStep step = response_body_.next(in.view());
    in.consume(step.consumed);
    switch (step.kind) {
      case http::BodyStep::Kind::kData:
        record_.sent_body_bytes += step.data.size();
        put_payload(response_out_, step.data, out);
        break;
      case http::BodyStep::Kind::kNeedMore:
        return;
      case http::BodyStep::Kind::kDone:
        end_response(response_body_.trailers(), out);
        break;
      case http::BodyStep::Kind::kFault:
        served_->counts(pool_, member_index_).failed_requests.add();
        record_.end = RequestEnd::kMemberMalformed;
        return abort();
    }
  }
}

void Exchange::end_response(const http::HeaderTable* trailers, Gather& out) {
  response_done_ = true;
  client_.put_end(response_out_, trailers, out);
}

bool Exchange::to_client(const Gather& out) {
  record_.sent_bytes += out.bytes();
  const bool last = response_done_ && close_ && request_read_ && client_.quiet() && !tunnel();
  return client_.write(out, last);
}

void Exchange::member_ended() {
  if (!head_sent_) return member_failed();
  if (response_body_.closed() != http::Fault::kNone) {
    served_->counts(pool_, member_index_).failed_requests.add();
    record_.end = RequestEnd::kMemberReset;
    return abort();
  }
  if (tunnel()) {
    response_done_ = true;
    return client_.end_writing();
  }
  Gather out(loop_.work.out);
  end_response(member_->trailers(), out);
  if (!to_client(out)) return client_left();
  finish();
}

void Exchange::save() {
  if (member_) member_->inbox().save();
}

}  // namespace elb::proxy
