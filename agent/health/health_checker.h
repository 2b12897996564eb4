// SPDX-License-Identifier: Apache-2.0
// HealthChecker: the executor that checks the members of monitored pools, one thread for all of them. A model::Sink
// towards the reconciler; results come back through `emit`, from the checker's thread, at most once per check.
// Thread rule: apply() from the reconciler's thread; start() once, before the first apply().
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/ip.h"
#include "base/random.h"
#include "health/prober.h"
#include "model/health.h"
#include "model/sink.h"

namespace elb::io {
class EventLoop;
}

namespace elb::health {

class HealthChecker final : public model::Sink {
 public:
  /// sources: the node's own SNAT-side addresses (HC-17). `random` and `clock` must be safe from the checker's thread.
  HealthChecker(const Clock& clock, Random& random, const Sources& sources,
                std::function<void(model::HealthEvent)> emit);
  ~HealthChecker() override;

  Status start();
  /// No event comes after it; what `emit` refers to may go then. Idempotent; the destructor calls it.
  void stop();

  std::string_view name() const override { return "health"; }
  /// Settings and members count from now on; results come later, by `emit`. writes = targets added, changed, removed.
  Result<model::Applied> apply(model::SnapshotPtr snapshot) override;

 private:
  Changes changes_for(const model::Snapshot& snapshot) const;

  std::unique_ptr<io::EventLoop> loop_;
  std::unique_ptr<Prober> prober_;
  Targets targets_;             // what the prober was told; the reconciler's thread, like the next
  model::SnapshotPtr applied_;  // that targets_ are of
  std::thread thread_;
};

}  // namespace elb::health
