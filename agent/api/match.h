// SPDX-License-Identifier: Apache-2.0
// Which present object each entry of a document means. Keys are tried one after another over all entries, so that an
// entry with a good claim (its id, its name) is served before one with a weaker one (the same port). Private to api.
// Thread rule: pure functions.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/document.h"

namespace elb::api {

template <class T>
struct Key {
  std::string_view field;                         // for errors
  std::function<std::string(const T&)> of;        // empty: the object has none
  enum class Twins { kRefuse, kPass, kInOrder };  // of several present objects or entries with one key
  Twins twins = Twins::kRefuse;
};

/// One for each entry, null where it is new. `what` is the noun of errors.
template <class T, class E>
std::vector<std::shared_ptr<const T>> match(const std::vector<E>& entries,
                                            const std::vector<std::shared_ptr<const T>>& present,
                                            const std::vector<Key<T>>& keys, std::string_view what,
                                            std::vector<Error>& errors) {
  using Twins = typename Key<T>::Twins;
  std::vector<std::shared_ptr<const T>> found(entries.size());
  std::set<model::Id> claimed;
  std::set<std::string> ids;
  for (size_t i = 0; i < entries.size(); ++i) {
    const model::Id& id = entries[i].resource.id;
    if (id.empty()) continue;
    if (!ids.insert(id).second)
      errors.push_back({ErrorCode::kInvalid, fmt::format("{} is given twice", id), entries[i].path + ".id"});
    for (const auto& one : present)
      if (one->id == id) found[i] = one;
    if (found[i]) claimed.insert(id);
  }
  for (const Key<T>& key : keys) {
    std::map<std::string, std::vector<std::shared_ptr<const T>>> index;
    for (const auto& one : present)
      if (const std::string value = key.of(*one); !value.empty() && !claimed.contains(one->id))
        index[value].push_back(one);
    std::map<std::string, size_t> uses;
    for (size_t i = 0; i < entries.size(); ++i) {
      const std::string value = key.of(entries[i].resource);
      if (value.empty() || !entries[i].resource.id.empty()) continue;
      const size_t use = uses[value]++;
      if (use > 0 && key.twins == Twins::kRefuse)
        errors.push_back({ErrorCode::kInvalid, fmt::format("{} is given twice", value),
                          fmt::format("{}.{}", entries[i].path, key.field)});
      if (found[i]) continue;
      const auto candidates = index.find(value);
      if (candidates == index.end()) continue;
      if (candidates->second.size() > 1 && key.twins == Twins::kRefuse) {
        errors.push_back(
            {ErrorCode::kConflict,
             fmt::format("{} {}s there are called '{}'; give the id", candidates->second.size(), what, value),
             fmt::format("{}.{}", entries[i].path, key.field)});
        continue;
      }
      if (candidates->second.size() > 1 && key.twins == Twins::kPass) continue;
      auto& list = candidates->second;
      if (list.empty()) continue;
      found[i] = list.front();
      claimed.insert(list.front()->id);
      list.erase(list.begin());
    }
  }
  return found;
}

}  // namespace elb::api
