// SPDX-License-Identifier: Apache-2.0
// Watching: events as the agent tells them, and objects shown again as they change. Ends at SIGINT, and after --timeout
// when that was given. Thread rule: as Api.
#pragma once

#include <cstdint>
#include <functional>

#include "cli/context.h"
#include "cli/resource.h"

namespace elb::cli {

/// Calls `take` with each event (GET /v1/events) after number `since`, empty: from now on.
Done watch_events(Context& context, Query query, const std::function<Done(const codec::Value&)>& take);

/// Prints the objects of a list, and a row again for each that changes or is new.
Done watch_list(Context& context, const Resource& resource, const Query& filters);
/// Prints one object, and again whenever it changes; ends when it is deleted.
Done watch_object(Context& context, const Resource& resource, const std::string& name);

}  // namespace elb::cli
