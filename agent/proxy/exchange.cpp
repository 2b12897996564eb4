// SPDX-License-Identifier: Apache-2.0
// The way of a request to a member, and to the next one when that fails.
#include "proxy/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "http/char_class.h"
#include "http/request_fields.h"
#include "http/url.h"
#include "io/tcp_connect.h"
#include "tls/names.h"
#include "tls/websocket_accept.h"

namespace elb::proxy {
namespace {

// Errors that say something of the member or the way to it; all others are of this node.
bool blames_member(int error) {
  switch (error) {
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

http::ForwardedFor convert(model::ForwardedFor mode) {
  switch (mode) {
    case model::ForwardedFor::kReplace:
      return http::ForwardedFor::kReplace;
    case model::ForwardedFor::kRemove:
      return http::ForwardedFor::kRemove;
    case model::ForwardedFor::kAppend:
      break;
  }
  return http::ForwardedFor::kAppend;
}

// 16 bytes that differ from those of other requests, in base64 (RFC 6455 4.1). They are no secret.
std::string new_socket_key(SteadyTime now, const Endpoint& client) {
  static std::atomic<uint64_t> counter{0};
  const std::string seed = fmt::format("{} {} {}", now.time_since_epoch().count(), client.to_string(),
                                       counter.fetch_add(1, std::memory_order_relaxed));
  return tls::websocket_accept(seed).substr(0, 21) + "A==";
}

}  // namespace

Exchange::Exchange(LoopContext& loop, ClientSide& client, SteadyTime began, ExchangeParts& parts)
    : loop_(loop),
      client_(client),
      parts_(parts),
      served_(loop.served),
      listener_(served_->find(client.facts().local)),
      record_(began, parts.texts, parts.attempts),
      progress_(loop.now) {}

Exchange::~Exchange() { release_member(false); }

const model::HttpTimeouts& Exchange::timeouts() const {
  static const model::HttpTimeouts kDefaults;
  return listener_ != nullptr ? listener_->http().timeouts : kDefaults;
}

void Exchange::begin(const http::RequestHead& head) {
  record_.request_bytes += head.size;
  head_bytes_ = head.size;
  if (listener_ != nullptr && listener_->http().trace_sampling)
    record_.trace = join_trace(head.headers, *listener_->http().trace_sampling, loop_.trace_numbers);
  if (logged()) record_.keep_texts(head);
  if (logged() && !record_.trace) record_.keep_trace(head.headers);
  method_ = head.method;
  minor_version_ = head.minor_version;
  http2_ = head.http2;
  keep_alive_ = head.keep_alive();
  request_out_ = http::framing_of(head);
  const bool bare = http2_ && request_out_.kind == Kind::kChunked;
  request_body_ = http::BodyReader(bare ? http::Framing{Kind::kUntilClose} : request_out_, loop_.options.body);
  request_read_ = request_out_.kind == Kind::kNone || (request_out_.kind == Kind::kLength && request_out_.length == 0);
  const http::Header* type = head.headers.find(http::HeaderId::kContentType);
  grpc_ = http2_ && type != nullptr && type->value.starts_with("application/grpc");
  // A body would make two parsers of what follows; other protocols than this one have no business here.
  upgrade_ = request_out_.kind == Kind::kNone && method_ == http::Method::kGet &&
             http::equals_ignoring_case(head.upgrade_protocol(), "websocket");
  const tls::ConnectionFacts* tls = client_.facts().tls;
  if (listener_ == nullptr || listener_->secure() != (tls != nullptr)) {
    keep_alive_ = false;  // the listener is gone, or is another one now
    record_.end = RequestEnd::kNoListener;
    return answer(503);
  }
  if (tls != nullptr && head.host && !tls::host_agrees(tls->sni, head.host->name)) {
    record_.end = RequestEnd::kWrongHost;
    return answer(421);
  }
  const model::SnapshotHttp& settings = listener_->http();
  if (settings.request_rate > 0 && !listener_->gate->pass(loop_.now, settings.request_rate, settings.request_burst)) {
    served_->counts(*listener_).limited.add();
    record_.end = RequestEnd::kRateLimit;
    return answer(429);
  }
  route(head);
}

void Exchange::refuse(const http::RequestHead& head, uint16_t status, bool malformed) {
  if (logged() && !head.method_text.empty()) record_.keep_texts(head);
  method_ = http::Method::kOther;
  if (malformed && listener_ != nullptr) served_->counts(*listener_).malformed.add();
  keep_alive_ = false;
  record_.end = malformed ? RequestEnd::kMalformed : RequestEnd::kRequestTimeout;
  answer(status);
}

void Exchange::route(const http::RequestHead& head) {
  const http::NormalTarget target = http::normalise_target(head.path_and_query, http::UrlPolicy{}, loop_.work.target);
  if (target.fault != http::Fault::kNone) {
    served_->counts(*listener_).malformed.add();
    keep_alive_ = false;
    record_.end = RequestEnd::kMalformed;
    return answer(http::status_of(target.fault));
  }
  RouteRequest request;
  if (head.host) request.host = *head.host;
  request.target = target.target;
  request.path_size = target.path_size;
  request.headers = &head.headers;
  const Route route = listener_->router->route(*listener_->listener, request);
  if (route.kind == Route::Kind::kRedirect) {
    record_.end = RequestEnd::kRedirected;
    http::OutBuffer location(loop_.work.text);
    if (!Router::write_location(*listener_->listener, route, request, location)) return answer(414);
    return answer(route.status, location.written());
  }
  if (route.kind != Route::Kind::kPool) {
    record_.end = route.status == 503 ? RequestEnd::kNoMember : RequestEnd::kRejected;
    return answer(route.status);
  }
  pool_ = route.pool;
  bound_ = (*served_)->sticky().find(pool_, head.headers, loop_.wall());
  prepare(head, target.target);
  if (open()) next_attempt();
}

// The request as members get it. It does not depend on the member, so it is written once.
void Exchange::prepare(const http::RequestHead& head, std::string_view target) {
  const model::SnapshotHttp& settings = listener_->http();
  const ConnectionFacts& facts = client_.facts();
  std::string local;
  http::RequestRewrite rewrite;
  rewrite.target = target;
  if (head.host) {
    rewrite.host_if_missing = head.host->name;
  } else {
    rewrite.host_if_missing = local = facts.local.to_string();
  }
  rewrite.client_address = facts.client_text;
  rewrite.forwarded_for = convert(settings.forwarded_for);
  if (settings.forwarded_proto) rewrite.scheme = facts.tls != nullptr ? "https" : "http";
  if (settings.forwarded_port) rewrite.port = facts.local.port;
  rewrite.upgrade = upgrade_;
  if (minor_version_ == 0) rewrite.drop.add(http::HeaderId::kExpect);  // means nothing there, RFC 9110 10.1.1
  std::array<http::Header, 2> added;
  size_t adds = 0;
  std::array<char, 55> traceparent;
  if (record_.trace) {
    traceparent = record_.trace->traceparent();
    added[adds++] = {http::kTraceparent, {traceparent.data(), traceparent.size()}, http::HeaderId::kOther};
    rewrite.trace = record_.trace->has_parent ? http::TraceHeaders::kReplaceParent : http::TraceHeaders::kReplaceBoth;
  }
  if (upgrade_ && http2_) {
    // The client of HTTP/2 leaves out what makes sure that an HTTP/1 server means it (RFC 8441 5).
    if (speaks_http2()) return answer(501);
    socket_key_ = new_socket_key(record_.began(), facts.client);
    added[adds++] = {"Sec-WebSocket-Key", socket_key_, http::HeaderId::kSecWebsocketKey};
    rewrite.drop.add(http::HeaderId::kSecWebsocketKey);
  }
  rewrite.added = {added.data(), adds};
  http::OutBuffer out(loop_.work.out);
  if (!speaks_http2()) {
    if (!http::write_request(head, rewrite, request_out_, out)) {
      record_.end = RequestEnd::kMalformed;
      return answer(431);
    }
    parts_.replay.assign(out.written());
    return;
  }
  upgrade_ = false;  // there is none, RFC 9113 8.6
  if (!http::write_request_fields(head, rewrite, request_out_, out)) {
    record_.end = RequestEnd::kMalformed;
    return answer(431);
  }
  parts_.replay.assign(out.written());
  replay_head_ = parts_.replay.size();
  if (request_out_.kind == Kind::kChunked) request_out_ = {Kind::kUntilClose};
}

bool Exchange::speaks_http2() const { return (*served_)->snapshot().pools[pool_].http2; }

std::optional<Choice> Exchange::choose() {
  const Balancer& balancer = (*served_)->balancer();
  if (same_again_) {
    same_again_ = false;
    return balancer.take(pool_, member_index_, loop_.now);
  }
  if (bound_ && parts_.tried.empty())
    if (auto choice = balancer.take(pool_, *bound_, loop_.now)) return choice;
  return balancer.choose(pool_, client_.facts().client.address, parts_.tried, loop_.now);
}

void Exchange::next_attempt() {
  release_member(false);
  while (open()) {
    if (record_.attempts() >= loop_.options.attempts) return answer(failure_);
    std::optional<Choice> choice = choose();
    if (!choice) {
      if (failure_ == 0) record_.end = RequestEnd::kNoMember;
      return answer(failure_ != 0 ? failure_ : 503);
    }
    if (record_.attempted()) served_->counts(*listener_).retries.add();
    if (start(std::move(*choice))) return;
  }
}

bool Exchange::start(Choice choice) {
  member_index_ = choice.member;
  lease_ = std::move(choice.lease);
  const model::SnapshotMember& member = (*served_)->snapshot().pools[pool_].members[member_index_];
  AccessAttempt& attempt = record_.add_attempt(member.endpoint, member.id);
  attempt_began_ = progress_ = loop_.now;
  connect_seen_ = replay_sent_ = write_dead_ = request_sent_ = false;
  if (!(speaks_http2() ? join(member.endpoint) : connect(member.endpoint))) return false;
  if (!member_->connecting() && member_->reused()) {
    connect_seen_ = true;
    attempt.connect_time = std::chrono::microseconds(0);
  }
  served_->counts(pool_, member_index_).requests.add();
  return true;
}

// A connection of its own.
bool Exchange::connect(const Endpoint& endpoint) {
  std::unique_ptr<MemberConnection> member;
  if (!fresh_ && !tells_client()) {
    const bool safe = http::is_idempotent(method_);
    member = loop_.members.take(endpoint, loop_.now,
                                safe ? loop_.options.member_idle : loop_.options.member_idle_unsafe, !safe);
  }
  if (!member) {
    io::TcpAttempt made = loop_.connect(endpoint);
    if (made.error != 0 && made.error != EINPROGRESS) {
      connect_failed(made.error);
      return false;
    }
    served_->counts(pool_, member_index_).connections.add();
    member = std::make_unique<MemberConnection>(std::move(made.fd), endpoint, made.error == EINPROGRESS);
    if (!loop_.poller.add(member->stream.fd(), *member)) {
      connect_failed(ENOMEM);
      return false;
    }
  }
  member->lend_to(client_);
  member_ = std::move(member);
  return true;
}

// A stream of a connection that others use as well.
bool Exchange::join(const Endpoint& endpoint) {
  MemberLinks::Joined joined = loop_.links.join(endpoint, fresh_, client_);
  if (joined.error != 0) {
    connect_failed(joined.error);
    return false;
  }
  if (joined.made) served_->counts(pool_, member_index_).connections.add();
  member_ = std::move(joined.stream);
  return true;
}

void Exchange::connect_failed(int error) {
  served_->counts(pool_, member_index_).failed_connections.add();
  if (blames_member(error)) (*served_)->balancer().refused(pool_, member_index_, loop_.now);
  record_.end = error == ETIMEDOUT ? RequestEnd::kConnectTimeout : RequestEnd::kConnectFailed;
  failure_ = error == ETIMEDOUT ? 504 : blames_member(error) ? 502 : 503;
  parts_.tried.push_back(member_index_);
  release_member(false);
}

bool Exchange::connected() {
  if (!member_ || member_->connecting()) return false;
  if (connect_seen_) return true;
  connect_seen_ = true;
  if (const int error = member_->connect_error(); error != 0) {
    connect_failed(error);
    next_attempt();
    return false;
  }
  (*served_)->balancer().accepted(pool_, member_index_);
  record_.attempt().connect_time = std::chrono::duration_cast<std::chrono::microseconds>(loop_.now - attempt_began_);
  progress_ = loop_.now;
  return true;
}

// It closed or reset without a whole response. RFC 9110 9.2.2: to be sent again is what it cannot have begun to work
// on, or what may be done twice.
void Exchange::member_failed() {
  served_->counts(pool_, member_index_).failed_requests.add();
  record_.end = RequestEnd::kMemberReset;
  failure_ = member_->refused() ? 503 : 502;
  reset_code_ = member_->reset_code();
  const bool again = !response_begun_ && replayable_ && (member_->untouched() || http::is_idempotent(method_));
  if (!again) return head_sent_ ? abort() : answer(failure_);
  // It wants no more on this connection, or had closed an idle one: no fault of the member's.
  if (member_->refused() && !refused_) {
    refused_ = same_again_ = true;
  } else if (member_->reused() && !member_->refused()) {
    fresh_ = same_again_ = true;
  } else {
    parts_.tried.push_back(member_index_);
  }
  next_attempt();
}

void Exchange::release_member(bool reusable) {
  lease_.release();
  if (!member_) return;
  if (member_->http2()) return member_.reset();
  std::unique_ptr<MemberConnection> member(static_cast<MemberConnection*>(member_.release()));
  member->give_back();  // an event may be on its way, and the client may go before it comes
  if (reusable) {
    loop_.members.give(std::move(member), loop_.now);
  } else {
    loop_.graveyard.bury(std::move(member));
  }
}

}  // namespace elb::proxy
