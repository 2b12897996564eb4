// SPDX-License-Identifier: Apache-2.0
// Finds the subnet and the address of a new load balancer (LB-05, LB-06). Private to control/.
// Thread rule: pure functions of their arguments.
#pragma once

#include <vector>

#include "base/result.h"
#include "model/resources.h"

namespace elb::control {

/// Fills vip_subnet_id, vip_network_id and vip_address. With `vip_given` the address must be a free host address of the
/// subnet; else the lowest free one is taken. The subnet is the one named, or one of the named network, or the one that
/// holds the given address. kInvalid: unknown or contradicting; kConflict: in use, or none left.
Status place_vip(model::LoadBalancer& load_balancer, bool vip_given, const std::vector<model::Subnet>& subnets,
                 const model::Model& model);

}  // namespace elb::control
