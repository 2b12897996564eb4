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
  Targets wanted = plan_targets(*snapshot);
  Changes changes = difference(targets_, wanted);
  const size_t writes = changes.size();
  if (writes != 0 && !loop_->post([this, changes = std::move(changes)] { prober_->apply(changes); }))
    return fail(ErrorCode::kUnavailable, "the health checker's mailbox is full");
  targets_ = std::move(wanted);
  return model::Applied{snapshot->generation, writes};
}

}  // namespace elb::health
