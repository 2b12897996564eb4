// SPDX-License-Identifier: Apache-2.0
#include "cli/api.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

// A list of every member of a large pool is longer than what the agent accepts as a request.
constexpr size_t kMaxAnswerBytes = size_t{256} << 20;
constexpr int kMaxPages = 10000;

Exit exit_of(int status) {
  switch (status) {
    case 404:
      return Exit::kNotFound;
    case 409:
      return Exit::kConflict;
    case 408:
    case 429:
    case 503:
    case 504:
      return Exit::kTimeout;
    default:
      return Exit::kError;
  }
}

std::string hint_of(int status) {
  switch (status) {
    case 401:
      return "give a token: --token-file, ELB_TOKEN or a context; on the agent's machine root needs none";
    case 429:
    case 503:
      return "try again in a moment";
    case 500:
      return "look at: journalctl -u elb-agent";
    case 507:
      return "nothing was changed; is the disk full? look at: journalctl -u elb-agent";
    case 405:
      return "do elbctl and elb-agent have the same version? see: elbctl version";
    default:
      return {};
  }
}

/// The path and query of a link's absolute URL. A prefix in front of the API's own path is the endpoint's, so it goes.
std::string target_of(const std::string& href) {
  const size_t scheme = href.find("://");
  const size_t path = scheme == std::string::npos ? 0 : href.find('/', scheme + 3);
  if (path == std::string::npos) return {};
  const size_t api = href.find("/v2", path);
  return href.substr(api == std::string::npos ? path : api);
}

std::string next_link(const Value& document, std::string_view key) {
  const Value links = document.get(fmt::format("{}_links", key));
  for (size_t i = 0; i < links.size(); ++i) {
    if (links.at(i).get("rel").as_string() == "next") return target_of(links.at(i).get("href").as_string());
  }
  return {};
}

}  // namespace

Api::Api(Transport& transport, const Clock& clock, std::chrono::milliseconds timeout)
    : transport_(transport), clock_(clock), timeout_(timeout), deadline_(clock.steady() + timeout) {}

std::chrono::milliseconds Api::left() const {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - clock_.steady());
  return std::max(left, std::chrono::milliseconds(0));
}

void Api::restart_deadline() { deadline_ = clock_.steady() + timeout_; }

Outcome<Value> Api::exchange(const HttpRequest& request) {
  if (left().count() == 0) {
    return give_up(Exit::kTimeout, fmt::format("not done within {} s", timeout_.count() / 1000), "raise --timeout");
  }
  const auto response = transport_.send(request, left());
  if (!response) return pass_on(response.error());
  if (response->status < 200 || response->status > 299) return pass_on(failure_of(*response, endpoint()));
  if (response->body.empty()) return Value();
  auto document = Value::parse(response->body, kMaxAnswerBytes);
  if (!document) {
    return give_up(Exit::kError,
                   fmt::format("{} answered {} {} with something that is not JSON: {}", endpoint(), request.method,
                               request.target, document.error().message),
                   "is this the endpoint of elb-agent?");
  }
  return *std::move(document);
}

Outcome<Value> Api::get(std::string_view path, const Query& query) {
  return exchange({"GET", with_query(path, query)});
}

Outcome<std::vector<Value>> Api::list(std::string_view path, std::string_view key, const Query& query) {
  std::vector<Value> all;
  std::string target = with_query(path, query);
  for (int page = 0; page < kMaxPages && !target.empty(); ++page) {
    const auto document = exchange({"GET", target});
    if (!document) return pass_on(document.error());
    const Value objects = document->get(key);
    for (size_t i = 0; i < objects.size(); ++i) all.push_back(objects.at(i));
    target = objects.size() == 0 ? std::string() : next_link(*document, key);
  }
  return all;
}

Outcome<Value> Api::post(std::string_view path, const Value& body) {
  return exchange({"POST", std::string(path), body.dump()});
}

Outcome<Value> Api::put(std::string_view path, const Value& body, const Query& query) {
  return exchange({"PUT", with_query(path, query), body.dump()});
}

Done Api::remove(std::string_view path, const Query& query) {
  const auto done = exchange({"DELETE", with_query(path, query)});
  if (!done) return pass_on(done.error());
  return {};
}

Done Api::stream(std::string_view path, const Query& query, const std::function<bool(std::string_view)>& take,
                 std::optional<std::chrono::milliseconds> time) {
  const auto response = transport_.stream({"GET", with_query(path, query)}, take, time);
  if (!response) return pass_on(response.error());
  if (response->status != 200) return pass_on(failure_of(*response, endpoint()));
  return {};
}

Failure failure_of(const HttpResponse& response, std::string_view endpoint) {
  std::string message;
  std::string request_id;
  std::vector<std::string> details;  // of a document that has several errors
  if (const auto body = Value::parse(response.body, kMaxAnswerBytes)) {
    for (const char* key : {"faultstring", "error_msg", "message"}) {
      if (message.empty()) message = body->get(key).as_string();
    }
    if (message.empty()) message = body->get("NeutronError").get("message").as_string();
    request_id = body->get("request_id").as_string();
    const Value errors = body->get("errors");
    for (size_t i = 0; i < errors.size(); ++i)
      details.push_back(
          harmless(errors.at(i).get("path").as_string() + ": " + errors.at(i).get("message").as_string()));
    const std::string field = body->get("field").as_string();
    if (!field.empty() && message.find(field) == std::string::npos) message = field + ": " + message;
  }
  if (message.empty()) message = fmt::format("{} answered with HTTP status {}", endpoint, response.status);
  std::string hint = hint_of(response.status);
  const bool defect = response.status == 500 || response.status == 503 || response.status == 507;
  if (defect && !request_id.empty()) hint += fmt::format(" (request {})", request_id);
  return {exit_of(response.status), message, hint, std::move(details), response.status};
}

}  // namespace elb::cli
