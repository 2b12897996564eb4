// SPDX-License-Identifier: Apache-2.0
// FlowLog: a file DIRECTORY/flows.log of JSON lines that rotates as access logs do, behind a queue and a thread of its
// own: who offers records never waits, and what does not fit is counted as lost. Thread rule: offer() by one thread,
// the rest by any.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "logs/log_files.h"
#include "logs/log_sink.h"

namespace elb::logs {

class FlowLog {
 public:
  /// kSystem if the directory, which is to be of nothing else, cannot be made or written to. The clock outlives it.
  static Result<std::unique_ptr<FlowLog>> open(const LogFileOptions& options, const Clock& clock);

  /// `text`: so many whole lines. `lost`: how many more there would have been.
  void offer(std::string text, size_t records, uint64_t lost);
  void reopen() { sink_.reopen(); }
  /// Until everything offered before has been written or lost.
  void flush() { sink_.flush(); }
  /// Name "file"; lost ones include those that were not offered.
  LogSink::Counts counts() const;

 private:
  explicit FlowLog(std::unique_ptr<LogFiles> files) : sink_(std::move(files)) {}
  std::atomic<uint64_t> lost_{0};
  LogSink sink_;
};

}  // namespace elb::logs
