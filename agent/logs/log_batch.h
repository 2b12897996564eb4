// SPDX-License-Identifier: Apache-2.0
// LogBatch: whole lines of the access log on their way to the sinks, which share it. LogRoute: what the configuration
// says of the load balancer of a line. Thread rule: immutable once shared.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logs/log_line.h"

namespace elb::logs {

struct LogRoute {
  std::string group;
  std::string stream;
  std::string project_id;
};
/// By the id of a load balancer, whose log may have been switched off since its lines were said; empty: it never had
/// one. Safe from any thread.
using LogRoutes = std::function<std::optional<LogRoute>(std::string_view loadbalancer_id)>;
/// Where a line belongs: into the stream that it names, if it is of that project, as the configuration may have changed
/// since it was said.
std::optional<LogRoute> find_route(const LogRoutes& routes, const LogLine& line);

/// The part of a request in a trace, before its line.
struct LogSpan {
  std::string_view trace, id, parent;  // digits; parent "-": none
  int64_t start_us = 0;                // since 1970
  int64_t duration_us = 0;
};

struct LogBatch {
  struct Entry {
    LogLine line;      // points into `text`
    size_t route = 0;  // index
    LogSpan span;      // of a batch of spans, which has no routes; points into `text` too
  };
  std::string text;
  std::vector<LogRoute> routes;
  std::vector<Entry> entries;
  size_t records = 0;  // of a batch of something else: so many lines in `text`, for the file of routes[0] as they are
  size_t lines() const { return entries.size() + records; }
};
using LogBatchPtr = std::shared_ptr<const LogBatch>;

}  // namespace elb::logs
