// SPDX-License-Identifier: Apache-2.0
// Finds the addresses of new load balancers and EIPs (LB-05, LB-06, LB-07), and keeps every address off those that the
// node uses itself. Private to control/.
// Thread rule: pure functions of their arguments.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/relations.h"
#include "model/resources.h"

namespace elb::control {

/// Fills vip_subnet_id, vip_network_id and vip_address. With `vip_given` the address must be a free host address of the
/// subnet; else the lowest free one is taken. The subnet is the one named, or one of the named network (IPv4 first), or
/// the one that holds the given address. kInvalid: unknown or contradicting; kConflict: in use, or none left.
Status place_vip(model::LoadBalancer& load_balancer, bool vip_given, const model::Node& node,
                 const model::Relations& relations);

/// Fills or checks the EIP's address. kInvalid: no pool is configured, or the node uses the address; kConflict: in use,
/// or none left.
Status place_eip(model::Eip& eip, bool address_given, const model::Node& node, const model::Relations& relations);

/// kInvalid for an address that the node has itself: local addresses and the gateways of its subnets.
Status check_foreign(std::string_view field, const IpAddress& address, const model::Node& node);

}  // namespace elb::control
