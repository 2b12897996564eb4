// SPDX-License-Identifier: Apache-2.0
#include "api/api_server.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <chrono>
#include <exception>
#include <map>
#include <optional>
#include <thread>

#include "api/context.h"
#include "api/errors.h"
#include "api/etag.h"
#include "api/event_recorder.h"
#include "api/gate.h"
#include "api/idempotency.h"
#include "api/router.h"
#include "api/tracer.h"
#include "base/log.h"
#include "tls/credential.h"

namespace elb::api {
namespace {

bool is_loopback(const IpAddress& address) {
  if (address.is_v4()) return address.v4_host() >> 24U == 127;
  std::array<uint8_t, 16> loopback{};
  loopback[15] = 1;
  return address.bytes() == loopback;
}

/// Where the API listens, as its options say.
struct Places {
  HttpPlace loopback;
  std::optional<HttpPlace> socket, tls;
};

Result<Places> places_of(const ApiOptions& options) {
  if (!is_loopback(options.listen.address)) {
    return invalid("listen",
                   fmt::format("{} is not a loopback address, and what comes there is not encrypted; on other "
                               "addresses the API listens with TLS only (--tls-listen)",
                               options.listen.address.to_string()));
  }
  Places places{.loopback = {.endpoint = options.listen}};
  if (!options.socket.empty())
    places.socket = HttpPlace{.socket = options.socket, .socket_group = options.socket_group};
  if (!options.tls_listen) return places;
  auto credential = tls::read_credential("api", options.tls_certificate, options.tls_key);
  if (!credential) return pass_on(below("tls", credential.error()));
  tls::ServerSettings settings;
  settings.listener_id = "api";
  settings.http2 = false;
  settings.certificates.push_back(std::move(*credential));
  auto table = tls::ServerTable::make(std::move(settings));
  if (!table) return pass_on(below("tls", table.error()));
  places.tls = HttpPlace{.endpoint = *options.tls_listen, .tls = std::move(*table)};
  return places;
}

constexpr std::chrono::seconds kWaitDefault{10};
constexpr int kWaitMax = 30;  // seconds; a thread of the server waits along
constexpr std::chrono::milliseconds kAppliedPoll{2};

/// A request without ?wait=applied&wait_timeout=SECONDS, which every change may have, and what these said.
struct Waiting {
  HttpRequest request;
  std::chrono::seconds longest{0};  // 0: no wait
};

Result<Waiting> take_wait(const HttpRequest& http, const Match& match) {
  Waiting out{http};
  if (!changes_something(http.method) || match.pattern.starts_with("identity/")) return out;
  bool timeout_given = false;
  std::chrono::seconds timeout = kWaitDefault;
  for (const auto& [key, value] : http.query) {
    if (key == "wait") {
      if (value != "applied") return invalid("wait", fmt::format("must be applied, got '{}'", value.substr(0, 80)));
      out.longest = kWaitDefault;
    } else if (key == "wait_timeout") {
      int seconds = 0;
      const char* const end = value.data() + value.size();
      const auto [at, error] = std::from_chars(value.data(), end, seconds);
      if (value.empty() || at != end || error != std::errc() || seconds < 1 || seconds > kWaitMax)
        return invalid("wait_timeout",
                       fmt::format("must be 1 to {} (seconds), got '{}'", kWaitMax, value.substr(0, 80)));
      timeout = std::chrono::seconds(seconds);
      timeout_given = true;
    }
  }
  if (timeout_given && out.longest.count() == 0) return invalid("wait_timeout", "needs wait=applied");
  if (out.longest.count() > 0) out.longest = timeout;
  std::erase_if(out.request.query,
                [](const auto& pair) { return pair.first == "wait" || pair.first == "wait_timeout"; });
  return out;
}

std::string_view noun_of(Way way) { return way == Way::kTls ? "https" : "http"; }

}  // namespace

class ApiServer::Impl {
 public:
  Impl(const ApiOptions& options, control::ConfigService& service, const Views& views, const Clock& clock,
       Random& random)
      : state_(options, service, views, clock, random),
        tracer_(views.audit, options.audit_days, clock, random),
        answers_(views.answers, clock) {
    if (views.events == nullptr) return;
    watchers_ = std::make_unique<Watchers>(views.events->journal(), options.watch, clock);
    recorder_ = std::make_unique<EventRecorder>(state_, *views.events);
  }

  Status start(const Places& places) {
    if (Status status = start(Way::kLoopback, places.loopback); !status) return status;
    if (places.socket)
      if (Status status = start(Way::kSocket, *places.socket); !status) return status;
    return places.tls ? start(Way::kTls, *places.tls) : Status();
  }

  uint16_t port(Way way) const {
    const auto found = servers_.find(way);
    return found == servers_.end() ? 0 : found->second->port();
  }

 private:
  Status start(Way way, const HttpPlace& place) {
    auto server = HttpServer::start(
        place, state_.options.limits, state_.clock, [this, way](const HttpRequest& http) { return serve(way, http); },
        [this](int status, const std::string& message) {
          return refuse({status, {ErrorCode::kInvalid, message, {}}}, state_.new_request_id());
        },
        [this, way](const HttpRequest& head) { return turn_away(way, head); });
    if (!server) return pass_on(server.error());
    servers_[way] = std::move(*server);
    return {};
  }

  /// Of a request whose body may be large: what there is to say to who may not ask at all. Leaves its trace.
  std::optional<HttpResponse> turn_away(Way way, const HttpRequest& head) {
    const WallTime begun = state_.clock.wall();
    const auto admitted = state_.gate.admit(way, head);
    if (admitted) return std::nullopt;
    HttpResponse response = refuse(admitted.error(), state_.new_request_id());
    const Match match = find_route(head.method, head.path);
    if (changes_something(head.method))
      tracer_.note({head, response, match.pattern, match.ids, {}, begun, *state_.service.model()});
    return response;
  }

  HttpResponse serve(Way way, const HttpRequest& http) {
    const std::string request_id = state_.new_request_id();
    const WallTime begun = state_.clock.wall();
    const control::ModelPtr before = state_.service.model();
    Match match = find_route(http.method, http.path);
    identity::Caller caller;
    HttpResponse response = answer(way, http, match, caller, request_id);
    if (changes_something(http.method))
      tracer_.note({http, response, match.pattern, match.ids, std::move(caller), begun, *before});
    return response;
  }

  /// `caller` is set when somebody was admitted.
  HttpResponse answer(Way way, const HttpRequest& http, const Match& match, identity::Caller& caller,
                      const std::string& request_id) {
    const bool is_public = match.handler != nullptr && match.access == identity::Access::kPublic;
    if (!is_public) {
      auto admitted = state_.gate.admit(way, http);
      if (!admitted) return refuse(admitted.error(), request_id);
      caller = *std::move(admitted);
    }
    if (!http.dialect.empty() && http.dialect != "octavia" && http.dialect != "vendor") {
      return refuse({400,
                     {ErrorCode::kInvalid,
                      fmt::format("must be octavia or vendor, got '{}'", http.dialect.substr(0, 64)), "X-Api-Dialect"}},
                    request_id);
    }
    if (!match.handler) return refuse_route(http, match, request_id);
    if (!is_public && !caller.may(match.access, changes_something(http.method))) {
      return refuse(
          {403,
           {ErrorCode::kInvalid,
            fmt::format("role {} may not {} {}", to_string(caller.role), http.method, http.target.substr(0, 256)),
            {}}},
          request_id);
    }
    return handle(way, http, match, caller, request_id);
  }

  HttpResponse refuse_route(const HttpRequest& http, const Match& match, const std::string& request_id) {
    if (match.allowed.empty())
      return refuse({404, {ErrorCode::kNotFound, fmt::format("there is nothing at {}", http.target), {}}}, request_id);
    const std::string allowed = fmt::format("{}", fmt::join(match.allowed, ", "));
    const std::string message = fmt::format("{} has no method {}, only {}", http.target, http.method, allowed);
    return refuse({405, {ErrorCode::kInvalid, message, {}}, {{"Allow", allowed}}}, request_id);
  }

  HttpResponse handle(Way way, const HttpRequest& http, const Match& match, const identity::Caller& caller,
                      const std::string& request_id) {
    const auto wait = take_wait(http, match);
    if (!wait) return refuse({400, wait.error()}, request_id);
    const std::string host = http.host.empty() ? fmt::format("127.0.0.1:{}", port(Way::kLoopback)) : http.host;
    const Request request{wait->request, match.ids, fmt::format("{}://{}", noun_of(way), host)};
    const auto turn = answers_.open(wait->request, match, caller);
    if (!turn) return refuse(turn.error(), request_id);
    Context context(state_, caller, fmt::format("{} {}", http.method, http.target.substr(0, 256)), turn->claim());
    std::optional<Watch> watch;
    HttpResponse response = turn->earlier() ? repeat(context, request, *turn->earlier(), request_id)
                                            : perform(context, request, match, watch, request_id);
    if (watch) return begin_watch(way, http, caller, *std::move(watch), request_id);
    if (!turn->earlier()) answers_.keep(*turn, response);
    if (wait->longest.count() > 0 && response.status < 300) await_applied(wait->longest, response);
    return response;
  }

  /// The answer of a request that was done before.
  static HttpResponse repeat(Context& context, const Request& request, const store::Answer& earlier,
                             const std::string& request_id) {
    auto response = answer_again(context, request, earlier);
    if (!response) return refuse({http_status(response.error().code), response.error()}, request_id);
    response->headers.emplace_back("Idempotent-Replayed", "true");
    return with_ids(*std::move(response), request_id);
  }

  static HttpResponse perform(Context& context, const Request& request, const Match& match, std::optional<Watch>& watch,
                              const std::string& request_id) {
    Result<Reply> reply = fail(ErrorCode::kInternal, "unexpected exception");
    try {
      reply = conditional(context, request, match);
    } catch (const std::exception& exception) {  // out of memory, or a defect of ours: this request only
      log::error("request failed method={} path={} exception={}", request.http.method, request.http.target,
                 exception.what());
    }
    if (!reply) return refuse({http_status(reply.error().code), reply.error()}, request_id);
    HttpResponse response = with_ids({}, request_id);
    watch = std::move(reply->watch);
    response.status = reply->status;
    if (reply->status >= 400 && reply->body.has("request_id")) reply->body.set("request_id", request_id);
    response.headers.insert(response.headers.end(), reply->headers.begin(), reply->headers.end());
    if (!reply->body.is_null()) response.body = reply->body.dump();
    if (!reply->content_type.empty()) {
      response.body = std::move(reply->text);
      response.content_type = reply->content_type;
    }
    return response;
  }

  HttpResponse begin_watch(Way way, const HttpRequest& http, const identity::Caller& caller, Watch watch,
                           const std::string& request_id) {
    Watchers::Place place = watchers_->reserve();
    if (!place)
      return refuse({503,
                     {ErrorCode::kUnavailable,
                      fmt::format("{} clients watch events already; try again later", state_.options.watch.most), ""},
                     {{"Retry-After", "10"}}},
                    request_id);
    std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n";
    const HttpResponse ids = with_ids({}, request_id);
    for (const auto& [name, value] : ids.headers) head += fmt::format("{}: {}\r\n", name, value);
    HttpResponse response;
    response.take_over = [this, way, http, caller, watch = std::move(watch), place = std::move(place),
                          head = head + "Connection: close\r\n\r\n"](std::unique_ptr<ClientStream> stream) {
      const auto admitted = [this, way, http, caller] {  // a token may have been taken away meanwhile
        const auto now = state_.gate.admit(way, http);
        return now && *now == caller;
      };
      watchers_->add({place, std::move(stream), head, watch, admitted});
    };
    return response;
  }

  /// 202 where not every executor has, in time, what was configured; the body is that of the change in any case.
  void await_applied(std::chrono::seconds longest, HttpResponse& response) const {
    const uint64_t revision = state_.service.model()->revision;
    const SteadyTime deadline = state_.clock.steady() + longest;
    const auto applied = [&] { return state_.views.reconciler.applied_revision(); };
    while (applied() < revision && state_.clock.steady() < deadline) std::this_thread::sleep_for(kAppliedPoll);
    const uint64_t reached = applied();
    if (reached < revision) response.status = 202;
    response.headers.emplace_back("X-Elb-Revision", std::to_string(revision));
    response.headers.emplace_back("X-Elb-Applied-Revision", std::to_string(reached));
  }

  static HttpResponse with_ids(HttpResponse response, const std::string& request_id) {
    response.headers.emplace_back("x-openstack-request-id", request_id);
    response.headers.emplace_back("X-Request-Id", request_id);
    return response;
  }

  static HttpResponse refuse(const Refusal& refusal, const std::string& request_id) {
    const auto& [status, error, headers] = refusal;
    if (status >= 500 && status != 501) log::warn("request refused status={} error={}", status, error.to_string());
    HttpResponse response = with_ids({}, request_id);
    response.status = status;
    response.headers.insert(response.headers.end(), headers.begin(), headers.end());
    response.body = error_body(status, error, request_id).dump();
    return response;
  }

  ApiState state_;
  Tracer tracer_;
  AnswerBook answers_;
  std::unique_ptr<Watchers> watchers_;  // null: there are no events
  std::unique_ptr<EventRecorder> recorder_;
  std::map<Way, std::unique_ptr<HttpServer>> servers_;  // last: their threads use what is above
};

ApiServer::ApiServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiServer::~ApiServer() = default;

uint16_t ApiServer::port() const { return impl_->port(Way::kLoopback); }
uint16_t ApiServer::tls_port() const { return impl_->port(Way::kTls); }

Result<std::unique_ptr<ApiServer>> ApiServer::start(const ApiOptions& options, control::ConfigService& service,
                                                    const Views& views, const Clock& clock, Random& random) {
  const auto places = places_of(options);
  if (!places) return pass_on(places.error());
  auto impl = std::make_unique<Impl>(options, service, views, clock, random);
  if (Status status = impl->start(*places); !status) return pass_on(status.error());
  return std::unique_ptr<ApiServer>(new ApiServer(std::move(impl)));
}

}  // namespace elb::api
