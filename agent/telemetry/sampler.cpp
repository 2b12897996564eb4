// SPDX-License-Identifier: Apache-2.0
#include "telemetry/sampler.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "telemetry/pool_health.h"

namespace elb::telemetry {
namespace {

/// What was counted since `before`; all of it when counting began anew.
uint64_t since(uint64_t before, uint64_t now) { return now >= before ? now - before : now; }

}  // namespace

struct Sampler::Totals {
  std::array<uint64_t, kMetricCount> counters{};  // of those metrics that are rates
  uint64_t request_us = 0, requests = 0;
  std::unique_ptr<HistogramSums> latency;  // of HTTP listeners only: it is 4 KB
};

/// A mean to be: value = numerator / denominator, which is the time for all but the response time.
struct Part {
  double numerator = 0, denominator = 0;
  double min = std::numeric_limits<double>::max(), max = 0;
  bool present = false;
};

struct Sampler::Gathered {
  std::array<Part, kMetricCount> parts;
  std::unique_ptr<HistogramSums> latency;
};

/// One look: what it adds for each object.
struct Sampler::Look {
  struct Values {
    std::array<double, kMetricCount> numerator{}, denominator{};
    std::array<bool, kMetricCount> present{};
    std::unique_ptr<HistogramSums> latency;

    void add(Metric metric, double value, double weight) {
      numerator[metric] += value;
      denominator[metric] = metric == kResponseTime ? denominator[metric] + weight : weight;
      present[metric] = true;
    }
    void add_least(Metric metric, double value, double weight) {
      if (present[metric] && numerator[metric] <= value * weight) return;
      numerator[metric] = value * weight;
      denominator[metric] = weight;
      present[metric] = true;
    }
  };
  const model::Model& model;
  double seconds;
  int64_t wall_s;
  std::map<std::string, Values> values;
  std::map<std::string, Totals> totals;
};

Sampler::Sampler(const Sources& sources) : sources_(sources) {}
Sampler::~Sampler() = default;

void Sampler::add_listener(Look& look, const model::Listener& listener) {
  static const Totals kNothing{};
  const auto known = before_.find(listener.id);
  const Totals& before = known == before_.end() ? kNothing : known->second;  // new since the last look: began at 0
  Totals now;
  auto& own = look.values[listener.id];
  auto& whole = look.values[listener.loadbalancer_id];
  const auto gauge = [&](Metric metric, double value) {
    own.add(metric, value * look.seconds, look.seconds);
    whole.add(metric, value * look.seconds, look.seconds);
  };
  const auto rate = [&](Metric metric, uint64_t counter) {
    now.counters[metric] = counter;
    const auto counted = static_cast<double>(since(before.counters[metric], counter));
    own.add(metric, counted, look.seconds);
    whole.add(metric, counted, look.seconds);
  };
  // The kernel counts the packets of HTTP listeners too where it can; their connections and bytes are the proxy's.
  const model::Traffic traffic = sources_.traffic.listener_traffic(listener.id).value_or(model::Traffic{});
  rate(kPacketsIn, traffic.packets_in);
  rate(kPacketsOut, traffic.packets_out);
  if (!model::is_l7(listener.protocol)) {
    gauge(kConcurrent, static_cast<double>(traffic.active + traffic.inactive));
    gauge(kActive, static_cast<double>(traffic.active));
    gauge(kInactive, static_cast<double>(traffic.inactive));
    rate(kNewConnections, traffic.connections);
    rate(kBytesIn, traffic.bytes_in);
    rate(kBytesOut, traffic.bytes_out);
    look.totals[listener.id] = std::move(now);
    return;
  }
  const auto counted = sources_.http_traffic ? sources_.http_traffic->http_listener_traffic(listener.id) : std::nullopt;
  const model::HttpListenerTraffic http = counted.value_or(model::HttpListenerTraffic{});
  gauge(kConcurrent, static_cast<double>(http.open_connections));
  gauge(kActive, static_cast<double>(http.open_connections));
  gauge(kInactive, 0);
  rate(kNewConnections, http.connections);
  rate(kBytesIn, http.bytes_in);
  rate(kBytesOut, http.bytes_out);
  rate(kRequests, http.requests);
  rate(kStatus2xx, http.status_2xx);
  rate(kStatus3xx, http.status_3xx);
  rate(kStatus4xx, http.status_4xx);
  rate(kStatus5xx, http.status_5xx);
  rate(kStatusOther, http.status_other);
  rate(kStatus404, http.status_404);
  rate(kStatus499, http.status_499);
  rate(kStatus502, http.status_502);

  now.request_us = http.request_us;
  now.requests = http.requests;
  now.latency = std::make_unique<HistogramSums>(http.latency_us);
  const auto requests = static_cast<double>(since(before.requests, now.requests));
  const auto milliseconds = static_cast<double>(since(before.request_us, now.request_us)) / 1000;
  for (auto* values : {&own, &whole}) {
    values->add(kResponseTime, milliseconds, requests);
    if (!values->latency) values->latency = std::make_unique<HistogramSums>();
    for (size_t i = 0; i < kHistogramBuckets; ++i)
      values->latency->buckets[i] += since(before.latency ? before.latency->buckets[i] : 0, now.latency->buckets[i]);
  }
  look.totals[listener.id] = std::move(now);

  std::vector<model::Id> certificates = listener.tls.sni_ids;
  if (listener.tls.certificate_id) certificates.push_back(*listener.tls.certificate_id);
  if (listener.tls.client_ca_id) certificates.push_back(*listener.tls.client_ca_id);
  for (const model::Id& id : certificates) {
    const auto found = look.model.certificates.find(id);
    if (found == look.model.certificates.end()) continue;
    const double days = static_cast<double>(found->second->expires_at - look.wall_s) / 86400;
    for (auto* values : {&own, &whole}) values->add_least(kCertificateDays, std::max(days, 0.0), look.seconds);
  }
}

void Sampler::add_servers(Look& look) const {
  for (const auto& [id, health] : health_by_load_balancer(look.model, sources_.reconciler)) {
    auto& values = look.values[id];
    values.add(kAbnormalServers, health.unhealthy * look.seconds, look.seconds);
    values.add(kNormalServers, health.usable * look.seconds, look.seconds);
    values.add(kZonesWithoutMember, health.zones_without_member * look.seconds, look.seconds);
  }
}

void Sampler::add_node(Look& look) {
  const std::string object(kNodeObject);
  auto& values = look.values[object];
  const model::FlowPage usage = sources_.traffic.flow_usage();
  const double used =
      usage.capacity == 0 ? 0 : 100.0 * static_cast<double>(usage.used) / static_cast<double>(usage.capacity);
  values.add(kFlowTableUsed, used * look.seconds, look.seconds);
  const auto sinks = sources_.reconciler.sinks();
  const auto failing = std::count_if(sinks.begin(), sinks.end(), [](const auto& sink) { return !sink.error.empty(); });
  values.add(kFailingSinks, static_cast<double>(failing) * look.seconds, look.seconds);
  Totals now;
  for (const model::DropCount& drop : sources_.traffic.drops()) {
    if (drop.drop) now.counters[kDropped] += drop.packets;
    if (drop.reason == "no_port") now.counters[kPortsExhausted] = drop.packets;
  }
  const Totals& before = before_[object];
  for (const Metric metric : {kDropped, kPortsExhausted})
    values.add(metric, static_cast<double>(since(before.counters[metric], now.counters[metric])), look.seconds);
  look.totals[object] = std::move(now);
}

void Sampler::observe(SteadyTime now, WallTime wall) {
  if (begun_ && now <= last_) return;  // no time has passed: what was counted belongs to the next look
  const auto model = sources_.model();
  const double seconds = std::chrono::duration<double>(now - last_).count();
  Look look{*model, seconds, std::chrono::duration_cast<std::chrono::seconds>(wall.time_since_epoch()).count(), {}, {}};
  for (const auto& [id, lb] : model->load_balancers) {
    auto& values = look.values[id];  // MON-06: zeros are published for what does nothing
    for (size_t metric = kConcurrent; metric <= kBytesOut; ++metric)
      values.add(static_cast<Metric>(metric), 0, seconds);
  }
  for (const auto& [id, listener] : model->listeners) add_listener(look, *listener);
  add_servers(look);
  add_node(look);
  before_ = std::move(look.totals);
  last_ = now;
  if (!std::exchange(begun_, true)) return;  // nothing to compare with

  for (auto& [object, values] : look.values) {
    Gathered& gathered = gathering_[object];
    for (size_t metric = 0; metric < kMetricCount; ++metric) {
      if (!values.present[metric]) continue;
      Part& part = gathered.parts[metric];
      part.present = true;
      part.numerator += values.numerator[metric];
      part.denominator += values.denominator[metric];
      if (values.denominator[metric] <= 0) continue;  // no request, so no response time
      const double value = values.numerator[metric] / values.denominator[metric];
      part.min = std::min(part.min, value);
      part.max = std::max(part.max, value);
    }
    if (!values.latency) continue;
    if (!gathered.latency) gathered.latency = std::make_unique<HistogramSums>();
    for (size_t i = 0; i < kHistogramBuckets; ++i) gathered.latency->buckets[i] += values.latency->buckets[i];
  }
}

std::vector<ObjectPoint> Sampler::close() {
  std::vector<ObjectPoint> points;
  for (auto& [object, gathered] : gathering_) {
    ObjectPoint point{object, {}};
    for (size_t metric = 0; metric < kMetricCount; ++metric) {
      const Part& part = gathered.parts[metric];
      if (!part.present) continue;
      const double mean = part.denominator > 0 ? part.numerator / part.denominator : 0;
      point.samples[metric] = part.denominator > 0 ? Sample{1, mean, part.min, part.max} : Sample{1, 0, 0, 0};
    }
    if (gathered.latency) {
      for (const auto& [metric, q] : {std::pair{kResponseP50, 0.5}, {kResponseP95, 0.95}, {kResponseP99, 0.99}}) {
        const double ms = static_cast<double>(gathered.latency->quantile(q)) / 1000;
        point.samples[metric] = Sample{1, ms, ms, ms};
      }
    }
    points.push_back(std::move(point));
  }
  gathering_.clear();
  return points;
}

}  // namespace elb::telemetry
