// SPDX-License-Identifier: Apache-2.0
// LogRouteBook: where a line belongs. Lines are read a little after they were said, and the configuration may have
// changed in between: a line names its stream itself, and of a load balancer whose log was switched off a moment ago
// the last route is remembered. Thread rule: one thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "logs/log_batch.h"

namespace elb::logs {

class LogRouteBook {
 public:
  static constexpr size_t kRemembered = 4096;  // load balancers

  explicit LogRouteBook(LogRoutes routes) : routes_(std::move(routes)) {}

  /// Empty: of no load balancer with a log.
  std::optional<LogRoute> find(const LogLine& line);

 private:
  const LogRoutes routes_;
  std::map<std::string, LogRoute, std::less<>> last_;
};

}  // namespace elb::logs
