// SPDX-License-Identifier: Apache-2.0
// HealthBook: what is known of each member's health, and how it lives through changes of the configuration. A member is
// in service when the snapshot has it, that is, when traffic could reach it; leaving service forgets what was known.
// Thread rule: one thread at a time.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "model/health.h"
#include "model/resources.h"
#include "model/snapshot.h"

namespace elb::control {

class HealthBook {
 public:
  /// Members that the data plane was using before we started: they count as healthy from the first follow() on, until
  /// their first result, so that a restart takes nothing out of service.
  void seed(const std::vector<model::Id>& member_ids, WallTime now);

  /// Takes over the members of a new model. `snapshot` is compiled from it and tells who is in service.
  /// New and monitored: kUnchecked (MB-05). Monitor gone or disabled: kUnmonitored (HC-15), what was known is kept for
  /// its return. Monitor new over a member that already had traffic: kHealthy until its first results say otherwise,
  /// since nothing about the member has changed.
  void follow(const model::Model& model, const model::Snapshot& snapshot, WallTime now);

  /// The same where `model` differs from `before`, whose snapshot is `was`, in members only: costs what differs.
  void follow_members(const model::Model& before, const model::Snapshot& was, const model::Model& model, WallTime now);

  /// True when the member's state changed. Results about members that are not watched (any more) are ignored.
  bool update(const model::HealthEvent& event, WallTime now);

  /// kUnmonitored for an unknown member.
  model::Health of(const model::Id& member_id) const;

 private:
  struct Entry {
    Endpoint endpoint;
    bool in_service = false;
    bool monitored = false;
    model::Health shown;
    std::optional<model::Health> known;  // by results or by assumption; kept while the monitor is away
  };
  Entry successor(const model::Member& member, bool in_service, bool monitored, WallTime now) const;

  std::unordered_map<model::Id, Entry> entries_;
  std::unordered_map<model::Id, model::Health> seeds_;  // until the first follow()
};

}  // namespace elb::control
