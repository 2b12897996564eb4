// SPDX-License-Identifier: Apache-2.0
// How the API's status tree and counters are shown.
// Thread rule: as Context.
#pragma once

#include "cli/context.h"

namespace elb::cli {

/// `statuses`: {"loadbalancer": {..., "listeners": [...], "pools": [...]}}.
Done print_statuses(Context& context, const codec::Value& statuses);

/// `stats`: numbers by name.
Done print_stats(Context& context, const codec::Value& stats);

}  // namespace elb::cli
