// SPDX-License-Identifier: Apache-2.0
// Bringing back what was there before (docs/adr/0027-revisions.md).
#include <fmt/core.h>

#include <type_traits>

#include "control/address_allocator.h"
#include "control/draft.h"

namespace elb::control {

using model::Id;

/// What has kept its address holds it rightly.
template <class T>
Status Draft::check_place(const T& resource, const T* current) const {
  if constexpr (std::is_same_v<T, model::LoadBalancer>) {
    T placed = resource;
    if (current == nullptr || current->vip_address != resource.vip_address)
      return place_vip(placed, true, node_, relations_);
  }
  if constexpr (std::is_same_v<T, model::Eip>) {
    T placed = resource;
    if (current == nullptr || current->address != resource.address) return place_eip(placed, true, node_, relations_);
  }
  if constexpr (std::is_same_v<T, model::Member>) {
    if (current == nullptr || current->address != resource.address)
      if (Status status = check_reached("address", resource.address); !status) return status;
    if (current == nullptr || current->monitor_address != resource.monitor_address) return check_monitored(resource);
  }
  return {};
}

template <class T>
Result<bool> Draft::restore(T resource) {
  if (!sees(resource))
    return fail(ErrorCode::kNotFound, fmt::format("project {} does not exist", resource.project_id), "project_id");
  const auto there = model_.table<T>().find(resource.id);
  const T* current = there == model_.table<T>().end() ? nullptr : there->second.get();
  if (current != nullptr && !sees(*current))  // not whose: it is another project's
    return fail(ErrorCode::kConflict, fmt::format("{} cannot be taken, another object has it", resource.id), "id");
  if (current != nullptr) {
    resource.updated_at = current->updated_at;
    if (resource == *current) return false;
  }
  if constexpr (requires { resource.protocol; })
    if (Status status = check_served(resource.protocol); !status) return pass_on(status.error());
  if (Status status = validate(resource); !status) return pass_on(status.error());
  if (Status status = check_place(resource, current); !status) return pass_on(status.error());
  resource.updated_at = now();
  put(std::move(resource));
  return true;
}

template <class T>
bool Draft::discard(const Id& id) {
  if (!has<T>(id)) return false;
  erase<T>(id);
  return true;
}

#define ELB_INSTANTIATE(T)                             \
  template Result<bool> Draft::restore<T>(T resource); \
  template bool Draft::discard<T>(const Id& id);
ELB_INSTANTIATE(model::LoadBalancer)
ELB_INSTANTIATE(model::Listener)
ELB_INSTANTIATE(model::Pool)
ELB_INSTANTIATE(model::Member)
ELB_INSTANTIATE(model::HealthMonitor)
ELB_INSTANTIATE(model::Eip)
ELB_INSTANTIATE(model::Certificate)
ELB_INSTANTIATE(model::L7Policy)
ELB_INSTANTIATE(model::L7Rule)
#undef ELB_INSTANTIATE

}  // namespace elb::control
