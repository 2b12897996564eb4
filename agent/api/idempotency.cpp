// SPDX-License-Identifier: Apache-2.0
#include "api/idempotency.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <sstream>

#include "api/errors.h"
#include "api/tracer.h"
#include "base/log.h"
#include "tls/digest.h"

namespace elb::api {
namespace {

using codec::Value;

constexpr const char* kHeader = "Idempotency-Key";
constexpr size_t kKeyMax = 255;
constexpr size_t kAnswerMax = 64 << 10;  // bytes of a body that is kept

Refusal refused(int status, ErrorCode code, std::string message) {
  return {status, {code, std::move(message), kHeader}};
}

/// Each part with its length before it: no two lists are one text.
std::string digest_of_parts(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += fmt::format("{}:{}", part.size(), part);
  return tls::to_hex(tls::sha256(text));
}

store::Claim claim_of(const HttpRequest& http, const identity::Caller& caller) {
  std::string query;
  for (const auto& [name, value] : http.query)
    query += fmt::format("{}:{}={}:{}&", name.size(), name, value.size(), value);
  return {digest_of_parts({caller.user_id, caller.project_id, to_string(caller.role), http.method, http.path,
                           *http.idempotency_key}),
          digest_of_parts({query, http.dialect, http.body})};
}

std::optional<Refusal> check_key(const std::string& key) {
  const auto visible = [](char c) { return c > ' ' && c <= '~'; };
  if (!key.empty() && key.size() <= kKeyMax && std::all_of(key.begin(), key.end(), visible)) return std::nullopt;
  return refused(400, ErrorCode::kInvalid,
                 fmt::format("must be one key of 1 to {} visible ASCII characters without blanks, got {}", kKeyMax,
                             key.empty()            ? "none"
                             : key.size() > kKeyMax ? fmt::format("{} characters", key.size())
                                                    : "others"));
}

/// Answers that would not be the same at another time are not kept.
bool is_final(int status) {
  if (status >= 200 && status < 300) return true;
  constexpr int kPassing[] = {401, 403, 408, 423, 425, 429};
  return status >= 400 && status < 500 &&
         std::find(std::begin(kPassing), std::end(kPassing), status) == std::end(kPassing);
}

int64_t to_milliseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

bool is_of_one_call(std::string_view header) { return header == "x-openstack-request-id" || header == "X-Request-Id"; }

std::string head_of(const HttpResponse& response) {
  Value headers = Value::array();
  for (const auto& [name, value] : response.headers)
    if (!is_of_one_call(name)) headers.push(Value::array().push(name).push(value));
  return Value().set("content_type", response.content_type).set("headers", std::move(headers)).dump();
}

Result<HttpResponse> stored_response(const store::Answer& answer) {
  const auto head = Value::parse(answer.head);
  if (!head) return pass_on(head.error());
  HttpResponse response;
  response.status = *answer.status;
  response.body = answer.body;
  response.content_type = head->get("content_type").as_string();
  const Value headers = head->get("headers");
  for (size_t i = 0; i < headers.size(); ++i)
    response.headers.emplace_back(headers.at(i).at(0).as_string(), headers.at(i).at(1).as_string());
  return response;
}

/// What GET says at `path`; empty: not 200.
std::optional<Reply> shown_at(Context& context, const Request& request, const std::string& path) {
  HttpRequest plain;
  plain.method = "GET";
  plain.path = plain.target = path;
  plain.dialect = request.http.dialect;
  const Match match = find_route(plain.method, plain.path);
  if (!match.handler) return std::nullopt;
  auto reply = match.handler(context, Request{plain, match.ids, request.base_url});
  if (!reply || reply->status != 200) return std::nullopt;
  return *std::move(reply);
}

std::optional<HttpResponse> remade_response(Context& context, const Request& request, const store::Answer& earlier) {
  const std::string& method = request.http.method;
  if (method == "DELETE") return HttpResponse{204, {}, "application/json", {}};
  std::optional<Reply> shown;
  if (method == "PUT") shown = shown_at(context, request, request.http.path);
  std::istringstream created(earlier.created);
  for (std::string id; method == "POST" && !shown && created >> id;)
    shown = shown_at(context, request, fmt::format("{}/{}", request.http.path, id));
  if (!shown) return std::nullopt;
  return HttpResponse{method == "POST" ? 201 : 200, shown->body.dump(), "application/json", {}};
}

}  // namespace

AnswerBook::Turn::~Turn() {
  if (book_ == nullptr) return;
  const std::lock_guard lock(book_->mutex_);
  book_->at_work_.erase(claim_->scope);
}

tl::expected<AnswerBook::Turn, Refusal> AnswerBook::open(const HttpRequest& http, const Match& match,
                                                         const identity::Caller& caller) {
  if (!http.idempotency_key || !changes_something(http.method)) return Turn();
  if (auto bad = check_key(*http.idempotency_key)) return tl::make_unexpected(*std::move(bad));
  if (match.pattern.starts_with("identity/") || match.pattern == "v1/tokens")
    return tl::make_unexpected(
        refused(400, ErrorCode::kInvalid, "cannot be used here: the answer has a secret, which is not kept"));
  if (answers_ == nullptr)
    return tl::make_unexpected(refused(501, ErrorCode::kUnsupported, "this agent keeps no answers"));
  store::Claim claim = claim_of(http, caller);
  {
    const std::lock_guard lock(mutex_);
    if (!at_work_.insert(claim.scope).second)
      return tl::make_unexpected(refused(409, ErrorCode::kConflict, "a request with this key is at work; try again"));
  }
  Turn turn(*this, std::move(claim));
  auto earlier = answers_->find(turn.claim_->scope, to_milliseconds(clock_.wall()));
  if (!earlier) return tl::make_unexpected(Refusal{http_status(earlier.error().code), below(kHeader, earlier.error())});
  turn.earlier_ = *std::move(earlier);
  if (turn.earlier_ && turn.earlier_->fingerprint != turn.claim_->fingerprint)
    return tl::make_unexpected(refused(422, ErrorCode::kConflict,
                                       "was shown with another body or query before; each request needs a key of its "
                                       "own"));
  return turn;
}

void AnswerBook::keep(const Turn& turn, const HttpResponse& response) {
  if (!turn.claim() || !is_final(response.status) || response.body.size() > kAnswerMax) return;
  const store::Answer answer{
      .fingerprint = {}, .status = response.status, .head = head_of(response), .body = response.body};
  const Status status = answers_->keep(*turn.claim(), answer, to_milliseconds(clock_.wall()));
  if (!status) log::warn("an answer could not be kept for its Idempotency-Key error={}", status.error().to_string());
}

Result<HttpResponse> answer_again(Context& context, const Request& request, const store::Answer& earlier) {
  if (earlier.status) return stored_response(earlier);
  if (auto remade = remade_response(context, request, earlier)) return *std::move(remade);
  return fail(ErrorCode::kConflict,
              fmt::format("this request was done and made revision {}, but its answer was not kept; see GET "
                          "/v1/revisions/{}",
                          earlier.revision.value_or(0), earlier.revision.value_or(0)),
              kHeader);
}

}  // namespace elb::api
