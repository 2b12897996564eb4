// SPDX-License-Identifier: Apache-2.0
// The enumerations' names: as the API writes them, or (Kind) as messages do.
#include "model/resources.h"

namespace elb::model {

std::string_view to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "TCP";
    case Protocol::kUdp:
      return "UDP";
  }
  return "?";
}

std::string_view to_string(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kRoundRobin:
      return "ROUND_ROBIN";
    case Algorithm::kLeastConnections:
      return "LEAST_CONNECTIONS";
    case Algorithm::kSourceIp:
      return "SOURCE_IP";
  }
  return "?";
}

std::string_view to_string(MonitorType type) {
  switch (type) {
    case MonitorType::kTcp:
      return "TCP";
  }
  return "?";
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kLoadBalancer:
      return "load balancer";
    case Kind::kListener:
      return "listener";
    case Kind::kPool:
      return "pool";
    case Kind::kMember:
      return "member";
    case Kind::kHealthMonitor:
      return "health monitor";
    case Kind::kEip:
      return "EIP";
  }
  return "?";
}

std::optional<Protocol> parse_protocol(std::string_view text) {
  for (const Protocol value : {Protocol::kTcp, Protocol::kUdp})
    if (text == to_string(value)) return value;
  return std::nullopt;
}

std::optional<Algorithm> parse_algorithm(std::string_view text) {
  for (const Algorithm value : {Algorithm::kRoundRobin, Algorithm::kLeastConnections, Algorithm::kSourceIp})
    if (text == to_string(value)) return value;
  return std::nullopt;
}

std::optional<MonitorType> parse_monitor_type(std::string_view text) {
  if (text == to_string(MonitorType::kTcp)) return MonitorType::kTcp;
  return std::nullopt;
}

}  // namespace elb::model
