// SPDX-License-Identifier: Apache-2.0
// How many members of each load balancer can serve, and the zones in which none can (GEN-07). Private to telemetry.
// Thread rule: any thread.
#pragma once

#include <map>
#include <set>
#include <string>

#include "model/resources.h"
#include "model/views.h"

namespace elb::telemetry {

struct ServerCounts {
  int unhealthy = 0;             // a check failed
  int usable = 0;                // healthy, or not monitored
  int zones_without_member = 0;  // of its pools: zones that have members, but none that is usable
};

/// Members that are administratively up; every load balancer has an entry.
std::map<model::Id, ServerCounts> health_by_load_balancer(const model::Model& model,
                                                          const model::ReconcilerView& reconciler);

/// Load balancers and listeners that have a member which can serve.
std::set<model::Id> objects_with_usable_member(const model::Model& model, const model::ReconcilerView& reconciler);

}  // namespace elb::telemetry
