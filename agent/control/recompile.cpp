// SPDX-License-Identifier: Apache-2.0
#include "control/recompile.h"

#include <algorithm>
#include <set>

#include "control/compile_member.h"

namespace elb::control {
namespace {

using model::Id;
using model::Member;
using model::Model;
using model::Snapshot;
using model::SnapshotMember;
using model::SnapshotPool;
using model::Table;

template <class T>
bool same(const Model& before, const Model& after) {
  bool same = true;
  Table<T>::differences(before.table<T>(), after.table<T>(),
                        [&same](const Id&, const auto&, const auto&) { same = false; });
  return same;
}

class Recompiler {
 public:
  Recompiler(Snapshot next, const Model& model, const HealthLookup& health)
      : next_(std::move(next)), model_(model), health_(health) {}

  void take_out(const Member& member) {
    if (SnapshotPool* pool = pool_of(member); pool != nullptr && member.admin_state_up)
      std::erase_if(pool->members, [&member](const SnapshotMember& one) { return one.id == member.id; });
    else
      std::erase(next_.parked_members, member.id);
  }

  void put_in(const Member& member) {
    if (SnapshotPool* pool = pool_of(member); pool != nullptr && member.admin_state_up) {
      const auto at = std::ranges::lower_bound(pool->members, member.id, {}, &SnapshotMember::id);
      pool->members.insert(at, SnapshotMember{.id = member.id});
    } else {
      next_.parked_members.insert(std::ranges::lower_bound(next_.parked_members, member.id), member.id);
    }
  }

  void turn(const Id& member_id) {
    const auto member = model_.members.find(member_id);
    if (member == model_.members.end()) return;
    if (const auto place = place_of_pool(next_, member->second->pool_id)) changed_.insert(*place);
  }

  Snapshot finish() {
    for (const size_t place : changed_) {
      SnapshotPool& pool = next_.pools[place];
      for (SnapshotMember& member : pool.members)
        member = compile_member(*model_.members.at(member.id), health_(member.id));
      hold_back(pool);
    }
    return std::move(next_);
  }

 private:
  /// Null: not in service.
  SnapshotPool* pool_of(const Member& member) {
    const auto place = place_of_pool(next_, member.pool_id);
    if (!place) return nullptr;
    changed_.insert(*place);
    return &next_.pools[*place];
  }

  Snapshot next_;
  const Model& model_;
  const HealthLookup& health_;
  std::set<size_t> changed_;  // places of pools
};

}  // namespace

bool only_members_differ(const Model& before, const Model& after) {
  return same<model::LoadBalancer>(before, after) && same<model::Listener>(before, after) &&
         same<model::Pool>(before, after) && same<model::HealthMonitor>(before, after) &&
         same<model::Eip>(before, after) && same<model::Certificate>(before, after) &&
         same<model::L7Policy>(before, after) && same<model::L7Rule>(before, after);
}

std::optional<size_t> place_of_pool(const Snapshot& snapshot, const Id& pool_id) {
  const auto found = std::ranges::lower_bound(snapshot.pools, pool_id, {}, &SnapshotPool::id);
  if (found == snapshot.pools.end() || found->id != pool_id) return std::nullopt;
  return static_cast<size_t>(found - snapshot.pools.begin());
}

Snapshot recompile(const Snapshot& was, const Model& before, const Model& after, const std::vector<Id>& turned,
                   const HealthLookup& health, uint64_t generation) {
  Recompiler recompiler(was, after, health);
  Table<Member>::differences(before.members, after.members, [&](const Id&, const auto& old, const auto& now) {
    if (old) recompiler.take_out(*old);
    if (now) recompiler.put_in(*now);
  });
  for (const Id& member : turned) recompiler.turn(member);
  Snapshot next = recompiler.finish();
  next.generation = generation;
  next.revision = after.revision;
  return next;
}

}  // namespace elb::control
