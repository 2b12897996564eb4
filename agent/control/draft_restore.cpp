// SPDX-License-Identifier: Apache-2.0
// Bringing back what was there before (docs/adr/0027-revisions.md).
#include <fmt/core.h>

#include "control/address_allocator.h"
#include "control/draft.h"

namespace elb::control {
namespace {

using model::Id;
using model::Model;
using model::Node;

// What the node may have come to use, or somebody else to hold, since the object was as it is now put back. `current`:
// what has its id; it holds its addresses rightly.

template <class T>
Status check_place(const T&, const T*, const Node&, const Model&) {
  return {};
}

Status check_place(const model::LoadBalancer& lb, const model::LoadBalancer* current, const Node& node,
                   const Model& model) {
  if (current != nullptr && current->vip_address == lb.vip_address) return {};
  model::LoadBalancer placed = lb;
  return place_vip(placed, true, node, model);
}

Status check_place(const model::Eip& eip, const model::Eip* current, const Node& node, const Model& model) {
  if (current != nullptr && current->address == eip.address) return {};
  model::Eip placed = eip;
  return place_eip(placed, true, node, model);
}

Status check_place(const model::Member& member, const model::Member*, const Node& node, const Model&) {
  if (Status status = check_foreign("address", member.address, node); !status) return status;
  return member.monitor_address ? check_foreign("monitor_address", *member.monitor_address, node) : Status();
}

}  // namespace

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
  if (Status status = check_place(resource, current, node_, model_); !status) return pass_on(status.error());
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
