// SPDX-License-Identifier: Apache-2.0
// Resources as the API shows them: the union of the fields of Octavia and of the vendor dialect. Fields of features
// this version lacks show their neutral value. Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codec/dialect.h"
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
/// With kOctavia the persistence_timeout of UDP pools is in seconds.
Value encode(const model::Pool& pool, const Relations& relations, const ShownStatus& status,
             Dialect dialect = Dialect::kVendor);
Value encode(const model::Member& member, const Relations& relations, const ShownStatus& status);
Value encode(const model::HealthMonitor& monitor, const Relations& relations, const ShownStatus& status);
Value encode(const model::Eip& eip, const Relations& relations, const ShownStatus& status);
Value encode(const model::L7Policy& policy, const Relations& relations, const ShownStatus& status);
Value encode(const model::L7Rule& rule, const Relations& relations, const ShownStatus& status);
/// Never with its private key (TLS-19).
Value encode(const model::Certificate& certificate, const Relations& relations, const ShownStatus& status);
Value encode(const model::Subnet& subnet);

/// What only HTTP and HTTPS listeners have; on others what Octavia shows there.
void set_l7(Value& out, const model::Listener& listener);

/// {"type": "SOURCE_IP", ...} or null, as pools show it.
Value encode_persistence(const model::Pool& pool, Dialect dialect = Dialect::kVendor);

/// Configured, but without effect, and why. Texts for people.
std::vector<std::string> warnings_of(const model::Pool& pool);

/// The number, or null for none.
Value number_or_null(const std::optional<int>& number);

/// The text, or null for an empty one.
Value text_or_null(const std::string& text);

}  // namespace elb::codec
