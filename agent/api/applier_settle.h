// SPDX-License-Identifier: Apache-2.0
// What Applier does with one object, whatever its kind. Private to applier*.cpp. Thread rule: as Applier.
#pragma once

#include <set>
#include <utility>

#include "api/applier.h"

namespace elb::api {

/// Whether a document that says `wanted` wants nothing else than what is there.
template <class T>
bool same(const T& wanted, const T& present) {
  if constexpr (std::is_same_v<T, model::Listener>)
    if (wanted.default_pool_id != present.default_pool_id) return false;
  if constexpr (std::is_same_v<T, model::L7Policy>)
    if (wanted.redirect_pool_id != present.redirect_pool_id ||
        wanted.redirect_listener_id != present.redirect_listener_id)
      return false;
  if constexpr (std::is_same_v<T, model::Certificate>)
    if (wanted.private_key != present.private_key) return false;
  return codec::describe(wanted) == codec::describe(present);
}

template <class T, class Create>
std::optional<model::Id> Applier::settle(const std::string& path, T wanted, const Shared<T>& present,
                                         const std::string& immutable, Create create) {
  if (present && immutable.empty()) {
    notes_.paths[present->id] = path;
    wanted.id = present->id;
    wanted.project_id = present->project_id;
    if (same(wanted, *present)) {
      ++unchanged_;
      return present->id;
    }
    if (Status status = draft_.update(std::move(wanted)); !status) {
      fail(path, status.error());
      return std::nullopt;
    }
    return present->id;
  }
  if (present) wanted.id.clear();
  auto id = create(std::move(wanted));
  if (!id) {
    fail(path, id.error());
    return std::nullopt;
  }
  notes_.paths[*id] = path;
  if (present) notes_.replaced[present->id] = {*id, fmt::format("{} cannot be changed", immutable)};
  return *id;
}

template <class T, class List>
void Applier::prune(const List& present, const std::vector<Shared<T>>& claimed, std::vector<model::Id>& doomed) {
  std::set<model::Id> kept;
  for (const auto& one : claimed)
    if (one) kept.insert(one->id);
  for (const auto& one : present)
    if (!kept.contains(one->id)) doomed.push_back(one->id);
}

}  // namespace elb::api
