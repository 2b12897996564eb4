// SPDX-License-Identifier: Apache-2.0
// LogSink: one place that access logs go to, with a queue of limited size and a thread of its own: a sink that hangs
// holds up neither traffic nor the other sinks. What does not fit the queue, and what is not delivered after the last
// attempt, is counted as lost. Thread rule: offer() by one thread, counts() by any.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "logs/log_batch.h"

namespace elb::logs {

/// Does the delivery. Thread rule: the sink's thread, one after the other.
class LogOutlet {
 public:
  virtual ~LogOutlet() = default;
  virtual std::string_view name() const = 0;  // "file", "syslog"
  /// All of the batch. After an error it is given `again`, kAttempts times in all.
  virtual Status deliver(const LogBatch& batch, bool again) = 0;
  /// About every second, and at the end: what has to be done without a line.
  virtual void tick() {}
  /// Somebody has renamed the files.
  virtual void reopen() {}
};

class LogSink {
 public:
  static constexpr int kAttempts = 3;
  struct Counts {
    std::string name;
    uint64_t delivered = 0;  // lines
    uint64_t lost = 0;       // lines
    uint64_t failures = 0;   // attempts
    std::string last_error;
  };

  explicit LogSink(std::unique_ptr<LogOutlet> outlet, size_t queue_bytes = size_t{16} << 20);
  ~LogSink();  // delivers what is queued, if that works at once
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  /// Never waits.
  void offer(const LogBatchPtr& batch);
  void reopen();
  /// Until everything offered before has been delivered or lost.
  void flush();
  Counts counts() const;

 private:
  void run();
  /// False: it is lost.
  bool deliver(const LogBatch& batch);
  void lose_queue();  // the mutex is held

  const std::unique_ptr<LogOutlet> outlet_;
  const size_t queue_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<LogBatchPtr> queue_;
  size_t queued_bytes_ = 0;
  bool busy_ = false;
  bool reopen_ = false;
  bool stopping_ = false;
  Counts counts_;
  std::thread thread_;
};

}  // namespace elb::logs
