// SPDX-License-Identifier: Apache-2.0
// ProxySink: the L7 proxy as the agent sees it. It runs elb-proxy in a process of its own, hands it listening sockets
// and snapshots, and starts it again when it dies. The sockets stay with the agent: what waits in them meets the next
// worker, and what it counted is carried over its end. Thread rule: apply() by the reconciler's thread, views by any; a
// thread of its own talks to the worker.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "model/http_traffic.h"
#include "model/sink.h"
#include "proxy/backoff.h"
#include "proxy/channel.h"
#include "proxy/listen_sockets.h"
#include "proxy/sticky.h"
#include "proxy/traffic_book.h"
#include "proxy/worker_process.h"

namespace elb::proxy {

struct ProxySinkOptions {
  std::vector<std::string> command;  // path and arguments of elb-proxy
  size_t loops = 1;
  StickyKey sticky_key{};
  std::function<Fd()> log_pipe{};  // the writing end of a new pipe for each worker's access log; empty: none
  std::chrono::milliseconds apply_timeout{3000};  // a worker that does not answer so long is an error of apply()
  std::chrono::seconds hang_timeout{30};          // ... and one that does not answer so long is killed
  /// When the sink goes. True: the worker serves on until WorkerLink::kOrphan has passed, as after a crash, and the
  /// next agent's takes over. False: it is told to end.
  bool leave_worker = false;
  std::chrono::seconds stop_timeout{10};  // that open requests may take then
};

class ProxySink final : public model::Sink, public model::HttpTrafficView {
 public:
  /// Makes the sockets. The worker is started by the first snapshot that has something for it, and then runs for good;
  /// one that cannot be run is tried again and again. `clock` outlives the sink.
  static Result<std::unique_ptr<ProxySink>> start(const ProxySinkOptions& options, const Clock& clock);
  /// Lets the worker finish its requests.
  ~ProxySink() override;
  ProxySink(const ProxySink&) = delete;
  ProxySink& operator=(const ProxySink&) = delete;

  const std::vector<ListenPair>& sockets() const { return sockets_; }

  std::string_view name() const override { return "proxy"; }
  /// Returns when the worker serves the snapshot. kUnavailable: it does not run, or does not answer yet; what it is
  /// given when it does is the newest snapshot.
  Result<model::Applied> apply(model::SnapshotPtr snapshot) override;
  /// Tells how often the worker had to be started again since the last one.
  Result<model::Audit> audit() override;

  /// A worker that dies takes along what it counted since it was asked last, half a second at most.
  std::optional<model::HttpListenerTraffic> http_listener_traffic(const model::Id& listener_id) const override;
  std::optional<model::HttpMemberTraffic> http_member_traffic(const model::Id& member_id) const override;

  struct State {
    pid_t pid = -1;        // -1: none runs now
    uint64_t starts = 0;   // of workers
    uint64_t applied = 0;  // generation that the worker confirmed
    std::string last_end;  // of the one before, "signal 11"; empty: none ended
  };
  State state() const;

 private:
  ProxySink(const ProxySinkOptions& options, const Clock& clock, std::vector<ListenPair> sockets, Fd event);

  void run();
  bool has_asked() const;
  void wait_for_something();
  void start_worker();
  void greet();
  void send_snapshot();
  void ask_counts();
  void read_worker();
  Status read_counts(const Message& message);
  void end_of_worker();
  void lose_worker(const std::string& why);
  void stop_worker();
  void wake() const;

  const ProxySinkOptions options_;
  const Clock& clock_;
  const std::vector<ListenPair> sockets_;
  const Fd event_;

  // of the thread alone
  std::optional<WorkerProcess> worker_;
  Backoff backoff_;
  SteadyTime next_start_{};
  std::optional<SteadyTime> unanswered_since_;
  SteadyTime counts_asked_{};
  bool counts_awaited_ = false;

  mutable std::mutex mutex_;  // of what follows
  std::condition_variable answered_;
  model::SnapshotPtr wanted_;
  uint64_t asked_ = 0;     // apply() calls
  uint64_t sent_ask_ = 0;  // of them, the last that this worker was sent; 0: none
  uint64_t sent_ = 0;      // its generation
  uint64_t refused_ = 0;   // generation
  std::string refusal_;
  uint64_t audited_restarts_ = 0;
  bool stopping_ = false;
  State state_;
  TrafficBook book_;

  std::thread thread_;
};

}  // namespace elb::proxy
