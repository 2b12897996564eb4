// SPDX-License-Identifier: Apache-2.0
// The document of GET /v1/status for people: a tree of every load balancer with health and reasons, and a few lines on
// what the data plane has applied. Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

#include "codec/value.h"

namespace elb::cli {

/// One load balancer of the document. `wide` adds ids, counters of failures and when members were checked.
std::string status_tree(const codec::Value& load_balancer, bool wide, bool colour);

/// Revisions, flow table, and what an executor could not apply or had to repair.
std::string node_summary(const codec::Value& status, bool wide, bool colour);

/// One flat object for each member: loadbalancer, listener, pool, member, address, status, reason.
std::vector<codec::Value> flat_members(const codec::Value& load_balancer);

}  // namespace elb::cli
