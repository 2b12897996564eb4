// SPDX-License-Identifier: Apache-2.0
// A snapshot made from the one before, for what changes most: members, their weights and their health. It costs what
// changed, and shares the rest, so that executors see what is none of their business. Private to control/. Thread rule:
// pure functions.
#pragma once

#include <optional>
#include <vector>

#include "control/compiler.h"
#include "model/resources.h"
#include "model/snapshot.h"

namespace elb::control {

/// Whether all but members is the same.
bool only_members_differ(const model::Model& before, const model::Model& after);

/// Place of a pool in Snapshot::pools; nothing for one that is not in service.
std::optional<size_t> place_of_pool(const model::Snapshot& snapshot, const model::Id& pool_id);

/// What compile(after, health, generation) makes. `was` was compiled from `before`, of which `after` differs in members
/// only; `turned` are members whose health is not as it was then.
model::Snapshot recompile(const model::Snapshot& was, const model::Model& before, const model::Model& after,
                          const std::vector<model::Id>& turned, const HealthLookup& health, uint64_t generation);

}  // namespace elb::control
