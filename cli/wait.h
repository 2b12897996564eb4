// SPDX-License-Identifier: Apache-2.0
// --wait: polls until what was changed is applied, within the command's one deadline (kTimeout after it).
// Thread rule: as Api.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cli/context.h"
#include "cli/resource.h"

namespace elb::cli {

/// Calls `is_done` now and then until it says true or fails. `what` completes "not done in time: ...".
Done poll_until(Context& context, std::string_view what, const std::function<Outcome<bool>()>& is_done);

/// Until the load balancer's provisioning status is ACTIVE. kError when it becomes ERROR.
Done wait_active(Context& context, const std::string& load_balancer_id);

/// Until the object is gone.
Done wait_gone(Context& context, const Resource& resource, const std::string& id);

/// The load balancer that an object of any kind belongs to; may need requests.
Outcome<std::string> load_balancer_of(Context& context, const codec::Value& object);

}  // namespace elb::cli
