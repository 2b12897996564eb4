// SPDX-License-Identifier: Apache-2.0
// What several answers show alike: Octavia's five numbers of a listener, and their sum over a load balancer. Private to
// api. Thread rule: any thread.
#pragma once

#include "api/context.h"

namespace elb::api {

codec::Value listener_stats(const Context& context, const model::Id& listener_id);
/// connection_limit, toa and whitelist (null: none) of a listener.
void set_limits(codec::Value& out, const model::Listener& listener);

/// VIP, EIP and their bandwidths.
void set_addresses(codec::Value& out, const View& view, const model::LoadBalancer& load_balancer);

codec::Value load_balancer_stats(const Context& context, const View& view, const model::Id& load_balancer_id);

}  // namespace elb::api
