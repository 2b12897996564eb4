// SPDX-License-Identifier: Apache-2.0
// SQLite itself makes the JSON of a row that is about to change: nothing is loaded, decoded or written that does not
// change, and an object that is new costs a row without a text.
#include "store/record.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <variant>

#include "store/rows.h"

namespace elb::store {
namespace {

/// SQLite takes at most 127 arguments of a function.
template <class T>
constexpr bool kFits = 2 * (kCommonColumns.size() + Rows<T>::kColumns.size() + 1) <= 127;

/// INSERT with the parameters revision, kind, id, project; an empty project is that of the row.
template <class T>
std::string record_sql() {
  static_assert(kFits<T>);
  std::string fields;
  for (const auto column : kCommonColumns) fields += fmt::format("'{0}', {0}, ", column);
  for (const auto column : Rows<T>::kColumns) fields += fmt::format("'{0}', {0}, ", column);
  const std::string image =
      kept_json(fmt::format("json_object({1}'tags', (SELECT json_group_array(tag) FROM (SELECT tag FROM {0}_tag WHERE "
                            "resource_id = ?3 ORDER BY position)))",
                            Rows<T>::kTable, fields));
  return fmt::format(
      "INSERT INTO revision_change (revision, kind, id, project_id, before) "
      "SELECT ?1, ?2, ?3, coalesce(nullif(?4, ''), t.project_id, ''), t.image FROM (SELECT 1) LEFT JOIN "
      "(SELECT project_id, {1} AS image FROM {0} WHERE id = ?3) t "
      "WHERE true ON CONFLICT (revision, kind, id) DO NOTHING",
      Rows<T>::kTable, image);
}

template <class T>
Status record_one(Db& db, uint64_t revision, model::Kind kind, const model::Id& id, const std::string& project) {
  static const std::string sql = record_sql<T>();
  auto row = db.prepare(sql);
  if (!row) return pass_on(row.error());
  row->bind(static_cast<int64_t>(revision)).bind(static_cast<int64_t>(kind)).bind(id).bind(std::string_view(project));
  return row->run();
}

using RecordOne = Status (*)(Db&, uint64_t, model::Kind, const model::Id&, const std::string&);

/// In the order of model::Kind.
template <class... T>
constexpr std::array<RecordOne, sizeof...(T)> recorders(const std::variant<T...>*) {
  return {&record_one<T>...};
}
constexpr auto kRecorders = recorders(static_cast<const model::Resource*>(nullptr));

Status record_change(Db& db, uint64_t revision, const model::Change& change) {
  if (const auto* gone = std::get_if<model::Erase>(&change))
    return kRecorders.at(static_cast<size_t>(gone->kind))(db, revision, gone->kind, gone->id, "");
  const model::Resource& resource = std::get<model::Put>(change).resource;
  const auto& common = std::visit([](const auto& one) -> const model::Common& { return one; }, resource);
  const auto kind = static_cast<model::Kind>(resource.index());
  return kRecorders.at(resource.index())(db, revision, kind, common.id, common.project_id);
}

Status forget(Db& db, uint64_t up_to) {
  for (const char* sql : {"DELETE FROM revision_change WHERE revision <= ?",
                          "DELETE FROM revision_project WHERE revision <= ?", "DELETE FROM revision WHERE number <= ?"})
    if (auto row = db.prepare(sql); !row)
      return pass_on(row.error());
    else if (Status status = row->bind(static_cast<int64_t>(up_to)).run(); !status)
      return status;
  return {};
}

}  // namespace

Status record(Db& db, uint64_t revision, std::span<const model::Change> changes, const Origin& origin) {
  auto row = db.prepare("INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, ?)");
  if (!row) return pass_on(row.error());
  row->bind(static_cast<int64_t>(revision)).bind(origin.time_ms).bind(std::string_view(origin.user_id));
  row->bind(std::string_view(origin.user_name)).bind(std::string_view(origin.project_id));
  row->bind(std::string_view(origin.call)).bind(static_cast<int64_t>(changes.size()));
  if (Status status = row->run(); !status) return status;
  for (const model::Change& change : changes)
    if (Status status = record_change(db, revision, change); !status) return status;
  auto projects = db.prepare(
      "INSERT INTO revision_project SELECT revision, project_id, count(*) FROM revision_change WHERE revision = ? "
      "GROUP BY project_id");
  if (!projects) return pass_on(projects.error());
  return projects->bind(static_cast<int64_t>(revision)).run();
}

Status prune_history(Db& db, uint64_t newest, uint64_t keep, int64_t pasts_kept) {
  if (newest >= keep)
    if (Status status = forget(db, newest - keep); !status) return status;
  for (;;) {
    const auto held = db.integer("SELECT sum(changes) FROM revision");
    if (!held) return pass_on(held.error());
    const auto oldest = db.integer("SELECT min(number) FROM revision");
    if (!oldest) return pass_on(oldest.error());
    if (*held <= pasts_kept || static_cast<uint64_t>(*oldest) >= newest) return {};
    if (Status status = forget(db, static_cast<uint64_t>(*oldest)); !status) return status;
  }
}

}  // namespace elb::store
