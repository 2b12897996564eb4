// SPDX-License-Identifier: Apache-2.0
#include "store/history.h"

#include <fmt/format.h>

#include <map>
#include <mutex>

#include "store/record.h"
#include "store/table.h"

namespace elb::store {
namespace {

class SqliteHistory final : public History {
 public:
  explicit SqliteHistory(Db db) : db_(std::move(db)) {}

  Result<std::vector<Revision>> list(const RevisionFilter& filter) override;
  Result<Revision> find(uint64_t number, const std::optional<std::string>& project_id) override;
  Result<std::vector<Past>> at(uint64_t number, const std::optional<std::string>& project_id) override;

 private:
  /// `before` too: what was just before the oldest is known as long as that tells what it changed.
  Status check_kept(uint64_t number, bool before);
  template <class T>
  Status add_pasts(model::Kind kind, uint64_t number, const std::optional<std::string>& project_id,
                   std::vector<Past>& pasts);
  template <class... T>
  Status add_all(const std::variant<T...>*, uint64_t number, const std::optional<std::string>& project_id,
                 std::vector<Past>& pasts);

  std::mutex mutex_;
  Db db_;
};

constexpr const char* kSelect =
    "SELECT number, time_ms, user_id, user_name, revision.project_id, call, revision.changes FROM revision";
constexpr const char* kSelectOfProject =
    "SELECT number, time_ms, user_id, user_name, revision.project_id, call, part.changes FROM revision_project part "
    "JOIN "
    "revision ON number = part.revision AND part.project_id = ?";

Revision read_revision(Statement& row) {
  Revision revision;
  revision.number = static_cast<uint64_t>(row.integer());
  revision.origin.time_ms = row.integer();
  revision.origin.user_id = row.text();
  revision.origin.user_name = row.text();
  revision.origin.project_id = row.text();
  revision.origin.call = row.text();
  revision.changes = static_cast<uint64_t>(row.integer());
  return revision;
}

Result<std::vector<Revision>> SqliteHistory::list(const RevisionFilter& filter) {
  std::string sql = filter.project_id ? kSelectOfProject : kSelect;
  if (filter.before) sql += " WHERE number < ?";
  sql += " ORDER BY number DESC LIMIT ?";
  const std::lock_guard lock(mutex_);
  auto row = db_.prepare(sql);
  if (!row) return pass_on(row.error());
  if (filter.project_id) row->bind(std::string_view(*filter.project_id));
  if (filter.before) row->bind(static_cast<int64_t>(*filter.before));
  row->bind(static_cast<int64_t>(filter.limit));
  std::vector<Revision> revisions;
  for (;;) {
    const auto more = row->step();
    if (!more) return pass_on(more.error());
    if (!*more) return revisions;
    revisions.push_back(read_revision(*row));
  }
}

Result<Revision> SqliteHistory::find(uint64_t number, const std::optional<std::string>& project_id) {
  const std::lock_guard lock(mutex_);
  if (Status status = check_kept(number, false); !status) return pass_on(status.error());
  auto row = db_.prepare(std::string(project_id ? kSelectOfProject : kSelect) + " WHERE number = ?");
  if (!row) return pass_on(row.error());
  if (project_id) row->bind(std::string_view(*project_id));
  const auto found = row->bind(static_cast<int64_t>(number)).step();
  if (!found) return pass_on(found.error());
  if (!*found) return fail(ErrorCode::kNotFound, fmt::format("revision {} changed nothing of this project", number));
  return read_revision(*row);
}

Status SqliteHistory::check_kept(uint64_t number, bool before) {
  auto row =
      db_.prepare("SELECT number, (SELECT max(number) FROM revision), changes FROM revision ORDER BY number LIMIT 1");
  if (!row) return pass_on(row.error());
  const auto there = row->step();
  if (!there) return pass_on(there.error());
  const auto oldest = static_cast<uint64_t>(row->integer()), newest = static_cast<uint64_t>(row->integer());
  const bool told = before && row->integer() > 0;
  if (number > newest)
    return fail(ErrorCode::kNotFound, fmt::format("revision {} does not exist yet, the newest is {}", number, newest));
  if (number < oldest && !(told && number + 1 == oldest))
    return fail(ErrorCode::kNotFound,
                fmt::format("revision {} is not kept any more, the oldest is {}", number, oldest));
  return {};
}

/// The columns of T out of the JSON `before`. One that a later schema has added to its table was not written then: it
/// takes the default that the rows of the table got.
template <class T>
Result<std::string> columns_of_image(Db& db) {
  std::string columns;
  const auto value_of = [](std::string_view column) { return plain_text(fmt::format("before ->> '$.{}'", column)); };
  for (const auto column : kCommonColumns) columns += ", " + value_of(column);
  for (const auto column : Rows<T>::kColumns) {
    const auto fallback =
        db.text(fmt::format("SELECT coalesce(max(dflt_value), 'NULL') FROM pragma_table_info('{}') "
                            "WHERE name = '{}' AND \"notnull\"",
                            Rows<T>::kTable, column));
    if (!fallback) return pass_on(fallback.error());
    columns += fmt::format(", coalesce({}, {})", value_of(column), *fallback);
  }
  return columns;
}

/// The first past of each object after a revision. Parameters: revision, kind, and the project if there is one.
std::string first_pasts(bool of_project) {
  return fmt::format(
      "(SELECT id, project_id, before, min(revision) FROM revision_change WHERE revision > ?1 AND kind = ?2{} GROUP BY "
      "id)",
      of_project ? " AND project_id = ?3" : "");
}

template <class T>
Status SqliteHistory::add_pasts(model::Kind kind, uint64_t number, const std::optional<std::string>& project_id,
                                std::vector<Past>& pasts) {
  const auto columns = columns_of_image<T>(db_);
  if (!columns) return pass_on(columns.error());
  const auto prepared = [&](const std::string& sql) -> Result<Statement> {
    auto row = db_.prepare(sql);
    if (!row) return pass_on(row.error());
    row->bind(static_cast<int64_t>(number)).bind(static_cast<int64_t>(kind));
    if (project_id) row->bind(std::string_view(*project_id));
    return row;
  };
  auto tag =
      prepared(fmt::format("SELECT past.id, {} FROM {} past, json_each(past.before, '$.tags') tag "
                           "ORDER BY past.id, tag.key",
                           plain_text("tag.value"), first_pasts(project_id.has_value())));
  if (!tag) return pass_on(tag.error());
  std::map<model::Id, std::vector<std::string>> tags;
  for (;;) {
    const auto more = tag->step();
    if (!more) return pass_on(more.error());
    if (!*more) break;
    auto& list = tags[tag->text()];
    list.push_back(tag->text());
  }
  auto row = prepared(fmt::format("SELECT id, project_id, before IS NOT NULL{} FROM {} ORDER BY id", *columns,
                                  first_pasts(project_id.has_value())));
  if (!row) return pass_on(row.error());
  for (;;) {
    const auto more = row->step();
    if (!more) return pass_on(more.error());
    if (!*more) return {};
    Past& past = pasts.emplace_back();
    past.kind = kind;
    past.id = row->text();
    past.project_id = row->text();
    if (row->integer() == 0) continue;
    T resource;
    if (Status status = read_resource(*row, resource); !status) return status;
    if (const auto own = tags.find(past.id); own != tags.end()) resource.tags = std::move(own->second);
    past.resource = std::move(resource);
  }
}

template <class... T>
Status SqliteHistory::add_all(const std::variant<T...>*, uint64_t number, const std::optional<std::string>& project_id,
                              std::vector<Past>& pasts) {
  Status status;
  int kind = 0;  // in the variant's order
  static_cast<void>(
      ((status = add_pasts<T>(static_cast<model::Kind>(kind++), number, project_id, pasts)).has_value() && ...));
  return status;
}

Result<std::vector<Past>> SqliteHistory::at(uint64_t number, const std::optional<std::string>& project_id) {
  const std::lock_guard lock(mutex_);
  auto transaction = Transaction::begin(db_, Transaction::Mode::kRead);
  if (!transaction) return pass_on(transaction.error());
  if (Status status = check_kept(number, true); !status) return pass_on(status.error());
  std::vector<Past> pasts;
  if (Status status = add_all(static_cast<const model::Resource*>(nullptr), number, project_id, pasts); !status)
    return pass_on(status.error());
  return pasts;
}

}  // namespace

Result<std::unique_ptr<History>> open_history(const std::string& path) {
  auto db = Db::open(path, kBusyTimeoutMs);
  if (!db) return pass_on(db.error());
  if (Status status = db->exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON");
      !status)
    return pass_on(status.error());
  return std::make_unique<SqliteHistory>(std::move(*db));
}

}  // namespace elb::store
