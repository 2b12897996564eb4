// SPDX-License-Identifier: Apache-2.0
// WorkerProcess: one run of elb-proxy as the agent sees it: a channel, and a descriptor that tells when it ended.
// Destroying it kills it. Thread rule: one thread at a time.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace elb::proxy {

/// The channel's descriptor number in the worker.
inline constexpr int kWorkerChannelFd = 3;

class WorkerProcess {
 public:
  /// Runs `command` (path and arguments) with nothing of ours but the channel. kSystem if it cannot be run.
  static Result<WorkerProcess> spawn(const std::vector<std::string>& command);
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&& other) noexcept;
  ~WorkerProcess();

  pid_t pid() const { return pid_; }
  int channel() const { return channel_.get(); }
  /// Readable once it ended.
  int end_fd() const { return pidfd_.get(); }

  void kill();
  /// It goes on without us; the channel is closed.
  void leave() { pid_ = -1; }
  /// Waits for its end; "status 1", "signal 11".
  std::string reap();

 private:
  WorkerProcess(pid_t pid, Fd pidfd, Fd channel) : pid_(pid), pidfd_(std::move(pidfd)), channel_(std::move(channel)) {}
  void finish();

  pid_t pid_ = -1;  // -1: reaped, or moved from
  Fd pidfd_;
  Fd channel_;
};

}  // namespace elb::proxy
