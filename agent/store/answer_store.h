// SPDX-License-Identifier: Apache-2.0
// AnswerStore: answers to requests that showed an Idempotency-Key, so that the same request again is answered again and
// done once (docs/adr/0032-events-and-answers.md). A table beside the configuration's in the same file: a commit writes
// there, in its own transaction, that the request was done. Thread rule: any thread; a connection of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "store/history.h"

namespace elb::store {

inline constexpr int64_t kAnswerLifeMs = 24LL * 3600 * 1000;
inline constexpr int64_t kAnswersKept = 10'000;  // the oldest go first
inline constexpr int kCreatedKept = 16;          // ids of what a revision created, with its claim

struct Answer {
  std::string fingerprint;
  std::optional<uint64_t> revision{};  // that the request made
  std::string created{};               // ids of what it created there, apart by blanks; the first few
  std::optional<int> status{};         // empty: done, but its answer never got here
  std::string head{};                  // of the answer, as the caller likes it
  std::string body{};
};

class AnswerStore {
 public:
  virtual ~AnswerStore() = default;

  /// What is known of a request that is not older than kAnswerLifeMs.
  virtual Result<std::optional<Answer>> find(const std::string& scope, int64_t now_ms) = 0;
  /// The answer of `claim`'s request: status, head and body.
  virtual Status keep(const Claim& claim, const Answer& answer, int64_t now_ms) = 0;
};

/// `path` as for open_sqlite(), which must have opened (and migrated) it before.
Result<std::unique_ptr<AnswerStore>> open_answers(const std::string& path);

}  // namespace elb::store
