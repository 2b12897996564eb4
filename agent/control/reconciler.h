// SPDX-License-Identifier: Apache-2.0
// Reconciler: keeps every sink at the newest configuration and the newest observed health. One thread: takes models and
// health events, compiles a snapshot, applies it to each sink, repeats what failed, audits what worked.
// Thread rule: all public functions from any thread; sinks are called by the reconciler's thread only, no lock held.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "control/health_book.h"
#include "control/inbox.h"
#include "model/health.h"
#include "model/resources.h"
#include "model/sink.h"
#include "model/views.h"

namespace elb::control {

struct ReconcilerOptions {
  std::chrono::milliseconds audit_interval{5000};
  std::chrono::milliseconds backoff_min{100};  // doubles with each failure in a row
  std::chrono::milliseconds backoff_max{5000};
  /// Called by its thread, no lock held, when what it shows may have changed: the health of these members, or what is
  /// applied. Must not block.
  std::function<void(const std::vector<model::Id>& members)> noticed{};
};

class Reconciler final : public model::ReconcilerView {
 public:
  /// The sinks must outlive it; they are served in this order.
  Reconciler(const Clock& clock, std::vector<model::Sink*> sinks, ReconcilerOptions options = {});
  ~Reconciler() override;  // stops

  /// Before start(): members that the adopted data plane holds as usable stay so until a check says otherwise.
  void seed_health(const std::vector<model::Id>& member_ids);

  void start();
  /// Returns when the thread has ended; a sink call in progress is waited for, nothing further is begun.
  void stop();

  /// Never blocks longer than a lock; only the newest unserved model counts.
  void publish(std::shared_ptr<const model::Model> model);
  void on_health(model::HealthEvent event);

  model::Health member_health(const model::Id& member_id) const override;
  std::vector<model::SinkStatus> sinks() const override;
  uint64_t applied_revision() const override;

 private:
  struct Executor {
    model::Sink* sink = nullptr;
    model::SinkStatus status;  // under state_mutex_; the rest is the thread's own
    bool pending = false;      // has not got the newest snapshot yet
    bool ready = false;        // has applied one, so there is something to audit
    SteadyTime due{};          // of the next attempt
    std::chrono::milliseconds backoff{0};
    SteadyTime audit_due{};
    std::optional<SteadyTime> worked;  // last apply or audit that did; under state_mutex_
  };

  void run();
  void wait() const;
  void absorb(Inbox::Batch batch);
  void follow(const model::Model* before, WallTime now);
  void publish_snapshot(const model::Model* before, const std::vector<model::Id>& turned);
  void apply(Executor& executor);
  void audit(Executor& executor);
  void notice(const std::vector<model::Id>& members) const;
  void failed(Executor& executor, const Error& error, std::string_view what);

  const Clock& clock_;
  const ReconcilerOptions options_;
  Inbox inbox_;
  std::thread thread_;

  // The thread's own.
  std::shared_ptr<const model::Model> model_;
  model::SnapshotPtr snapshot_;
  uint64_t generation_ = 0;

  mutable std::mutex state_mutex_;
  std::vector<Executor> executors_;
  HealthBook health_;
  uint64_t revision_ = 0;  // of the newest compiled model
};

}  // namespace elb::control
