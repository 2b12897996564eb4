// SPDX-License-Identifier: Apache-2.0
// Creation of nested resources inside one draft: a pool with members and monitor, a listener with pool and l7policies,
// a whole load balancer. Errors carry the path of the nested resource ("pools[0].members[2].weight"). Private to api.
// Thread rule: inside a transaction.
#pragma once

#include "codec/decode.h"
#include "control/draft.h"

namespace elb::api {

Result<model::Id> create_tree(control::Draft& draft, const codec::LoadBalancerTree& tree);
Result<model::Id> create_tree(control::Draft& draft, const codec::ListenerTree& tree);
Result<model::Id> create_tree(control::Draft& draft, const codec::PoolTree& tree);
Result<model::Id> create_tree(control::Draft& draft, const codec::L7PolicyTree& tree);

}  // namespace elb::api
