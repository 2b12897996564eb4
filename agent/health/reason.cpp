// SPDX-License-Identifier: Apache-2.0
#include "health/reason.h"

#include <fmt/core.h>

#include <cctype>
#include <cerrno>
#include <system_error>

#include "io/datagram.h"

namespace elb::health {

namespace {

const char* node_fault(int error) {
  switch (error) {
    case EMFILE:
      return "this process is out of file descriptors, raise its limit (LimitNOFILE)";
    case ENFILE:
      return "this node is out of file descriptors, raise fs.file-max";
    case ENOBUFS:
    case ENOMEM:
      return "this node is out of memory for sockets";
    case ENOSPC:
      return "this node's limit of watched descriptors is reached, raise fs.epoll.max_user_watches";
    case EADDRNOTAVAIL:
      return "the source address is not configured on this node, or all its ports towards the member are taken";
    case EADDRINUSE:
    case EAGAIN:
      return "this node has no free source port towards the member";
    case EACCES:
    case EPERM:
      return "this node's own firewall or a security policy forbids the check";
    case io::kEchoForbidden:
      return "this node may not send ICMP echoes, which UDP checks begin with: sysctl -w "
             "net.ipv4.ping_group_range=\"0 2147483647\"";
    case EAFNOSUPPORT:
      return "this node has no local address of the member's family: add an IPv6 prefix to local-addresses";
    default:
      return nullptr;
  }
}

}  // namespace

bool is_node_fault(int error) { return node_fault(error) != nullptr; }

std::string describe(int error, std::chrono::milliseconds timeout) {
  if (const char* fault = node_fault(error)) return fmt::format("not checked: {}", fault);
  if (error == ETIMEDOUT) return fmt::format("timed out after {:g} s", static_cast<double>(timeout.count()) / 1000);
  std::string text = std::generic_category().message(error);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string explain(const Tracker& tracker, Thresholds thresholds, const std::string& failure) {
  switch (tracker.state()) {
    case model::HealthState::kHealthy:
      if (tracker.against() == 0) return {};
      return fmt::format("{} (failure {} of {})", failure, tracker.against(), thresholds.fall);
    case model::HealthState::kUnhealthy:
      if (tracker.against() == 0) return failure;
      return fmt::format("answers again (success {} of {})", tracker.against(), thresholds.rise);
    case model::HealthState::kUnchecked:
    case model::HealthState::kUnmonitored:
      return failure;
  }
  return failure;
}

}  // namespace elb::health
