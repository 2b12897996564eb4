// SPDX-License-Identifier: Apache-2.0
#include "health/health_checker.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "health/prober.h"
#include "io/event_loop.h"

namespace elb::health {

namespace {

/// Three quarters of the process's descriptors: members that do not answer hold one each until their timeout, and the
/// API and the store must still get theirs.
size_t descriptors_for_checks() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 512;
  return std::max<size_t>(64, limit.rlim_cur / 4 * 3);
}

}  // namespace

HealthChecker::HealthChecker(const Clock& clock, Random& random, const Sources& sources,
                             std::function<void(model::HealthEvent)> emit)
    : loop_(std::make_unique<io::EventLoop>(clock)),
      prober_(std::make_unique<Prober>(*loop_, clock, random, sources, descriptors_for_checks(), std::move(emit))) {}

HealthChecker::~HealthChecker() { stop(); }

void HealthChecker::stop() {
  loop_->stop();
  if (thread_.joinable()) thread_.join();
}

Status HealthChecker::start() {
  try {
    thread_ = std::thread([this] { loop_->run(); });
  } catch (const std::system_error& error) {
    return fail_errno(error.code().value(), "cannot start the health checker's thread");
  }
  pthread_setname_np(thread_.native_handle(), "elb-health");
  return {};
}

Result<model::Applied> HealthChecker::apply(model::SnapshotPtr snapshot) {
  const Changes changes = changes_for(*snapshot);
  if (changes.size() != 0 && !loop_->post([this, changes] { prober_->apply(changes); }))
    return fail(ErrorCode::kUnavailable, "the health checker's mailbox is full");
  for (const model::Id& id : changes.removed) targets_.erase(id);
  for (const auto& [id, target] : changes.put) targets_.insert_or_assign(id, target);
  applied_ = snapshot;
  return model::Applied{snapshot->generation, changes.size()};
}

/// Pools that the snapshot shares with the one before are not looked at.
Changes HealthChecker::changes_for(const model::Snapshot& snapshot) const {
  if (!applied_ || !model::differs_in_members_only(*applied_, snapshot))
    return difference(targets_, plan_targets(snapshot));
  Targets before, after;
  for (size_t i = 0; i < snapshot.pools.size(); ++i) {
    if (snapshot.pools.shares(applied_->pools, i)) continue;
    plan_targets(applied_->pools[i], before);
    plan_targets(snapshot.pools[i], after);
  }
  return difference(before, after);
}

}  // namespace elb::health
