// SPDX-License-Identifier: Apache-2.0
// FlowLogService: the records of sampled connections as the agent's options want them: values of the dataplane in, JSON
// lines out. Thread rule: made and destroyed by the main thread, after the dataplane has stopped.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "logs/flow_log.h"
#include "main/options.h"
#include "model/flow_event.h"
#include "telemetry/sources.h"

namespace elb {

/// One line, with its end. `sampling`: one connection in so many has such lines.
void append_flow_line(const model::FlowEvent& event, uint32_t sampling, std::string& out);

class FlowLogService {
 public:
  /// Without sampling there is a service that does nothing.
  static Result<std::unique_ptr<FlowLogService>> start(const Options& options, const Clock& clock);

  /// For the dataplane; empty: nobody wants events.
  model::TakeFlowEvents taker();
  void reopen();
  /// For the metrics; nothing: connections are not sampled.
  std::optional<telemetry::AccessLogCounts::Sink> counts() const;

 private:
  FlowLogService() = default;
  void take(const std::vector<model::FlowEvent>& events, uint64_t lost);

  uint32_t sampling_ = 0;
  std::unique_ptr<logs::FlowLog> log_;
};

}  // namespace elb
