// SPDX-License-Identifier: Apache-2.0
// Db, Statement, Transaction: SQLite as RAII values and Results, for store/ and for the files of telemetry/; only
// sqlite_db.cpp sees the library. kStorage: disk full, read-only, I/O error, corrupt. kUnavailable: another process
// holds the lock beyond the timeout. Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace elb::store {

/// Use of a prepared statement: bind in order, step, read columns in order. Rewound when it goes, the statement itself
/// stays with the Db.
class Statement {
 public:
  Statement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& bind(int64_t value);
  Statement& bind(std::string_view value);
  Statement& bind_optional(const std::optional<std::string>& value);
  Statement& bind_optional(std::optional<int64_t> value);

  /// True: a row is there. A failed bind is told here.
  Result<bool> step();
  /// Steps until no row is left.
  Status run();

  int64_t integer();
  std::string text();
  std::optional<int64_t> optional_integer();
  std::optional<std::string> optional_text();

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
  int bind_error_ = 0;
  int column_ = 0;
};

inline constexpr int kBusyTimeoutMs = 5000;  // what the store waits for a lock of another process, a backup for one

class Db {
 public:
  /// Opens a file for reading and writing that exists already. The lock is waited for at most `busy_timeout_ms`.
  static Result<Db> open(const std::string& path, int busy_timeout_ms);

  /// `sql` is prepared once and kept.
  Result<Statement> prepare(const std::string& sql);
  /// Runs statements without results, several if separated by semicolons.
  Status exec(const std::string& sql);
  /// First column of the first row of a statement that always has one.
  Result<int64_t> integer(const std::string& sql);
  Result<std::string> text(const std::string& sql);
  /// Rows that the last INSERT, UPDATE or DELETE touched.
  int64_t changes() const;
  bool in_transaction() const;
  /// Whether the last call failed because of what the file holds, and not because of disk, rights or another process.
  bool holds_nonsense() const;

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Db(sqlite3* db) : db_(db) {}

  std::unique_ptr<sqlite3, Close> db_;  // declared first: statements go before it
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

/// Rolls back unless committed.
class Transaction {
 public:
  enum class Mode { kRead, kWrite };  // kWrite takes the write lock at once
  static Result<Transaction> begin(Db& db, Mode mode);
  Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Db& db) : db_(&db) {}
  Db* db_;
};

}  // namespace elb::store
