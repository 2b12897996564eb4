// SPDX-License-Identifier: Apache-2.0
// An answer is kept with synchronous=NORMAL: what a power failure takes is the answer, never the claim, which the
// commit of the change brought to disk.
#include "store/answer_store.h"

#include <fmt/format.h>

#include <mutex>

#include "store/answers.h"

namespace elb::store {
namespace {

class SqliteAnswers final : public AnswerStore {
 public:
  explicit SqliteAnswers(Db db) : db_(std::move(db)) {}

  Result<std::optional<Answer>> find(const std::string& scope, int64_t now_ms) override;
  Status keep(const Claim& claim, const Answer& answer, int64_t now_ms) override;

 private:
  std::mutex mutex_;
  Db db_;
};

template <class Number>
std::optional<Number> number_of(std::optional<int64_t> value) {
  return value ? std::optional(static_cast<Number>(*value)) : std::nullopt;
}

Result<std::optional<Answer>> SqliteAnswers::find(const std::string& scope, int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  auto row = db_.prepare(
      "SELECT fingerprint, revision, created, status, head, body FROM answer WHERE scope = ? AND time_ms > ?");
  if (!row) return pass_on(row.error());
  const auto found = row->bind(std::string_view(scope)).bind(now_ms - kAnswerLifeMs).step();
  if (!found) return pass_on(found.error());
  if (!*found) return std::nullopt;
  Answer answer;
  answer.fingerprint = row->text();
  answer.revision = number_of<uint64_t>(row->optional_integer());
  answer.created = row->text();
  answer.status = number_of<int>(row->optional_integer());
  answer.head = row->text();
  answer.body = row->text();
  return answer;
}

Status SqliteAnswers::keep(const Claim& claim, const Answer& answer, int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  auto transaction = Transaction::begin(db_, Transaction::Mode::kWrite);
  if (!transaction) return pass_on(transaction.error());
  auto row = db_.prepare(
      "INSERT INTO answer (scope, fingerprint, time_ms, status, head, body) VALUES (?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (scope) DO UPDATE SET fingerprint = excluded.fingerprint, time_ms = excluded.time_ms, "
      "status = excluded.status, head = excluded.head, body = excluded.body");
  if (!row) return pass_on(row.error());
  row->bind(std::string_view(claim.scope)).bind(std::string_view(claim.fingerprint)).bind(now_ms);
  row->bind_optional(number_of<int64_t>(answer.status)).bind(std::string_view(answer.head));
  if (Status status = row->bind(std::string_view(answer.body)).run(); !status) return status;
  if (Status status = prune_answers(db_, now_ms); !status) return status;
  return transaction->commit();
}

}  // namespace

Status claim(Db& db, uint64_t revision, const Origin& origin) {
  // The kinds in their order: the first one that is new is what the request was for, the rest hangs on it.
  static const std::string kSql = fmt::format(
      "INSERT OR REPLACE INTO answer (scope, fingerprint, time_ms, revision, created) SELECT ?1, ?2, ?3, ?4, "
      "coalesce((SELECT group_concat(id, ' ') FROM (SELECT id FROM revision_change WHERE revision = ?4 AND "
      "before IS NULL ORDER BY kind, id LIMIT {})), '')",
      kCreatedKept);
  auto row = db.prepare(kSql);
  if (!row) return pass_on(row.error());
  row->bind(std::string_view(origin.claim->scope)).bind(std::string_view(origin.claim->fingerprint));
  if (Status status = row->bind(origin.time_ms).bind(static_cast<int64_t>(revision)).run(); !status) return status;
  return prune_answers(db, origin.time_ms);
}

Status prune_answers(Db& db, int64_t now_ms) {
  auto old = db.prepare("DELETE FROM answer WHERE time_ms <= ?");
  if (!old) return pass_on(old.error());
  if (Status status = old->bind(now_ms - kAnswerLifeMs).run(); !status) return status;
  auto many = db.prepare("DELETE FROM answer WHERE number <= (SELECT max(number) FROM answer) - ?");
  if (!many) return pass_on(many.error());
  return many->bind(kAnswersKept).run();
}

Result<std::unique_ptr<AnswerStore>> open_answers(const std::string& path) {
  auto db = Db::open(path, kBusyTimeoutMs);
  if (!db) return pass_on(db.error());
  if (Status status = db->exec("PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
      !status)
    return pass_on(status.error());
  return std::make_unique<SqliteAnswers>(std::move(*db));
}

}  // namespace elb::store
