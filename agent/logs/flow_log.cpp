// SPDX-License-Identifier: Apache-2.0
#include "logs/flow_log.h"

namespace elb::logs {

Result<std::unique_ptr<FlowLog>> FlowLog::open(const LogFileOptions& options, const Clock& clock) {
  auto files = LogFiles::open(options, clock);
  if (!files) return pass_on(std::move(files.error()));
  return std::unique_ptr<FlowLog>(new FlowLog(std::move(*files)));
}

void FlowLog::offer(std::string text, size_t records, uint64_t lost) {
  if (lost > 0) lost_ += lost;
  if (records == 0) return;
  auto batch = std::make_shared<LogBatch>();
  batch->text = std::move(text);
  batch->routes.push_back({".", "flows", ""});  // directly in the directory
  batch->records = records;
  sink_.offer(batch);
}

LogSink::Counts FlowLog::counts() const {
  LogSink::Counts counts = sink_.counts();
  counts.lost += lost_;
  return counts;
}

}  // namespace elb::logs
