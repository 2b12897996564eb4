// SPDX-License-Identifier: Apache-2.0
// What the model has under an id. Thread rule: as the model's.
#pragma once

#include "model/resources.h"

namespace elb::api {

/// Null: nothing. Valid as long as the model.
template <class T>
const T* look_up(const model::Model& model, const model::Id& id) {
  const auto found = model.table<T>().find(id);
  return found == model.table<T>().end() ? nullptr : found->second.get();
}

/// Of any kind.
inline bool has_id(const model::Model& model, const model::Id& id) {
  return model.load_balancers.contains(id) || model.listeners.contains(id) || model.pools.contains(id) ||
         model.members.contains(id) || model.health_monitors.contains(id) || model.certificates.contains(id) ||
         model.l7policies.contains(id) || model.l7rules.contains(id) || model.eips.contains(id);
}

/// What people call it: its name, or else its id.
inline const std::string& label(const model::Common& resource) {
  return resource.name.empty() ? resource.id : resource.name;
}

}  // namespace elb::api
