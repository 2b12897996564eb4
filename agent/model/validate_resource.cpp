// SPDX-License-Identifier: Apache-2.0
// What one resource must satisfy by itself. Rules between resources are in validate_model.cpp.
#include <fmt/core.h>

#include <algorithm>
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

/// Why no host can own the address; empty: one can.
std::string_view not_a_host(const IpAddress& address) {
  const auto& bytes = address.bytes();
  if (address.is_v4()) {
    // Neither 0.0.0.0/8, loopback, multicast nor above.
    return bytes[0] == 0 || bytes[0] == 127 || bytes[0] >= 224 ? "is not a unicast host address" : "";
  }
  const auto zeros = std::find_if(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte != 0; }) - bytes.begin();
  if (zeros == 10 && bytes[10] == 0xFF && bytes[11] == 0xFF) return "is an IPv4 address in IPv6 form; write it as IPv4";
  if (bytes[0] == 0xFF || zeros >= 8) return "is not a unicast host address";  // multicast; ::, ::1 and ::/64
  if (bytes[0] == 0xFE && (bytes[1] & 0xC0U) == 0x80) return "is a link-local address";
  return "";
}

Status check_unicast(std::string_view field, const IpAddress& address) {
  const std::string_view why = not_a_host(address);
  if (why.empty()) return {};
  return invalid(std::string(field), fmt::format("{} {}", address.to_string(), why));
}

Status check_bandwidth(std::string_view field, const std::optional<int>& bandwidth) {
  return bandwidth ? check_range(field, *bandwidth, 1, kBandwidthMax) : Status();  // LB-09
}

Status check_access(const Listener& listener) {
  if (listener.connection_limit == 0 || listener.connection_limit < -1)
    return invalid("connection_limit",
                   fmt::format("must be -1 or 1 to {}, is {}", kConnectionLimitMax, listener.connection_limit));
  if (listener.toa && listener.protocol != Protocol::kTcp)
    return invalid("toa", fmt::format("needs a TCP listener, this one is {}", to_string(listener.protocol)));
  if (listener.whitelist && listener.whitelist->entries.size() > kWhitelistMax)
    return invalid("allowed_cidrs", fmt::format("at most {} entries are allowed, got {}", kWhitelistMax,
                                                listener.whitelist->entries.size()));
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
  if (auto status = check_bandwidth("vip_bandwidth", load_balancer.vip_bandwidth); !status) return status;
  return check_unicast("vip_address", load_balancer.vip_address);
}

Status validate(const Listener& listener) {
  if (auto status = check_common(listener); !status) return status;
  if (auto status = check_port("protocol_port", listener.protocol_port); !status) return status;
  if (listener.protocol == Protocol::kUdp && listener.protocol_port == kVxlanPort)
    return invalid("protocol_port", fmt::format("UDP port {} is reserved for VXLAN", kVxlanPort));
  return check_access(listener);
}

Status validate_persistence(const Pool& pool) {
  if (!pool.persistence) return {};
  if (pool.algorithm == Algorithm::kLeastConnections)
    return invalid("session_persistence", "cannot be combined with lb_algorithm LEAST_CONNECTIONS; null removes it");
  const auto& minutes = pool.persistence->timeout_minutes;
  if (!minutes) return {};
  if (pool.algorithm == Algorithm::kSourceIp)
    return invalid("session_persistence.persistence_timeout",
                   "must not be given with lb_algorithm SOURCE_IP, which is sticky by itself; null removes it");
  return check_range("session_persistence.persistence_timeout", *minutes, 1, kStickyMaxMinutes);
}

Status validate(const Pool& pool) {
  if (auto status = check_common(pool); !status) return status;
  return validate_persistence(pool);
}

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

Status validate(const Eip& eip) {
  if (auto status = check_common(eip); !status) return status;
  if (auto status = check_text("bandwidth_name", eip.bandwidth_name); !status) return status;
  if (eip.type != "5_bgp" && eip.type != "5_sbgp")  // LB-08
    return invalid("type", fmt::format("must be 5_bgp or 5_sbgp, is '{}'", eip.type));
  if (auto status = check_bandwidth("bandwidth", eip.bandwidth); !status) return status;
  return check_unicast("address", eip.address);
}

}  // namespace elb::model
