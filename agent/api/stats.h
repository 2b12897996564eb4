// SPDX-License-Identifier: Apache-2.0
// What several answers show alike: Octavia's five numbers of a listener, and their sum over a load balancer. Private to
// api. Thread rule: any thread.
#pragma once

#include "api/context.h"

namespace elb::api {

/// What went through a listener, whoever counted it: the kernel, or the proxy for HTTP and HTTPS. Of the latter there
/// are no packets, and bytes are those of requests and responses.
model::Traffic listener_traffic(const Context& context, const model::Id& listener_id);
/// The same of a member; bytes in are those that it was sent.
model::Traffic member_traffic(const Context& context, const model::Id& member_id);

/// What only HTTP and HTTPS listeners have, with quantiles of the time that requests took; null for others.
codec::Value listener_http(const Context& context, const model::Listener& listener);
/// null unless it is of an HTTP or HTTPS pool.
codec::Value member_http(const Context& context, const View& view, const model::Member& member);

codec::Value listener_stats(const Context& context, const model::Id& listener_id);
/// connection_limit, toa and whitelist (null: none) of a listener.
void set_limits(codec::Value& out, const model::Listener& listener);

/// VIP, EIP and their bandwidths.
void set_addresses(codec::Value& out, const View& view, const model::LoadBalancer& load_balancer);

codec::Value load_balancer_stats(const Context& context, const View& view, const model::Id& load_balancer_id);

}  // namespace elb::api
