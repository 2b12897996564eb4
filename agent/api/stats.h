// SPDX-License-Identifier: Apache-2.0
// Octavia's five numbers of a listener, and their sum over a load balancer. Private to api.
// Thread rule: any thread.
#pragma once

#include "api/context.h"

namespace elb::api {

codec::Value listener_stats(const Context& context, const model::Id& listener_id);
codec::Value load_balancer_stats(const Context& context, const View& view, const model::Id& load_balancer_id);

}  // namespace elb::api
