// SPDX-License-Identifier: Apache-2.0
// WAL with synchronous=NORMAL: a trace survives a killed agent at once, and a power failure after the next checkpoint;
// an fsync for each would double the time of every write to the API.
#include "store/audit_store.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <mutex>

#include "base/fd.h"
#include "base/log.h"
#include "store/sqlite_db.h"

namespace elb::store {
namespace {

constexpr int64_t kAuditApplicationId = 0x454C4241;  // "ELBA"

constexpr const char* kSchema = R"sql(
BEGIN;
CREATE TABLE retention (id INTEGER PRIMARY KEY CHECK (id = 1), oldest_ms INTEGER NOT NULL) STRICT;
INSERT INTO retention VALUES (1, 0);
CREATE TABLE trace (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  time_ms INTEGER NOT NULL,
  record_ms INTEGER NOT NULL,
  code INTEGER NOT NULL,
  rating TEXT NOT NULL,
  trace_type TEXT NOT NULL,
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  project_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  user_name TEXT NOT NULL,
  source_ip TEXT NOT NULL,
  request TEXT NOT NULL,
  response TEXT NOT NULL
) STRICT;
CREATE INDEX trace_by_time ON trace (time_ms);
CREATE INDEX trace_by_resource ON trace (resource_id);
CREATE TRIGGER trace_is_written_once BEFORE UPDATE ON trace
BEGIN SELECT RAISE(ABORT, 'traces are not changed'); END;
CREATE TRIGGER trace_is_kept BEFORE DELETE ON trace
WHEN old.time_ms >= (SELECT oldest_ms FROM retention)
BEGIN SELECT RAISE(ABORT, 'traces are kept until they are old'); END;
COMMIT;
)sql";

constexpr const char* kColumns =
    "id, time_ms, record_ms, code, rating, trace_type, name, title, resource_type, resource_id, resource_name, "
    "project_id, user_id, user_name, source_ip, request, response";

Trace read(Statement& row) {
  Trace trace;
  trace.id = row.text();
  trace.time_ms = row.integer();
  trace.record_ms = row.integer();
  trace.code = static_cast<int>(row.integer());
  for (std::string* text : {&trace.rating, &trace.trace_type, &trace.name, &trace.title, &trace.resource_type,
                            &trace.resource_id, &trace.resource_name, &trace.project_id, &trace.user_id,
                            &trace.user_name, &trace.source_ip, &trace.request, &trace.response})
    *text = row.text();
  return trace;
}

class SqliteAudit final : public AuditStore {
 public:
  explicit SqliteAudit(Db db) : db_(std::move(db)) {}

  Status append(const Trace& trace) override;
  Result<std::vector<Trace>> list(const TraceFilter& filter, int64_t oldest_ms) override;
  Result<Trace> find(const std::string& id) override;
  Status forget(int64_t older_than_ms) override;

 private:
  std::mutex mutex_;
  Db db_;
};

Status SqliteAudit::append(const Trace& trace) {
  const std::lock_guard lock(mutex_);
  auto row = db_.prepare(
      fmt::format("INSERT INTO trace ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kColumns));
  if (!row) return pass_on(row.error());
  row->bind(trace.id).bind(trace.time_ms).bind(trace.record_ms).bind(int64_t{trace.code});
  for (const std::string* text : {&trace.rating, &trace.trace_type, &trace.name, &trace.title, &trace.resource_type,
                                  &trace.resource_id, &trace.resource_name, &trace.project_id, &trace.user_id,
                                  &trace.user_name, &trace.source_ip, &trace.request, &trace.response})
    row->bind(std::string_view(*text));
  return row->run();
}

Result<std::vector<Trace>> SqliteAudit::list(const TraceFilter& filter, int64_t oldest_ms) {
  std::string sql = fmt::format("SELECT {} FROM trace WHERE time_ms >= ?", kColumns);
  std::vector<std::string> texts;
  const auto add = [&](const std::string& value, std::string_view condition, size_t times = 1) {
    if (value.empty()) return;
    sql += fmt::format(" AND {}", condition);
    texts.insert(texts.end(), times, value);
  };
  add(filter.trace_type, "trace_type = ?");
  add(filter.resource_type, "resource_type = ?");
  add(filter.name, "(name = ? OR title = ?)", 2);
  add(filter.resource_id, "resource_id = ?");
  add(filter.resource_name, "resource_name = ?");
  add(filter.user, "(user_name = ? OR user_id = ?)", 2);
  add(filter.rating, "rating = ?");
  add(filter.marker, "sequence < (SELECT sequence FROM trace WHERE id = ?)");
  if (filter.project_id) {
    sql += " AND project_id = ?";
    texts.push_back(*filter.project_id);
  }
  if (filter.to_ms) sql += fmt::format(" AND time_ms < {}", *filter.to_ms);
  sql += fmt::format(" ORDER BY sequence DESC LIMIT {}", filter.limit);

  const std::lock_guard lock(mutex_);
  auto row = db_.prepare(sql);
  if (!row) return pass_on(row.error());
  row->bind(std::max(oldest_ms, filter.from_ms.value_or(oldest_ms)));
  for (const std::string& text : texts) row->bind(std::string_view(text));
  std::vector<Trace> traces;
  for (;;) {
    const auto more = row->step();
    if (!more) return pass_on(more.error());
    if (!*more) return traces;
    traces.push_back(read(*row));
  }
}

Result<Trace> SqliteAudit::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  auto row = db_.prepare(fmt::format("SELECT {} FROM trace WHERE id = ?", kColumns));
  if (!row) return pass_on(row.error());
  row->bind(std::string_view(id));
  const auto found = row->step();
  if (!found) return pass_on(found.error());
  if (!*found) return fail(ErrorCode::kNotFound, fmt::format("trace {} does not exist", id));
  return read(*row);
}

Status SqliteAudit::forget(int64_t older_than_ms) {
  const std::lock_guard lock(mutex_);
  auto transaction = Transaction::begin(db_, Transaction::Mode::kWrite);
  if (!transaction) return pass_on(transaction.error());
  const std::string limit = std::to_string(older_than_ms);
  if (Status status = db_.exec("UPDATE retention SET oldest_ms = " + limit); !status) return status;
  if (Status status = db_.exec("DELETE FROM trace WHERE time_ms < " + limit); !status) return status;
  return transaction->commit();
}

/// That the newest and the oldest trace can be read: looking at all of them would hold up the start.
Status look_through(Db& db) {
  for (const char* sql :
       {"SELECT oldest_ms FROM retention", "SELECT coalesce(min(time_ms), 0) FROM trace",
        "SELECT coalesce(max(length(request)), 0) FROM (SELECT * FROM trace ORDER BY sequence DESC LIMIT 1)"})
    if (const auto read = db.integer(sql); !read) return pass_on(read.error());
  return {};
}

Status set_up(Db& db, const std::string& path, bool& damaged) {
  const auto application = db.integer("PRAGMA application_id");
  if (!application) return pass_on(application.error());
  const auto objects = db.integer("SELECT count(*) FROM sqlite_master");
  if (!objects) return pass_on(objects.error());
  const bool fresh = *application == 0 && *objects == 0;
  damaged = !fresh && *application != kAuditApplicationId;
  if (damaged) return fail(ErrorCode::kStorage, fmt::format("{} is not a file of traces", path));
  const auto mode = db.text("PRAGMA journal_mode = WAL");
  if (!mode) return pass_on(mode.error());
  if (Status status = db.exec("PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; "
                              "PRAGMA journal_size_limit = 4194304");
      !status)
    return status;
  if (!fresh) return look_through(db);
  if (Status status = db.exec(kSchema); !status) return status;
  return db.exec(fmt::format("PRAGMA application_id = {}", kAuditApplicationId));
}

/// `damaged`: it failed because of what the file holds.
Result<std::unique_ptr<AuditStore>> open_once(const std::string& path, bool& damaged) {
  const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));  // before SQLite, which would ask the umask
  if (!file) return fail_errno(errno, "opening the traces " + path);
  auto db = Db::open(path, kBusyTimeoutMs);
  if (!db) return pass_on(db.error());
  if (Status status = set_up(*db, path, damaged); !status) {
    damaged = damaged || db->holds_nonsense();
    return pass_on(status.error());
  }
  return std::make_unique<SqliteAudit>(std::move(*db));
}

}  // namespace

Result<std::unique_ptr<AuditStore>> open_audit(const std::string& path) {
  bool damaged = false;
  auto audit = open_once(path, damaged);
  if (audit || !damaged) return audit;
  log::error("the file of traces is damaged, moving it aside path={} aside={}.bad error={}", path, path,
             audit.error().to_string());
  for (const char* suffix : {"", "-wal", "-shm"})
    static_cast<void>(std::rename((path + suffix).c_str(), (path + ".bad" + suffix).c_str()));
  return open_once(path, damaged);
}

}  // namespace elb::store
