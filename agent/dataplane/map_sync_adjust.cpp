// SPDX-License-Identifier: Apache-2.0
// MapSync::adjust(): what changes most, weights and health of members, written without a look at all the rest.
#include <algorithm>

#include "dataplane/desired_policy.h"
#include "dataplane/map_sync.h"

namespace elb::dataplane {
namespace {

/// Nobody came, went or moved.
bool same_members(const model::SnapshotPool& before, const model::SnapshotPool& after) {
  return std::ranges::equal(before.members, after.members,
                            [](const model::SnapshotMember& a, const model::SnapshotMember& b) {
                              return a.id == b.id && a.endpoint == b.endpoint;
                            });
}

/// Places of the pools that differ; empty: not in weights and usability alone.
std::optional<std::set<size_t>> changed_pools(const model::Snapshot& before, const model::Snapshot& after) {
  std::set<size_t> changed;
  if (before.parked_members != after.parked_members) return std::nullopt;
  for (size_t i = 0; i < after.pools.size(); ++i) {
    if (after.pools.shares(before.pools, i)) continue;
    if (!same_members(before.pools[i], after.pools[i])) return std::nullopt;
    changed.insert(i);
  }
  return changed;
}

/// What the maps are to hold of the listeners of some pools.
struct Adjusted {
  MemberTable members;
  std::map<uint32_t, Ring> rings;
  std::set<uint32_t> ringless;  // listeners without a usable member
};

/// Status: an index that should be there is not.
Status adjust_listener(const model::SnapshotListener& listener, const model::SnapshotPool& pool, const IndexBook& book,
                       const DesiredMaps& desired, Adjusted& adjusted) {
  const auto id = parse_uuid(listener.id);
  if (!id) return pass_on(Error(id.error()));
  const auto index = book.listeners.find(*id);
  if (!index) return {};  // not balanced here: its family has no local addresses
  std::vector<RingMember> ring;
  for (const model::SnapshotMember& member : pool.members) {
    const auto member_id = parse_uuid(member.id);
    if (!member_id) return pass_on(Error(member_id.error()));
    const auto slot = book.pairs.find({*id, *member_id});
    if (!slot || book.pairs.is_released({*id, *member_id})) continue;  // of a family that the listener does not reach
    elb_member value = desired.members.at(*slot);
    const bool gets_some = member.usable && member.weight > 0;
    value.flags = gets_some ? ELB_MEMBER_USABLE : 0;
    value.weight = member.weight;
    adjusted.members[*slot] = value;
    if (gets_some) ring.push_back({*slot, member.weight, member.endpoint});
  }
  if (ring.empty())
    adjusted.ringless.insert(*index);
  else
    adjusted.rings[*index] = build_ring(pool.algorithm, ring);
  return {};
}

}  // namespace

/// In commit()'s order: what a ring names is usable before it is named, and until it is named no longer.
Result<std::optional<uint64_t>> MapSync::adjust(const model::Snapshot& before, const model::Snapshot& after) {
  if (!committed_ || !model::differs_in_members_only(before, after)) return std::nullopt;
  const auto changed = changed_pools(before, after);
  if (!changed) return std::nullopt;
  Adjusted adjusted;
  for (const model::SnapshotListener& listener : after.listeners) {
    if (!listener.pool || !changed->contains(*listener.pool) || model::is_l7(listener.protocol)) continue;
    if (auto status = adjust_listener(listener, after.pools[*listener.pool], book_, desired_, adjusted); !status)
      return pass_on(std::move(status.error()));
  }
  for (const auto& [index, value] : adjusted.members) desired_.members[index] = value;
  for (const auto& [listener, ring] : adjusted.rings) desired_.rings[listener] = ring;
  for (const uint32_t listener : adjusted.ringless) desired_.rings.erase(listener);
  std::erase_if(adjusted.ringless, [this](uint32_t listener) { return rings_.count(listener) == 0; });

  uint64_t writes = 0;
  if (auto status = put_members(adjusted.members, Losing::kNo, writes); !status)
    return pass_on(std::move(status.error()));
  if (auto status = put_rings(adjusted.rings, writes); !status) return pass_on(std::move(status.error()));
  if (auto status = erase_rings(adjusted.ringless, writes); !status) return pass_on(std::move(status.error()));
  if (auto status = put_members(adjusted.members, Losing::kYes, writes); !status)
    return pass_on(std::move(status.error()));
  return writes;
}

}  // namespace elb::dataplane
