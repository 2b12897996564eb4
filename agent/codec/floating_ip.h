// SPDX-License-Identifier: Apache-2.0
// An EIP as a floating IP of Neutron: bound by the port of the load balancer's VIP. Private to codec and api.
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>

#include "codec/relations.h"
#include "codec/value.h"
#include "model/resources.h"

namespace elb::codec {

/// The network that all EIPs belong to in Neutron's view; made up, the same on every node.
inline constexpr std::string_view kPublicNetwork = "e1b00000-0000-4000-8000-0000000000e1";

Value encode_floating_ip(const model::Eip& eip, const Relations& relations);

struct FloatingIp {
  model::Eip eip;
  bool address_given = false;
  std::optional<std::string> port_id;  // empty text: null was given, which unbinds
  std::string fixed_ip_address;        // empty: none given
};
Result<FloatingIp> decode_floating_ip(const Value& body);

/// `floating_ip.eip` is the EIP as it is.
Status decode_update(const Value& body, FloatingIp& floating_ip);

}  // namespace elb::codec
