// SPDX-License-Identifier: Apache-2.0
// What one resource must satisfy by itself. Rules between resources are in validate_model.cpp.
#include <fmt/core.h>

#include <set>

#include "model/resources.h"
#include "model/text.h"

namespace elb::model {
namespace {

Status check_text(std::string_view field, std::string_view text, size_t max = kNameMax) {
  const auto length = utf8_length(text);
  if (!length) return invalid(std::string(field), "must be valid UTF-8");
  if (*length > max)
    return invalid(std::string(field), fmt::format("must have 0 to {} characters, has {}", max, *length));
  return {};
}

Status check_range(std::string_view field, int value, int low, int high) {
  if (value < low || value > high)
    return invalid(std::string(field), fmt::format("must be {} to {}, is {}", low, high, value));
  return {};
}

Status check_port(std::string_view field, uint16_t port) { return check_range(field, port, 1, 65535); }

Status check_tags(const std::vector<std::string>& tags) {
  if (tags.size() > kTagsMax)
    return invalid("tags", fmt::format("at most {} tags are allowed, got {}", kTagsMax, tags.size()));
  std::set<std::string_view> seen;
  for (size_t i = 0; i < tags.size(); ++i) {
    const std::string field = fmt::format("tags[{}]", i);
    if (tags[i].empty()) return invalid(field, "must not be empty");
    if (auto status = check_text(field, tags[i]); !status) return status;
    if (!seen.insert(tags[i]).second) return invalid(field, fmt::format("'{}' is given twice", tags[i]));
  }
  return {};
}

Status check_common(const Common& common) {
  if (auto status = check_text("name", common.name); !status) return status;
  if (auto status = check_text("description", common.description); !status) return status;
  if (auto status = check_text("project_id", common.project_id); !status) return status;
  return check_tags(common.tags);
}

/// An address that a host can own: neither 0.0.0.0/8, loopback, multicast nor above.
Status check_unicast(std::string_view field, const IpAddress& address) {
  if (!address.is_v4())
    return invalid(std::string(field),
                   fmt::format("{} is an IPv6 address; this version serves IPv4 only", address.to_string()));
  const uint32_t first_octet = address.v4_host() >> 24U;
  if (first_octet == 0 || first_octet == 127 || first_octet >= 224)
    return invalid(std::string(field), fmt::format("{} is not a unicast host address", address.to_string()));
  return {};
}

}  // namespace

Status validate(const LoadBalancer& load_balancer) {
  if (auto status = check_common(load_balancer); !status) return status;
  if (load_balancer.vip_subnet_id.empty()) return invalid("vip_subnet_id", "is required");  // LB-05
  if (auto status = check_text("vip_subnet_id", load_balancer.vip_subnet_id); !status) return status;
  if (auto status = check_text("vip_network_id", load_balancer.vip_network_id); !status) return status;
  if (auto status = check_text("vip_port_id", load_balancer.vip_port_id); !status) return status;
  if (auto status = check_text("provider", load_balancer.provider, 64); !status) return status;
  return check_unicast("vip_address", load_balancer.vip_address);
}

Status validate(const Listener& listener) {
  if (auto status = check_common(listener); !status) return status;
  if (auto status = check_port("protocol_port", listener.protocol_port); !status) return status;
  if (listener.protocol == Protocol::kUdp && listener.protocol_port == kVxlanPort)
    return invalid("protocol_port", fmt::format("UDP port {} is reserved for VXLAN", kVxlanPort));
  return {};
}

Status validate(const Pool& pool) { return check_common(pool); }

Status validate(const Member& member) {
  if (auto status = check_common(member); !status) return status;
  if (auto status = check_unicast("address", member.address); !status) return status;
  if (auto status = check_port("protocol_port", member.protocol_port); !status) return status;
  if (auto status = check_text("subnet_id", member.subnet_id); !status) return status;
  if (auto status = check_text("availability_zone", member.availability_zone); !status) return status;
  return check_range("weight", member.weight, 0, kWeightMax);
}

Status validate(const HealthMonitor& monitor) {
  if (auto status = check_common(monitor); !status) return status;
  if (auto status = check_range("delay", monitor.delay, 1, kDelayMax); !status) return status;
  if (auto status = check_range("timeout", monitor.timeout, 1, kDelayMax); !status) return status;
  if (auto status = check_range("max_retries", monitor.max_retries, 1, kRetriesMax); !status) return status;
  if (auto status = check_range("max_retries_down", monitor.max_retries_down, 1, kRetriesMax); !status) return status;
  if (monitor.monitor_port) return check_port("monitor_port", *monitor.monitor_port);
  return {};
}

}  // namespace elb::model
