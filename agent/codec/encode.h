// SPDX-License-Identifier: Apache-2.0
// Resources as the API shows them: the union of the fields of Octavia and of the vendor dialect. Fields of features
// this version lacks show their neutral value. Thread rule: pure functions.
#pragma once

#include <string>

#include "codec/relations.h"
#include "codec/value.h"
#include "model/resources.h"

namespace elb::codec {

/// What is observed, not configured.
struct ShownStatus {
  std::string provisioning = "ACTIVE";  // ACTIVE, PENDING_CREATE, PENDING_UPDATE, ERROR
  std::string operating = "ONLINE";     // ONLINE, DRAINING, OFFLINE, DEGRADED, ERROR, NO_MONITOR
  std::string reason;                   // why, for people; empty when there is nothing to say
};

Value encode(const model::LoadBalancer& load_balancer, const Relations& relations, const ShownStatus& status);
Value encode(const model::Listener& listener, const Relations& relations, const ShownStatus& status);
Value encode(const model::Pool& pool, const Relations& relations, const ShownStatus& status);
Value encode(const model::Member& member, const Relations& relations, const ShownStatus& status);
Value encode(const model::HealthMonitor& monitor, const Relations& relations, const ShownStatus& status);
Value encode(const model::Subnet& subnet);

/// The text, or null for an empty one.
Value text_or_null(const std::string& text);

}  // namespace elb::codec
