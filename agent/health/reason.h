// SPDX-License-Identifier: Apache-2.0
// What a failed check is called where people read it, and whose fault it was.
// Thread rule: pure functions.
#pragma once

#include <chrono>
#include <string>

#include "health/tracker.h"

namespace elb::health {

/// True for errors of this node (descriptors, memory, source address, its own firewall): such a check says nothing
/// about the member and is not counted. An unreachable network or host counts: traffic would not get there either.
bool is_node_fault(int error);

/// "connection refused", "no route to host", "timed out after 3 s" (ETIMEDOUT with the timeout that was used).
/// For a node's fault "not checked: ..." with what to do about it.
std::string describe(int error, std::chrono::milliseconds timeout);

/// The reason shown for a member after a result: empty for a healthy one, the failure for an unhealthy one, and how
/// far the run has come while results speak against the state: "connection refused (failure 1 of 3)".
std::string explain(const Tracker& tracker, Thresholds thresholds, const std::string& failure);

}  // namespace elb::health
