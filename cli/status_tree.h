// SPDX-License-Identifier: Apache-2.0
// The document of GET /v1/status for people: a tree of every load balancer with health and reasons, and a few lines on
// what the data plane has applied. Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

#include "codec/value.h"

namespace elb::cli {

/// The document's load balancers by name, an empty line after each. `wide` adds ids, counters of failures and when
/// members were checked.
std::string status_trees(const codec::Value& load_balancers, bool wide, bool colour);

/// Revisions, flow table, and what an executor could not apply or had to repair.
std::string node_summary(const codec::Value& status, bool wide, bool colour);

/// One flat object for each member: loadbalancer, listener, pool, member, address, status, reason.
std::vector<codec::Value> flat_members(const codec::Value& load_balancers);

}  // namespace elb::cli
