// SPDX-License-Identifier: Apache-2.0
#include "control/reconciler.h"

#include <poll.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "control/compiler.h"
#include "control/recompile.h"

namespace elb::control {
namespace {

using std::chrono::milliseconds;

constexpr size_t kLoggedFindings = 10;  // per audit; the rest is counted

std::string_view name_of(model::HealthState state) {
  switch (state) {
    case model::HealthState::kUnmonitored:
      return "unmonitored";
    case model::HealthState::kUnchecked:
      return "unchecked";
    case model::HealthState::kHealthy:
      return "healthy";
    case model::HealthState::kUnhealthy:
      return "unhealthy";
  }
  return "?";
}

}  // namespace

Reconciler::Reconciler(const Clock& clock, std::vector<model::Sink*> sinks, ReconcilerOptions options)
    : clock_(clock), options_(std::move(options)), executors_(sinks.size()) {
  for (size_t i = 0; i < sinks.size(); ++i) {
    executors_[i].sink = sinks[i];
    executors_[i].status.name = sinks[i]->name();
  }
}

Reconciler::~Reconciler() { stop(); }

void Reconciler::seed_health(const std::vector<model::Id>& member_ids) {
  const std::lock_guard lock(state_mutex_);
  health_.seed(member_ids, clock_.wall());
}

void Reconciler::start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void Reconciler::stop() {
  inbox_.stop();
  if (thread_.joinable()) thread_.join();
}

void Reconciler::publish(std::shared_ptr<const model::Model> model) { inbox_.publish(std::move(model)); }
void Reconciler::on_health(model::HealthEvent event) { inbox_.push(std::move(event)); }

model::Health Reconciler::member_health(const model::Id& member_id) const {
  const std::lock_guard lock(state_mutex_);
  return health_.of(member_id);
}

std::vector<model::SinkStatus> Reconciler::sinks() const {
  const std::lock_guard lock(state_mutex_);
  std::vector<model::SinkStatus> statuses;
  for (const Executor& executor : executors_) {
    statuses.push_back(executor.status);
    if (executor.worked)
      statuses.back().idle_s =
          std::chrono::duration_cast<std::chrono::seconds>(clock_.steady() - *executor.worked).count();
  }
  return statuses;
}

uint64_t Reconciler::applied_revision() const {
  const std::lock_guard lock(state_mutex_);
  uint64_t lowest = revision_;
  for (const Executor& executor : executors_) lowest = std::min(lowest, executor.status.applied_revision);
  return lowest;
}

void Reconciler::run() {
  for (;;) {
    wait();
    Inbox::Batch batch = inbox_.take();
    if (batch.stop) return;
    absorb(std::move(batch));
    for (Executor& executor : executors_) {
      if (inbox_.stopping()) return;
      const SteadyTime now = clock_.steady();
      if (executor.pending && now >= executor.due)
        apply(executor);
      else if (executor.ready && !executor.pending && now >= executor.audit_due)
        audit(executor);
    }
  }
}

void Reconciler::wait() const {
  std::optional<SteadyTime> next;
  for (const Executor& executor : executors_) {
    if (!executor.pending && !executor.ready) continue;
    const SteadyTime due = executor.pending ? executor.due : executor.audit_due;
    if (!next || due < *next) next = due;
  }
  int timeout_ms = -1;
  if (next) {
    // Rounded up: waking a moment early would spin.
    const auto left = std::chrono::ceil<milliseconds>(*next - clock_.steady());
    timeout_ms = static_cast<int>(std::clamp<int64_t>(left.count(), 0, 60'000));
  }
  pollfd fd{inbox_.event_fd(), POLLIN, 0};
  ::poll(&fd, 1, timeout_ms);
}

void Reconciler::absorb(Inbox::Batch batch) {
  const WallTime now = clock_.wall();
  const auto before = batch.model ? std::exchange(model_, batch.model) : model_;
  std::vector<model::Id> turned;
  bool changed = false;
  bool members_only = before && snapshot_;
  if (batch.model) {
    members_only = members_only && only_members_differ(*before, *model_);
    follow(members_only ? before.get() : nullptr, now);
    // A changed configuration may be the remedy for what a sink refused: it is tried at once.
    for (Executor& executor : executors_) executor.due = clock_.steady();
    changed = true;
  }
  for (const auto& [id, event] : batch.events) {
    {
      const std::lock_guard lock(state_mutex_);
      if (!health_.update(event, now)) continue;
    }
    changed = true;
    turned.push_back(id);
    log::info("member health changed member={} state={} reason=\"{}\"", id, name_of(event.health.state),
              event.health.reason);
  }
  if (changed && model_) publish_snapshot(members_only ? before.get() : nullptr, turned);
  if (!turned.empty()) notice(turned);
}

void Reconciler::notice(const std::vector<model::Id>& members) const {
  if (options_.noticed) options_.noticed(members);
}

/// The health book's members become those of model_. `before`: the model before, if members are all that differs.
void Reconciler::follow(const model::Model* before, WallTime now) {
  std::optional<model::Snapshot> outline;
  if (before == nullptr)
    outline = compile(
        *model_, [](const model::Id&) { return model::Health{}; }, generation_);
  const std::lock_guard lock(state_mutex_);
  if (outline)
    health_.follow(*model_, *outline, now);
  else
    health_.follow_members(*before, *snapshot_, *model_, now);
  revision_ = model_->revision;
}

/// `before`: what snapshot_ was compiled from, if members and the health of `turned` are all that differs.
void Reconciler::publish_snapshot(const model::Model* before, const std::vector<model::Id>& turned) {
  // No lock: this thread alone writes the health book.
  const auto health = [this](const model::Id& id) { return health_.of(id); };
  ++generation_;
  snapshot_ = std::make_shared<const model::Snapshot>(
      before != nullptr ? recompile(*snapshot_, *before, *model_, turned, health, generation_)
                        : compile(*model_, health, generation_));
  for (Executor& executor : executors_) executor.pending = true;
}

void Reconciler::apply(Executor& executor) {
  const model::SnapshotPtr snapshot = snapshot_;
  const auto applied = executor.sink->apply(snapshot);
  if (!applied) {
    failed(executor, applied.error(), "apply");
    return;
  }
  executor.pending = false;
  executor.ready = true;
  executor.backoff = milliseconds{0};
  executor.due = SteadyTime{};
  executor.audit_due = clock_.steady() + options_.audit_interval;
  bool recovered = false;
  {
    const std::lock_guard lock(state_mutex_);
    model::SinkStatus& status = executor.status;
    recovered = !status.error.empty();
    status.error.clear();
    executor.worked = clock_.steady();
    status.applied_generation = applied->generation;
    status.applied_revision = snapshot->revision;
    status.applies += 1;
    status.writes += applied->writes;
  }
  notice({});
  if (recovered) log::info("sink recovered sink={} revision={}", executor.sink->name(), snapshot->revision);
}

void Reconciler::audit(Executor& executor) {
  const auto result = executor.sink->audit();
  executor.audit_due = clock_.steady() + options_.audit_interval;
  if (!result) {
    // What it holds is in doubt: the snapshot is applied again.
    executor.pending = true;
    failed(executor, result.error(), "audit");
    return;
  }
  const auto& findings = result->findings;
  for (size_t i = 0; i < std::min(findings.size(), kLoggedFindings); ++i)
    log::warn("drift repaired sink={} finding=\"{}\"", executor.sink->name(), findings[i]);
  if (findings.size() > kLoggedFindings)
    log::warn("drift repaired sink={} more={}", executor.sink->name(), findings.size() - kLoggedFindings);
  const std::lock_guard lock(state_mutex_);
  executor.worked = clock_.steady();
  executor.status.drift_repaired += result->repaired;
  if (!findings.empty()) executor.status.last_finding = findings.back();
}

void Reconciler::failed(Executor& executor, const Error& error, std::string_view what) {
  executor.backoff = std::clamp(executor.backoff * 2, options_.backoff_min, options_.backoff_max);
  executor.due = clock_.steady() + executor.backoff;
  const std::string text = error.to_string();
  bool repeated = false;
  {
    const std::lock_guard lock(state_mutex_);
    repeated = executor.status.error == text;
    executor.status.failures += 1;
    executor.status.error = text;
  }
  if (!repeated) notice({});
  // A fault that lasts is logged once, not with every attempt.
  if (!repeated) log::error("sink failed sink={} call={} error=\"{}\"", executor.sink->name(), what, text);
}

}  // namespace elb::control
