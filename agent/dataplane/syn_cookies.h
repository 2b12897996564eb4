// SPDX-License-Identifier: Apache-2.0
// SYN cookies (docs/adr/0012): does this node let the packet program make them, and are they wanted? Only the probe
// asks the kernel; the judgement is a function of plain values. Thread rule: any thread.
#pragma once

#include <string>

#include "dataplane/options.h"
#include "model/diagnosis.h"

namespace elb::dataplane {

/// What stands in the way on this node, empty if nothing does.
std::string syn_cookie_obstacle();

/// Above max-new-connections-per-s the program answers by cookies; else it drops (rate_guard).
bool uses_syn_cookies(const DataplaneOptions& options);

model::Finding judge_syn_cookies(const DataplaneOptions& options, const std::string& obstacle);

}  // namespace elb::dataplane
