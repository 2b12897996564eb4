// SPDX-License-Identifier: Apache-2.0
#include "api/api_server.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <array>
#include <exception>

#include "api/context.h"
#include "api/errors.h"
#include "api/router.h"
#include "base/log.h"

namespace elb::api {
namespace {

bool is_loopback(const IpAddress& address) {
  if (address.is_v4()) return address.v4_host() >> 24U == 127;
  std::array<uint8_t, 16> loopback{};
  loopback[15] = 1;
  return address.bytes() == loopback;
}

}  // namespace

class ApiServer::Impl {
 public:
  Impl(const ApiOptions& options, control::ConfigService& service, const Views& views, const Clock& clock,
       Random& random)
      : context_(options, service, views, clock, random) {}

  Status start(const Clock& clock) {
    const ApiOptions& options = context_.options();
    auto server = HttpServer::start(
        options.listen, options.limits, clock, [this](const HttpRequest& http) { return serve(http); },
        [this](int status, const std::string& message) {
          return refuse(status, {ErrorCode::kInvalid, message, {}}, context_.new_request_id());
        });
    if (!server) return pass_on(server.error());
    server_ = std::move(*server);
    return {};
  }

  uint16_t port() const { return server_->port(); }

 private:
  HttpResponse serve(const HttpRequest& http) {
    const std::string request_id = context_.new_request_id();
    if (!http.dialect.empty() && http.dialect != "octavia" && http.dialect != "vendor") {
      return refuse(400,
                    {ErrorCode::kInvalid,
                     fmt::format("must be octavia or vendor, got '{}'", http.dialect.substr(0, 64)), "X-Api-Dialect"},
                    request_id);
    }
    Match match = find_route(http.method, http.path);
    if (!match.handler) {
      if (match.allowed.empty()) {
        return refuse(404, {ErrorCode::kNotFound, fmt::format("there is nothing at {}", http.target), {}}, request_id);
      }
      const std::string allowed = fmt::format("{}", fmt::join(match.allowed, ", "));
      HttpResponse response = refuse(
          405,
          {ErrorCode::kInvalid, fmt::format("{} has no method {}, only {}", http.target, http.method, allowed), {}},
          request_id);
      response.headers.emplace_back("Allow", allowed);
      return response;
    }
    const std::string host = http.host.empty() ? fmt::format("127.0.0.1:{}", port()) : http.host;
    const Request request{http, std::move(match.ids), "http://" + host};
    Result<Reply> reply = fail(ErrorCode::kInternal, "unexpected exception");
    try {
      reply = match.handler(context_, request);
    } catch (const std::exception& exception) {  // out of memory, or a defect of ours: this request only
      log::error("request failed method={} path={} exception={}", http.method, http.target, exception.what());
    }
    if (!reply) return refuse(http_status(reply.error().code), reply.error(), request_id);
    HttpResponse response = with_ids({}, request_id);
    response.status = reply->status;
    if (!reply->body.is_null()) response.body = reply->body.dump();
    if (!reply->content_type.empty()) {
      response.body = std::move(reply->text);
      response.content_type = reply->content_type;
    }
    return response;
  }

  static HttpResponse with_ids(HttpResponse response, const std::string& request_id) {
    response.headers.emplace_back("x-openstack-request-id", request_id);
    response.headers.emplace_back("X-Request-Id", request_id);
    return response;
  }

  static HttpResponse refuse(int status, const Error& error, const std::string& request_id) {
    if (status >= 500 && status != 501) log::warn("request refused status={} error={}", status, error.to_string());
    HttpResponse response = with_ids({}, request_id);
    response.status = status;
    response.body = error_body(status, error, request_id).dump();
    return response;
  }

  Context context_;
  std::unique_ptr<HttpServer> server_;  // last: its threads use what is above
};

ApiServer::ApiServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiServer::~ApiServer() = default;

uint16_t ApiServer::port() const { return impl_->port(); }

Result<std::unique_ptr<ApiServer>> ApiServer::start(const ApiOptions& options, control::ConfigService& service,
                                                    const Views& views, const Clock& clock, Random& random) {
  if (!is_loopback(options.listen.address)) {
    return invalid("listen", fmt::format("{} is not a loopback address; requests are not authenticated yet, so the API "
                                         "listens on loopback only (use 127.0.0.1)",
                                         options.listen.address.to_string()));
  }
  auto impl = std::make_unique<Impl>(options, service, views, clock, random);
  if (Status status = impl->start(clock); !status) return pass_on(status.error());
  return std::unique_ptr<ApiServer>(new ApiServer(std::move(impl)));
}

}  // namespace elb::api
