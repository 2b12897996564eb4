// SPDX-License-Identifier: Apache-2.0
// AnswerBook: the header Idempotency-Key. The same key from the same caller for the same method and path is one
// request, however often it is sent: it is done once and answered again. Private to api.
// Thread rule: any thread; a Turn belongs to one request.
#pragma once

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "api/context.h"
#include "api/gate.h"
#include "api/http_server.h"
#include "api/router.h"
#include "base/clock.h"
#include "identity/caller.h"
#include "store/answer_store.h"

namespace elb::api {

class AnswerBook {
 public:
  /// `answers` may be null: keys are refused then.
  AnswerBook(store::AnswerStore* answers, const Clock& clock) : answers_(answers), clock_(clock) {}

  /// One request's hold on its key, while which the same key is refused to others.
  class Turn {
   public:
    Turn() = default;
    Turn(AnswerBook& book, store::Claim claim) : book_(&book), claim_(std::move(claim)) {}
    Turn(Turn&& other) noexcept
        : book_(std::exchange(other.book_, nullptr)),
          claim_(std::move(other.claim_)),
          earlier_(std::move(other.earlier_)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn();

    /// Empty: the request shows no key.
    const std::optional<store::Claim>& claim() const { return claim_; }
    /// What became of this request when it came before.
    const std::optional<store::Answer>& earlier() const { return earlier_; }

   private:
    friend class AnswerBook;
    AnswerBook* book_ = nullptr;
    std::optional<store::Claim> claim_;
    std::optional<store::Answer> earlier_;
  };

  /// 400 for a bad key, 409 while the same key is at work, 422 when it was shown with another request.
  tl::expected<Turn, Refusal> open(const HttpRequest& http, const Match& match, const identity::Caller& caller);
  /// Writes down what was answered, if that is final.
  void keep(const Turn& turn, const HttpResponse& response);

 private:
  store::AnswerStore* const answers_;
  const Clock& clock_;
  std::mutex mutex_;
  std::set<std::string> at_work_;  // scopes; as many as there are threads at most
};

/// The answer of `earlier` again. When it never got to disk, because the agent ended too early, what the request made
/// is shown as it is now; 409 with its revision if that cannot be.
Result<HttpResponse> answer_again(Context& context, const Request& request, const store::Answer& earlier);

}  // namespace elb::api
