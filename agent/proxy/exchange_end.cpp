// SPDX-License-Identifier: Apache-2.0
// How an exchange ends: with a member's response, with one of ours, or broken off.
#include <fmt/format.h>

#include "proxy/exchange.h"

namespace elb::proxy {
namespace {

// As gRPC's clients take a status of HTTP (doc/http-grpc-status-mapping.md of gRPC).
int grpc_status_of(uint16_t status) {
  switch (status) {
    case 400:
      return 13;  // INTERNAL
    case 401:
      return 16;  // UNAUTHENTICATED
    case 403:
      return 7;  // PERMISSION_DENIED
    case 404:
      return 12;  // UNIMPLEMENTED
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;  // UNAVAILABLE
    default:
      return 2;  // UNKNOWN
  }
}

}  // namespace

SteadyTime Exchange::deadline() const {
  const model::HttpTimeouts& limits = timeouts();
  const auto after = [](SteadyTime from, int seconds) { return from + std::chrono::seconds(seconds); };
  // Of a tunnel that one side has ended, the other is not waited for that long.
  if (tunnel()) return after(progress_, response_done_ || request_read_ ? limits.body_s : limits.tunnel_s);
  if (member_ && member_->connecting()) return after(attempt_began_, limits.connect_s);
  if (head_sent_ || !request_sent_) return std::min(after(progress_, limits.body_s), body_deadline());
  return after(request_sent_at_, limits.response_s);
}

// What the client takes to bring a body of known length is measured only while nobody else is waited for: a member that
// reads slowly does not count against it. Bodies of unknown length may be streams, which say something now and then.
void Exchange::wait_for_body() {
  const bool waits = request_out_.kind == Kind::kLength && !request_read_ && !head_sent_ && member_ && connect_seen_ &&
                     !member_->has_unsent();
  if (body_waited_since_) body_waited_ += loop_.now - *body_waited_since_;
  body_waited_since_ = waits ? std::optional(loop_.now) : std::nullopt;
}

SteadyTime Exchange::body_deadline() const {
  const uint32_t rate = listener_ != nullptr ? listener_->http().body_rate : 0;
  if (rate == 0 || !body_waited_since_) return SteadyTime::max();
  const auto brought = std::chrono::milliseconds((record_.request_bytes - head_bytes_) * 1000 / rate);
  return *body_waited_since_ + loop_.options.body_grace + brought - body_waited_;
}

void Exchange::expire() {
  if (tunnel()) return finish();
  if (member_ && member_->connecting()) {
    connect_failed(ETIMEDOUT);
    return next_attempt();
  }
  if (head_sent_) {
    record_.end = RequestEnd::kStalled;
    return abort();
  }
  if (member_ && (request_sent_ || member_->has_unsent())) {
    served_->counts(pool_, member_index_).failed_requests.add();
    record_.end = RequestEnd::kMemberTimeout;
    return answer(504);
  }
  record_.end = RequestEnd::kRequestTimeout;
  answer(408);
}

void Exchange::answer(uint16_t status, std::string_view location) {
  release_member(false);
  status_ = status;
  head_sent_ = response_done_ = true;
  close_ = !keep_alive_ || loop_.draining || !request_read_;
  const std::string text = fmt::format("{} {}\n", status, http::reason_of(status));
  std::array<http::Header, 3> added;
  http::OwnResponse response;
  response.status = status;
  response.body = text;
  response.close = close_;
  response.date = loop_.date();
  response.asked = method_;
  if (listener_ == nullptr || listener_->http().server_header) response.server = "elb";
  const std::string code = fmt::format("{}", grpc_status_of(status));
  if (!location.empty()) {
    added[0] = {"Location", location, http::HeaderId::kLocation};
    response.added = {added.data(), 1};
  } else if (grpc_) {
    // Trailers only, in the sense of gRPC over HTTP/2: its clients look for the reason there.
    added[0] = {"Content-Type", "application/grpc", http::HeaderId::kContentType};
    added[1] = {"grpc-status", code, http::HeaderId::kOther};
    added[2] = {"grpc-message", std::string_view(text).substr(0, text.size() - 1), http::HeaderId::kOther};
    response.status = 200;
    response.body = {};
    response.added = added;
  } else {
    if (status == 429) {
      added[0] = {"Retry-After", "1", http::HeaderId::kRetryAfter};
      response.added = {added.data(), 1};
    }
    use_error_page(response);
  }
  Gather out(loop_.work.out);
  client_.put_own(response, out);
  record_.sent_bytes += out.bytes();
  if (method_ != http::Method::kHead) record_.sent_body_bytes += response.body.size();
  if (!client_.write(out, false)) return client_left();
  end(close_ ? State::kClose : State::kKeep);
}

void Exchange::use_error_page(http::OwnResponse& response) const {
  if (listener_ == nullptr || response.status < 400) return;
  const model::ErrorPage* page = model::find_error_page(listener_->http().error_pages, response.status);
  if (page == nullptr) return;
  response.body = page->body;
  response.content_type = page->content_type;
}

void Exchange::finish() {
  record_.end = record_.attempts() > 1 ? RequestEnd::kRetried : RequestEnd::kDone;
  AccessAttempt& attempt = record_.attempt();
  attempt.response_time = std::chrono::duration_cast<std::chrono::microseconds>(loop_.now - attempt_began_);
  const bool clean =
      reusable_ && request_read_ && replay_sent_ && !write_dead_ && !member_->has_unsent() && member_->inbox().empty();
  release_member(clean);
  end(close_ ? State::kClose : State::kKeep);
}

void Exchange::abort() {
  release_member(false);
  end(State::kAbort);
}

void Exchange::client_left() {
  release_member(false);
  if (!head_sent_) status_ = 499;
  record_.end = RequestEnd::kClientLeft;
  end(State::kAbort);
}

void Exchange::end(State state) {
  state_ = state;
  log();
}

bool Exchange::logged() const {
  if (loop_.options.access_log != nullptr || tells_span()) return true;
  return loop_.options.stream_log != nullptr && listener_ != nullptr && listener_->http().log;
}

bool Exchange::tells_span() const { return record_.traced() && loop_.options.stream_log != nullptr; }

void Exchange::log() {
  if (listener_ == nullptr) return;
  const std::chrono::microseconds took = record_.since_begin(loop_.now);
  ListenerBlock& counts = served_->counts(*listener_);
  counts.count_status(status_);
  counts.bytes_in.add(record_.request_bytes);
  counts.bytes_out.add(record_.sent_bytes);
  counts.request_us.add(static_cast<uint64_t>(took.count()));
  counts.latency_us.record(static_cast<uint64_t>(took.count()));
  if (!logged()) return;
  const model::SnapshotListener& listener = *listener_->listener;
  AccessRecord record;
  record.time = loop_.wall();
  record.status = status_;
  record.request_time = took;
  record.loadbalancer = listener.loadbalancer_id;
  record.listener = listener.id;
  if (pool_ != Route::kNone) record.pool = (*served_)->snapshot().pools[pool_].id;
  const auto& stream = listener_->http().log;
  if (stream) {
    record.topic = stream->stream;
    record.tenant = stream->project_id;
  }
  for (AccessLog* log : {loop_.options.access_log, stream ? loop_.options.stream_log : nullptr})
    if (log != nullptr) record_.write(*log, loop_.loop_index, client_.facts(), record);
  if (tells_span()) record_.write_span(*loop_.options.stream_log, loop_.loop_index, client_.facts(), record);
}

}  // namespace elb::proxy
