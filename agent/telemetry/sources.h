// SPDX-License-Identifier: Apache-2.0
// What telemetry reads of the rest of the agent. Everything outlives whoever holds it. Thread rule: every view and
// function is safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/http_traffic.h"
#include "model/resources.h"
#include "model/views.h"

namespace elb::telemetry {

/// What became of the lines of access logs, since the agent started.
struct AccessLogCounts {
  struct Sink {
    std::string name;  // "file", "syslog"; "proxy": before they reached the agent
    uint64_t delivered = 0, lost = 0, failures = 0;
  };
  std::vector<Sink> sinks;
  uint64_t unrouted = 0;      // their log had been switched off, or they were cut off
  uint64_t transferred = 0;   // files
  std::optional<Sink> spans;  // of traced requests; empty: there is no collector for them
  uint64_t lost_spans = 0;    // before they reached the agent
  std::optional<Sink> flows;  // records of sampled connections; empty: none are sampled
};

struct Sources {
  const model::ReconcilerView& reconciler;
  const model::TrafficView& traffic;
  const model::HttpTrafficView* http_traffic = nullptr;  // nullptr: there is no proxy
  std::function<std::shared_ptr<const model::Model>()> model;
  std::function<uint64_t()> store_errors;        // writes that the configuration's store failed; empty: not known
  std::function<AccessLogCounts()> access_logs;  // empty: there are none
  std::string version = "0.1.0";
};

}  // namespace elb::telemetry
