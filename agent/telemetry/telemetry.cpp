// SPDX-License-Identifier: Apache-2.0
#include "telemetry/telemetry.h"

#include <pthread.h>

#include <algorithm>

#include "base/log.h"
#include "telemetry/pool_health.h"
#include "telemetry/prometheus.h"

namespace elb::telemetry {
namespace {

constexpr std::chrono::hours kShownWithoutMember{24};  // MON-06

std::unique_ptr<SeriesStore> open_series(const TelemetryOptions& options) {
  auto store = SeriesStore::open(options.series_file, options.series_bytes);
  if (store) return std::move(*store);
  log::error("metrics are kept in memory only: {}", store.error().to_string());
  store = SeriesStore::open(":memory:", options.series_bytes / 8);
  return store ? std::move(*store) : nullptr;
}

/// Whether there is a listener of that kind among what the dimensions name.
template <class Is>
bool any_listener(const model::Model& model, const Dimensions& dimensions, const Is& is) {
  return std::any_of(model.listeners.begin(), model.listeners.end(), [&](const auto& one) {
    const model::Listener& listener = *one.second;
    const bool named = dimensions.listener_id.empty() ? listener.loadbalancer_id == dimensions.load_balancer_id
                                                      : listener.id == dimensions.listener_id;
    return named && is(listener.protocol);
  });
}

/// Those that an object has now; a load balancer may have had others.
std::vector<Metric> metrics_of(const model::Model& model, const Dimensions& dimensions) {
  const bool http = any_listener(model, dimensions, model::is_l7);
  const bool https = any_listener(model, dimensions, [](auto protocol) { return protocol == model::Protocol::kHttps; });
  std::vector<Metric> metrics;
  for (size_t i = 0; i < kMetricCount; ++i) {
    const auto metric = static_cast<Metric>(i);
    if (!check_metric(model, dimensions, metric) || (kMetrics[i].l7 && !http)) continue;
    if (metric == kCertificateDays && !https) continue;
    metrics.push_back(metric);
  }
  return metrics;
}

int64_t seconds_of(WallTime wall) {
  return std::chrono::duration_cast<std::chrono::seconds>(wall.time_since_epoch()).count();
}

}  // namespace

Telemetry::Telemetry(Sources sources, const Clock& clock, Random& random, TelemetryOptions options)
    : sources_(std::move(sources)),
      clock_(clock),
      options_(std::move(options)),
      store_(open_series(options_)),
      alarms_(options_.alarm_file, options_.channels, clock, random),
      sampler_(sources_) {}

Telemetry::~Telemetry() { stop(); }

void Telemetry::start() {
  alarms_.start();
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "telemetry");
}

void Telemetry::stop() {
  {
    const std::lock_guard lock(wake_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  alarms_.stop();
}

void Telemetry::run() {
  std::unique_lock lock(wake_mutex_);
  while (!stopping_) {
    lock.unlock();
    tick();
    // Looks fall on multiples of the wall clock, so that a minute ends with one.
    const auto since_1970 = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall().time_since_epoch());
    const std::chrono::milliseconds every = options_.look_every;
    lock.lock();
    wake_.wait_for(lock, every - since_1970 % every, [this] { return stopping_; });
  }
}

void Telemetry::tick() {
  const WallTime wall = clock_.wall();
  const SteadyTime now = clock_.steady();
  sampler_.observe(now, wall);
  note_usable(now);
  const int64_t minute = seconds_of(wall) / 60;
  if (minute_ >= 0 && minute != minute_) close_minute(minute_ * 60);
  minute_ = minute;
}

void Telemetry::close_minute(int64_t minute_s) {
  std::vector<ObjectPoint> points = sampler_.close();
  if (points.empty()) return;
  if (const Status status = store_ ? store_->add(minute_s, points) : Status{}; !status) {
    const std::lock_guard lock(mutex_);
    if (failed_writes_++ % 60 == 0) log::warn("cannot write metrics: {}", status.error().to_string());
  }
  {
    const std::lock_guard lock(mutex_);
    last_minute_ = std::move(points);
  }
  alarms_.evaluate(minute_s + 60, [this](const AlarmRule& rule, int64_t end_s) { return look(rule, end_s); });
}

std::optional<double> Telemetry::look(const AlarmRule& rule, int64_t end_s) const {
  const auto found = series(rule.dimensions, rule.metric, end_s - rule.period_s, end_s, rule.period_s);
  if (!found || found->empty()) return std::nullopt;
  return value_of(found->back().sample, rule.statistic);
}

void Telemetry::note_usable(SteadyTime now) {
  const auto model = sources_.model();
  const auto usable = objects_with_usable_member(*model, sources_.reconciler);
  const std::lock_guard lock(mutex_);
  std::map<std::string, SteadyTime> next;
  for (const Dimensions& dimensions : all_dimensions(*model)) {
    const std::string object = dimensions.object();
    const auto known = usable_.find(object);
    next[object] = usable.contains(object) || known == usable_.end() ? now : known->second;
  }
  usable_ = std::move(next);
}

Result<std::vector<TimedSample>> Telemetry::series(const Dimensions& dimensions, Metric metric, int64_t from_s,
                                                   int64_t to_s, int64_t period_s) const {
  if (!store_) return fail(ErrorCode::kUnavailable, "no metrics are kept");
  return store_->read(dimensions.object(), metric, from_s, to_s, period_s);
}

std::vector<Telemetry::Monitored> Telemetry::monitored(bool all) const {
  const auto model = sources_.model();
  std::vector<Monitored> found;
  const SteadyTime now = clock_.steady();
  for (const Dimensions& dimensions : all_dimensions(*model)) {
    if (!all && !dimensions.load_balancer_id.empty()) {
      const std::lock_guard lock(mutex_);
      const auto usable = usable_.find(dimensions.object());
      if (usable != usable_.end() && now - usable->second > kShownWithoutMember) continue;
    }
    found.push_back({dimensions, metrics_of(*model, dimensions)});
  }
  return found;
}

void Telemetry::add_last_minute(Exposition& out, const std::shared_ptr<const model::Model>& project) const {
  const auto model = project ? project : sources_.model();
  const std::lock_guard lock(mutex_);
  out.family(Exposition::Type::kGauge, "elb_last_minute",
             "Mean of the last whole minute of a series, as GET /v1/metrics has it; the label metric is its id.");
  for (const ObjectPoint& point : last_minute_) {
    Labels labels = {{"metric", ""}};
    if (const auto listener = model->listeners.find(point.object); listener != model->listeners.end()) {
      labels.emplace_back("loadbalancer_id", listener->second->loadbalancer_id);
      labels.emplace_back("listener_id", point.object);
    } else if (model->load_balancers.contains(point.object)) {
      labels.emplace_back("loadbalancer_id", point.object);
    } else if (point.object != kNodeObject || project) {
      continue;  // deleted since, or not theirs
    }
    for (size_t metric = 0; metric < kMetricCount; ++metric) {
      if (!point.samples[metric]) continue;
      labels[0].second = kMetrics[metric].id;
      out.sample(labels, point.samples[metric]->average());
    }
  }
}

void Telemetry::add_own(Exposition& out) const {
  const std::lock_guard lock(mutex_);
  out.family(Exposition::Type::kCounter, "elb_telemetry_failed_writes",
             "Minutes of metrics that could not be written.");
  out.sample({}, failed_writes_);
  out.family(Exposition::Type::kGauge, "elb_telemetry_series_bytes", "Size of the kept metrics.");
  out.sample({}, static_cast<uint64_t>(store_ ? store_->bytes() : 0));
}

void Telemetry::add_alarms(Exposition& out) const {
  using Type = Exposition::Type;
  out.family(Type::kGauge, "elb_alarm_firing", "1: the alarm's state is alarm. 0: ok, or not enough data.");
  for (const Alarm& alarm : alarms_.all())
    out.sample(
        {{"alarm_id", alarm.id}, {"alarm", alarm.rule.name}, {"severity", std::string(to_string(alarm.rule.severity))}},
        uint64_t{alarm.state == AlarmState::kAlarm});
  const auto counts = alarms_.counts();
  const auto each = [&](Type type, std::string_view name, std::string_view help, auto value) {
    out.family(type, name, help);
    for (size_t i = 0; i < kTargetTypes; ++i)
      out.sample({{"type", std::string(to_string(static_cast<TargetType>(i)))}}, uint64_t{value(counts[i])});
  };
  each(Type::kCounter, "elb_notifications_delivered", "Notifications delivered.",
       [](const auto& one) { return one.delivered; });
  each(Type::kCounter, "elb_notifications_failed_attempts", "Attempts to deliver that failed; most are made again.",
       [](const auto& one) { return one.failed_attempts; });
  each(Type::kCounter, "elb_notifications_given_up", "Notifications that were never delivered.",
       [](const auto& one) { return one.given_up; });
  each(Type::kGauge, "elb_notifications_pending", "Notifications still to be delivered.",
       [](const auto& one) { return one.pending; });
}

void Telemetry::add_access_logs(Exposition& out) const {
  if (!sources_.access_logs) return;
  const AccessLogCounts counts = sources_.access_logs();
  const auto each = [&](std::string_view name, std::string_view help, uint64_t AccessLogCounts::Sink::*value) {
    out.family(Exposition::Type::kCounter, name, help);
    for (const AccessLogCounts::Sink& sink : counts.sinks) out.sample({{"sink", sink.name}}, sink.*value);
  };
  each("elb_access_log_delivered_lines", "Lines of access logs that a sink has taken.",
       &AccessLogCounts::Sink::delivered);
  each("elb_access_log_lost_lines", "Lines of access logs that a sink lost; proxy: before the agent read them.",
       &AccessLogCounts::Sink::lost);
  each("elb_access_log_failed_deliveries", "Attempts to deliver lines that failed; most are made again.",
       &AccessLogCounts::Sink::failures);
  out.family(Exposition::Type::kCounter, "elb_access_log_unrouted_lines",
             "Lines whose access log had been switched off, or that were cut off.");
  out.sample({}, counts.unrouted);
  out.family(Exposition::Type::kCounter, "elb_access_log_transferred_files", "Files that the object store has taken.");
  out.sample({}, counts.transferred);
  if (counts.flows) {
    out.family(Exposition::Type::kCounter, "elb_flow_records", "Records of sampled connections that were written.");
    out.sample({}, counts.flows->delivered);
    out.family(Exposition::Type::kCounter, "elb_flow_lost_records", "Records of sampled connections that were lost.");
    out.sample({}, counts.flows->lost);
  }
  if (!counts.spans) return;
  out.family(Exposition::Type::kCounter, "elb_trace_exported_spans", "Spans that the collector has taken.");
  out.sample({}, counts.spans->delivered);
  out.family(Exposition::Type::kCounter, "elb_trace_lost_spans",
             "Spans of traced requests that were lost, in the proxy or on their way to the collector.");
  out.sample({{"at", "proxy"}}, counts.lost_spans);
  out.sample({{"at", "collector"}}, counts.spans->lost);
  out.family(Exposition::Type::kCounter, "elb_trace_failed_exports",
             "Attempts to hand over spans that failed; most are made again.");
  out.sample({}, counts.spans->failures);
}

std::string Telemetry::scrape(ExpositionFormat format, const std::shared_ptr<const model::Model>& project) const {
  const auto more = [&](Exposition& out) {
    add_last_minute(out, project);
    if (project) return;
    add_own(out);
    add_alarms(out);
    add_access_logs(out);
  };
  return render_metrics(sources_, format, more, project);
}

}  // namespace elb::telemetry
