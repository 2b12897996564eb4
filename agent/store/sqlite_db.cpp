// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_db.h"

#include <sqlite3.h>

#include <system_error>
#include <utility>

namespace elb::store {
namespace {

ErrorCode classify(int rc) {
  switch (rc & 0xFF) {
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:
      return ErrorCode::kStorage;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::kUnavailable;
    case SQLITE_NOMEM:
      return ErrorCode::kSystem;
    default:  // a constraint among them: validation is to have caught that
      return ErrorCode::kInternal;
  }
}

tl::unexpected<Error> fail_sqlite(sqlite3* db, int rc, std::string_view what) {
  std::string message = fmt::format("{}: {}", what, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
  const int primary = rc & 0xFF;
  if (db && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL))
    if (const int error = sqlite3_system_errno(db); error != 0)
      message += fmt::format(" ({})", std::generic_category().message(error));
  return fail(classify(rc), std::move(message));
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_),
      statement_(std::exchange(other.statement_, nullptr)),
      bound_(other.bound_),
      bind_error_(other.bind_error_),
      column_(other.column_) {}

Statement::~Statement() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement& Statement::bind(int64_t value) {
  const int rc = sqlite3_bind_int64(statement_, ++bound_, value);
  if (rc != SQLITE_OK && bind_error_ == SQLITE_OK) bind_error_ = rc;
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  // The pointer of an empty view may be null, which SQLite would take for NULL.
  const int rc = sqlite3_bind_text64(statement_, ++bound_, value.empty() ? "" : value.data(), value.size(),
                                     SQLITE_TRANSIENT, SQLITE_UTF8);
  if (rc != SQLITE_OK && bind_error_ == SQLITE_OK) bind_error_ = rc;
  return *this;
}

Statement& Statement::bind_optional(const std::optional<std::string>& value) {
  if (value) return bind(std::string_view(*value));
  ++bound_;  // NULL is what an unbound parameter is
  return *this;
}

Statement& Statement::bind_optional(std::optional<int64_t> value) {
  if (value) return bind(*value);
  ++bound_;
  return *this;
}

Result<bool> Statement::step() {
  if (bind_error_ != SQLITE_OK) return fail_sqlite(nullptr, bind_error_, "cannot bind a value");
  column_ = 0;
  const int rc = sqlite3_step(statement_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  return fail_sqlite(db_, rc, "the store failed");
}

Status Statement::run() {
  for (;;) {
    const auto row = step();
    if (!row) return pass_on(row.error());
    if (!*row) return {};
  }
}

int64_t Statement::integer() { return sqlite3_column_int64(statement_, column_++); }

std::string Statement::text() {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column_));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column_));
  ++column_;
  return data ? std::string(data, size) : std::string();
}

std::optional<int64_t> Statement::optional_integer() {
  if (sqlite3_column_type(statement_, column_) != SQLITE_NULL) return integer();
  ++column_;
  return std::nullopt;
}

std::optional<std::string> Statement::optional_text() {
  if (sqlite3_column_type(statement_, column_) != SQLITE_NULL) return text();
  ++column_;
  return std::nullopt;
}

void Db::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }
void Db::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Result<Db> Db::open(const std::string& path, int busy_timeout_ms) {
  sqlite3* handle = nullptr;
  // The caller serialises; extended codes tell IOERR_WRITE from IOERR_FSYNC in messages.
  const int rc = sqlite3_open_v2(path.c_str(), &handle,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Db db(handle);
  if (rc != SQLITE_OK) return fail_sqlite(handle, rc, "cannot open " + path);
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  return db;
}

Result<Statement> Db::prepare(const std::string& sql) {
  auto& slot = statements_[sql];
  if (!slot) {
    sqlite3_stmt* statement = nullptr;
    const int rc = sqlite3_prepare_v3(db_.get(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (rc != SQLITE_OK) return fail_sqlite(db_.get(), rc, "the store failed");
    slot.reset(statement);
  }
  return Statement(db_.get(), slot.get());
}

Status Db::exec(const std::string& sql) {
  const int rc = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return fail_sqlite(db_.get(), rc, "the store failed");
  return {};
}

Result<int64_t> Db::integer(const std::string& sql) {
  auto statement = prepare(sql);
  if (!statement) return pass_on(statement.error());
  if (const auto row = statement->step(); !row) return pass_on(row.error());
  return statement->integer();
}

Result<std::string> Db::text(const std::string& sql) {
  auto statement = prepare(sql);
  if (!statement) return pass_on(statement.error());
  if (const auto row = statement->step(); !row) return pass_on(row.error());
  return statement->text();
}

bool Db::holds_nonsense() const {
  const int primary = sqlite3_errcode(db_.get()) & 0xFF;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_ERROR;
}

int64_t Db::changes() const { return sqlite3_changes64(db_.get()); }
bool Db::in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

Result<Transaction> Transaction::begin(Db& db, Mode mode) {
  if (auto status = db.exec(mode == Mode::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"); !status)
    return pass_on(status.error());
  return Transaction(db);
}

Transaction::~Transaction() {
  // Some errors (disk full, I/O) have rolled back already.
  if (db_ && db_->in_transaction()) static_cast<void>(db_->exec("ROLLBACK"));
}

Status Transaction::commit() {
  auto status = db_->exec("COMMIT");
  if (status) db_ = nullptr;
  return status;
}

}  // namespace elb::store
