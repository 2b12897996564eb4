// SPDX-License-Identifier: Apache-2.0
#include "logs/log_route_book.h"

namespace elb::logs {
namespace {

// It becomes a file's name, and who wrote the line has fewer rights than who writes the file.
bool is_name(std::string_view stream) {
  return !stream.empty() && stream != "-" && stream.front() != '.' && stream.find('/') == std::string_view::npos;
}

}  // namespace

std::optional<LogRoute> LogRouteBook::find(const LogLine& line) {
  auto last = last_.find(line.loadbalancer_id());
  if (auto route = routes_(line.loadbalancer_id()); route) {
    if (last == last_.end()) {
      if (last_.size() >= kRemembered) last_.erase(last_.begin());
      last = last_.emplace(line.loadbalancer_id(), LogRoute{}).first;
    }
    last->second = std::move(*route);
  }
  if (last == last_.end()) return std::nullopt;
  LogRoute route = last->second;
  if (line[kProjectId] == route.project_id && is_name(line[kStream])) route.stream = line[kStream];
  return route;
}

}  // namespace elb::logs
