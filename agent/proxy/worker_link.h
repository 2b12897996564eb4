// SPDX-License-Identifier: Apache-2.0
// WorkerLink: the agent as the worker sees it. It reads what comes over the channel and calls the worker's handler for
// each, one after the other; the handler's answer is the acknowledgement. When the agent is gone the worker serves on
// for a while: a new agent brings a new worker, and until then nobody else is there.
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "model/snapshot.h"
#include "proxy/counters.h"
#include "proxy/sticky.h"

namespace elb::proxy {

class WorkerHandler {
 public:
  virtual ~WorkerHandler() = default;
  /// First of all, once.
  /// `log` is a pipe for the lines of load balancers with an access log; empty: nobody reads them.
  virtual Status begin(size_t loops, const StickyKey& sticky_key, Fd log) = 0;
  virtual Status apply(model::SnapshotPtr snapshot) = 0;
  /// After the first apply(): whoever waits in the socket finds a worker that knows what to do.
  virtual Status adopt(Fd listening) = 0;
  /// What it counts; null: nothing (yet).
  virtual const Counters* counters() const { return nullptr; }
};

struct WorkerEnd {
  std::chrono::seconds grace{0};  // that open requests may take
};

class WorkerLink {
 public:
  /// How long a worker without agent goes on accepting, and what is open may take then.
  static constexpr std::chrono::seconds kOrphan{60};
  static constexpr std::chrono::seconds kOrphanGrace{30};

  WorkerLink(Fd channel, WorkerHandler& handler) : channel_(std::move(channel)), handler_(handler) {}

  /// Until the agent says stop, or `stop_fd` is readable (a signal), or kOrphan after it is gone. Errors: of begin(),
  /// and of messages that are none; the worker should end.
  Result<WorkerEnd> run(int stop_fd, std::chrono::milliseconds orphan = kOrphan);

 private:
  Result<bool> handle();
  Result<model::SnapshotPtr> read_snapshot(const Fd& memory) const;
  Status take_snapshot(uint64_t generation, const Fd& memory);
  Status take_sockets(std::vector<Fd> sockets);
  Status send_counts();

  Fd channel_;
  WorkerHandler& handler_;
  WorkerEnd end_;
  bool serves_ = false;            // there was a snapshot
  model::SnapshotPtr snapshot_{};  // the newest that could be read
  std::vector<Fd> early_{};        // sockets that came before it
};

}  // namespace elb::proxy
