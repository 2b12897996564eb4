// SPDX-License-Identifier: Apache-2.0
#include "store/identity_store.h"

#include "store/sqlite_db.h"

namespace elb::store {
namespace {

class SqliteIdentities final : public IdentityStore {
 public:
  explicit SqliteIdentities(Db db) : db_(std::move(db)) {}

  Result<Identities> load() override;
  Status add(const ProjectRow& project) override;
  Status add(const TokenRow& token) override;
  Status remove_project(const std::string& id) override;
  Status remove_token(const std::string& id) override;
  Status set_quotas(const std::string& project_id, const std::map<std::string, int64_t>& quotas) override;

 private:
  /// Runs `sql` with one parameter.
  Status run(const std::string& sql, const std::string& parameter);
  /// Calls `row` for each row of a statement without parameters.
  template <class Row>
  Status each(const std::string& sql, Row row);

  Db db_;
};

Status SqliteIdentities::run(const std::string& sql, const std::string& parameter) {
  auto statement = db_.prepare(sql);
  if (!statement) return pass_on(statement.error());
  return statement->bind(parameter).run();
}

template <class Row>
Status SqliteIdentities::each(const std::string& sql, Row row) {
  auto statement = db_.prepare(sql);
  if (!statement) return pass_on(statement.error());
  for (;;) {
    const auto more = statement->step();
    if (!more) return pass_on(more.error());
    if (!*more) return {};
    row(*statement);
  }
}

Result<Identities> SqliteIdentities::load() {
  auto transaction = Transaction::begin(db_, Transaction::Mode::kRead);
  if (!transaction) return pass_on(transaction.error());
  Identities all;
  Status status = each("SELECT id, name, description, created_at FROM project ORDER BY id", [&](Statement& row) {
    ProjectRow project;
    project.id = row.text();
    project.name = row.text();
    project.description = row.text();
    project.created_at = row.integer();
    all.projects.push_back(std::move(project));
  });
  if (!status) return pass_on(status.error());
  status = each("SELECT id, name, project_id, role, hash, created_at, expires_at FROM token ORDER BY id",
                [&](Statement& row) {
                  TokenRow token;
                  token.id = row.text();
                  token.name = row.text();
                  token.project_id = row.text();
                  token.role = row.text();
                  token.hash = row.text();
                  token.created_at = row.integer();
                  token.expires_at = row.optional_integer();
                  all.tokens.push_back(std::move(token));
                });
  if (!status) return pass_on(status.error());
  status = each("SELECT project_id, resource, most FROM quota", [&](Statement& row) {
    std::string project = row.text();
    std::string resource = row.text();
    all.quotas[std::move(project)][std::move(resource)] = row.integer();
  });
  if (!status) return pass_on(status.error());
  return all;
}

Status SqliteIdentities::add(const ProjectRow& project) {
  auto row = db_.prepare("INSERT INTO project (id, name, description, created_at) VALUES (?, ?, ?, ?)");
  if (!row) return pass_on(row.error());
  return row->bind(project.id).bind(project.name).bind(project.description).bind(project.created_at).run();
}

Status SqliteIdentities::add(const TokenRow& token) {
  auto row = db_.prepare(
      "INSERT INTO token (id, name, project_id, role, hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)");
  if (!row) return pass_on(row.error());
  row->bind(token.id).bind(token.name).bind(token.project_id).bind(token.role).bind(token.hash);
  return row->bind(token.created_at).bind_optional(token.expires_at).run();
}

Status SqliteIdentities::remove_project(const std::string& id) {
  auto transaction = Transaction::begin(db_, Transaction::Mode::kWrite);
  if (!transaction) return pass_on(transaction.error());
  if (Status status = run("DELETE FROM quota WHERE project_id = ?", id); !status) return status;
  if (Status status = run("DELETE FROM project WHERE id = ?", id); !status) return status;
  return transaction->commit();
}

Status SqliteIdentities::remove_token(const std::string& id) { return run("DELETE FROM token WHERE id = ?", id); }

Status SqliteIdentities::set_quotas(const std::string& project_id, const std::map<std::string, int64_t>& quotas) {
  auto transaction = Transaction::begin(db_, Transaction::Mode::kWrite);
  if (!transaction) return pass_on(transaction.error());
  if (Status status = run("DELETE FROM quota WHERE project_id = ?", project_id); !status) return status;
  for (const auto& [resource, most] : quotas) {
    auto row = db_.prepare("INSERT INTO quota (project_id, resource, most) VALUES (?, ?, ?)");
    if (!row) return pass_on(row.error());
    if (Status status = row->bind(project_id).bind(resource).bind(most).run(); !status) return status;
  }
  return transaction->commit();
}

}  // namespace

Result<std::unique_ptr<IdentityStore>> open_identities(const std::string& path) {
  auto db = Db::open(path, kBusyTimeoutMs);
  if (!db) return pass_on(db.error());
  if (Status status = db->exec("PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
      !status)
    return pass_on(status.error());
  return std::make_unique<SqliteIdentities>(std::move(*db));
}

}  // namespace elb::store
