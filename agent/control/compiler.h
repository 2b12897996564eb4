// SPDX-License-Identifier: Apache-2.0
// Compiler: what is configured plus what is observed becomes what the executors do. Admin-down objects are left out
// here, so that no executor has to know the rule.
// Thread rule: pure.
#pragma once

#include <functional>

#include "model/resources.h"
#include "model/snapshot.h"

namespace elb::control {

/// The health of a member as it counts now: kUnmonitored where no enabled monitor watches it.
using HealthLookup = std::function<model::Health(const model::Id& member_id)>;

model::Snapshot compile(const model::Model& model, const HealthLookup& health, uint64_t generation);

}  // namespace elb::control
