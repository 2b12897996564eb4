// SPDX-License-Identifier: Apache-2.0
// Load, write and erase of one kind of resource together with its tags, from the columns that Rows<T> lists.
// Private to store/. Thread rule: one thread at a time.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/rows.h"

namespace elb::store {

template <class T>
std::string column_list() {
  return fmt::format("{}, {}", fmt::join(kCommonColumns, ", "), fmt::join(Rows<T>::kColumns, ", "));
}

/// The INSERT that becomes an UPDATE of all columns where the id is there already. Not INSERT OR REPLACE: that would
/// silently remove other rows which hold the same unique value.
template <class T>
std::string upsert_sql() {
  std::string parameters = "?";
  for (size_t i = 1; i < kCommonColumns.size() + Rows<T>::kColumns.size(); ++i) parameters += ", ?";
  std::string updates;
  for (size_t i = 1; i < kCommonColumns.size(); ++i) updates += fmt::format("{0} = excluded.{0}, ", kCommonColumns[i]);
  for (const auto column : Rows<T>::kColumns) updates += fmt::format("{0} = excluded.{0}, ", column);
  updates.resize(updates.size() - 2);
  return fmt::format("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT (id) DO UPDATE SET {}", Rows<T>::kTable,
                     column_list<T>(), parameters, updates);
}

template <class T>
Status write_tags(Db& db, const T& resource) {
  auto clear = db.prepare(fmt::format("DELETE FROM {}_tag WHERE resource_id = ?", Rows<T>::kTable));
  if (!clear) return pass_on(clear.error());
  if (auto status = clear->bind(resource.id).run(); !status) return status;
  for (size_t i = 0; i < resource.tags.size(); ++i) {
    auto insert = db.prepare(fmt::format("INSERT INTO {}_tag VALUES (?, ?, ?)", Rows<T>::kTable));
    if (!insert) return pass_on(insert.error());
    insert->bind(resource.id).bind(static_cast<int64_t>(i)).bind(resource.tags[i]);
    if (auto status = insert->run(); !status) return status;
  }
  return {};
}

template <class T>
Status write(Db& db, const T& resource) {
  static const std::string sql = upsert_sql<T>();
  auto row = db.prepare(sql);
  if (!row) return pass_on(row.error());
  row->bind(resource.id).bind(resource.project_id).bind(resource.name).bind(resource.description);
  row->bind(int64_t{resource.admin_state_up}).bind(resource.created_at).bind(resource.updated_at);
  Rows<T>::bind(*row, resource);
  if (auto status = row->run(); !status) return status;
  return write_tags(db, resource);
}

/// kNotFound when there is no such row.
template <class T>
Status erase(Db& db, const model::Id& id) {
  auto row = db.prepare(fmt::format("DELETE FROM {} WHERE id = ?", Rows<T>::kTable));
  if (!row) return pass_on(row.error());
  if (auto status = row->bind(id).run(); !status) return status;
  if (db.changes() == 0) return fail(ErrorCode::kNotFound, fmt::format("the store has no {} {}", Rows<T>::kTable, id));
  return {};
}

/// What follows in a row: the columns that every resource has, then its own.
template <class T>
Status read_resource(Statement& row, T& resource) {
  resource.id = row.text();
  resource.project_id = row.text();
  resource.name = row.text();
  resource.description = row.text();
  resource.admin_state_up = row.integer() != 0;
  resource.created_at = row.integer();
  resource.updated_at = row.integer();
  return Rows<T>::read(row, resource);
}

template <class T>
Status load(Db& db, model::Table<T>& table) {
  std::map<model::Id, std::vector<std::string>> tags;
  auto tag_row =
      db.prepare(fmt::format("SELECT resource_id, tag FROM {}_tag ORDER BY resource_id, position", Rows<T>::kTable));
  if (!tag_row) return pass_on(tag_row.error());
  for (;;) {
    const auto more = tag_row->step();
    if (!more) return pass_on(more.error());
    if (!*more) break;
    auto& list = tags[tag_row->text()];
    list.push_back(tag_row->text());
  }

  auto row = db.prepare(fmt::format("SELECT {} FROM {} ORDER BY id", column_list<T>(), Rows<T>::kTable));
  if (!row) return pass_on(row.error());
  for (;;) {
    const auto more = row->step();
    if (!more) return pass_on(more.error());
    if (!*more) return {};
    T resource;
    if (auto status = read_resource(*row, resource); !status) return status;
    if (const auto own = tags.find(resource.id); own != tags.end()) resource.tags = std::move(own->second);
    auto id = resource.id;
    table.emplace_hint(table.end(), std::move(id), std::make_shared<const T>(std::move(resource)));
  }
}

}  // namespace elb::store
