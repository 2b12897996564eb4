// SPDX-License-Identifier: Apache-2.0
// LogHub: the agent's side of the access logs (LOG-01..06). Each worker writes its lines into a pipe of its own; a
// thread reads them, finds the stream that each belongs to, keeps the newest in memory for whoever follows, and offers
// them to the sinks. Thread rule: every call from any thread.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "logs/log_sink.h"

namespace elb::logs {

struct LogCounts {
  uint64_t lines = 0;    // read
  uint64_t lost = 0;     // that workers had to drop before the agent could read them
  uint64_t unknown = 0;  // of load balancers that have no access log any more, or cut off by a worker's end
  std::vector<LogSink::Counts> sinks;
  uint64_t lost_spans = 0;               // that workers had to drop
  std::optional<LogSink::Counts> spans;  // empty: there is no collector for them
};

/// A line that somebody follows.
struct RecentLine {
  uint64_t number = 0;  // 1, 2, ...
  std::string text;     // 32 fields and why it ended
};

class LogHub {
 public:
  static constexpr size_t kRecentBytes = size_t{4} << 20;

  /// `directory`: where the files lie that can be searched; empty: nowhere.
  /// `spans`: who gets the spans of traced requests; empty: nobody.
  LogHub(LogRoutes routes, std::vector<std::unique_ptr<LogOutlet>> outlets, std::string directory = {},
         std::unique_ptr<LogOutlet> spans = {});
  ~LogHub();
  LogHub(const LogHub&) = delete;
  LogHub& operator=(const LogHub&) = delete;

  /// The writing end of a new pipe, for a worker; empty if there can be none.
  Fd make_pipe();
  /// Somebody has renamed files.
  void reopen();
  LogCounts counts() const;
  /// The newest lines after `number`, oldest first. `first`: the oldest that is still there.
  std::vector<RecentLine> recent(uint64_t after, uint64_t* first = nullptr) const;
  uint64_t newest() const;
  const std::string& directory() const { return directory_; }

 private:
  struct Pipe {
    Fd end;
    std::string rest;                             // of a line
    uint64_t lost_told = 0, lost_spans_told = 0;  // by this worker
  };
  struct Lines {
    std::vector<std::string> log, spans;
    bool empty() const { return log.empty() && spans.empty(); }
  };
  void run();
  /// False: its writer is gone.
  bool read(Pipe& pipe, Lines& lines);
  void take(std::string_view line, Pipe& pipe, Lines& lines);
  void dispatch(const std::vector<std::string>& lines);
  void wake() const;

  const LogRoutes routes_;
  const std::string directory_;
  std::vector<std::unique_ptr<LogSink>> sinks_;
  std::unique_ptr<LogSink> span_sink_;
  Fd event_;
  std::atomic<uint64_t> lines_{0}, lost_{0}, unknown_{0}, lost_spans_{0};
  mutable std::mutex mutex_;  // of what follows
  std::vector<Pipe> fresh_;   // that the thread has not seen yet
  std::deque<RecentLine> recent_;
  size_t recent_bytes_ = 0;
  uint64_t number_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace elb::logs
