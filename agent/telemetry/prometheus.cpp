// SPDX-License-Identifier: Apache-2.0
#include "telemetry/prometheus.h"

#include <chrono>

#include "telemetry/process_facts.h"
#include "telemetry/prometheus_http.h"

namespace elb::telemetry {
namespace {

using Type = Exposition::Type;

struct Scrape {
  const Sources& sources;
  std::shared_ptr<const model::Model> model;
  Exposition& out;
};

template <class T>
std::string name_of(const model::Table<T>& table, const model::Id& id) {
  const auto found = table.find(id);
  return found == table.end() ? "" : found->second->name;
}

/// One counter or gauge of model::Traffic.
struct TrafficField {
  Type type;
  std::string_view name, help;
  uint64_t model::Traffic::*value;
};

constexpr TrafficField kTrafficFields[] = {
    {Type::kCounter, "connections", "Connections opened; UDP exchanges too.", &model::Traffic::connections},
    {Type::kGauge, "active_connections", "Open connections: TCP established, UDP live.", &model::Traffic::active},
    {Type::kGauge, "inactive_connections", "TCP connections that are opening or closing.", &model::Traffic::inactive},
    {Type::kCounter, "refused_connections", "New connections that could not be made.", &model::Traffic::refused},
    {Type::kCounter, "received_packets", "Packets from clients.", &model::Traffic::packets_in},
    {Type::kCounter, "received_bytes", "Bytes from clients, Ethernet header included.", &model::Traffic::bytes_in},
    {Type::kCounter, "sent_packets", "Packets to clients.", &model::Traffic::packets_out},
    {Type::kCounter, "sent_bytes", "Bytes to clients, Ethernet header included.", &model::Traffic::bytes_out},
};

void traffic(Exposition& out, std::string_view object, const std::vector<std::pair<Labels, model::Traffic>>& rows) {
  for (const TrafficField& field : kTrafficFields) {
    out.family(field.type, "elb_" + std::string(object) + "_" + std::string(field.name), field.help);
    for (const auto& [labels, counters] : rows) out.sample(labels, counters.*field.value);
  }
}

void listeners(const Scrape& scrape) {
  std::vector<std::pair<Labels, model::Traffic>> rows;
  std::vector<std::pair<Labels, model::HttpListenerTraffic>> http_rows;
  for (const auto& [id, listener] : scrape.model->listeners) {
    Labels labels = {{"loadbalancer_id", listener->loadbalancer_id},
                     {"loadbalancer", name_of(scrape.model->load_balancers, listener->loadbalancer_id)},
                     {"listener_id", id},
                     {"listener", listener->name},
                     {"protocol", std::string(to_string(listener->protocol))}};
    if (model::is_l7(listener->protocol)) {
      const auto* view = scrape.sources.http_traffic;
      auto counters = view ? view->http_listener_traffic(id) : std::nullopt;
      http_rows.emplace_back(std::move(labels), counters.value_or(model::HttpListenerTraffic{}));
    } else {
      rows.emplace_back(std::move(labels), scrape.sources.traffic.listener_traffic(id).value_or(model::Traffic{}));
    }
  }
  traffic(scrape.out, "listener", rows);
  render_http_listeners(scrape.out, http_rows);
}

void members(const Scrape& scrape) {
  std::vector<std::pair<Labels, model::Traffic>> rows;
  std::vector<std::pair<Labels, model::HttpMemberTraffic>> http_rows;
  std::vector<std::pair<Labels, model::Health>> health;
  for (const auto& [id, member] : scrape.model->members) {
    const auto pool = scrape.model->pools.find(member->pool_id);
    if (pool == scrape.model->pools.end()) continue;
    Labels labels = {{"loadbalancer_id", pool->second->loadbalancer_id},
                     {"loadbalancer", name_of(scrape.model->load_balancers, pool->second->loadbalancer_id)},
                     {"pool_id", member->pool_id},
                     {"pool", pool->second->name},
                     {"member_id", id},
                     {"member", member->name}};
    health.emplace_back(labels, scrape.sources.reconciler.member_health(id));
    if (model::is_l7(pool->second->protocol)) {
      const auto* view = scrape.sources.http_traffic;
      auto counters = view ? view->http_member_traffic(id) : std::nullopt;
      http_rows.emplace_back(std::move(labels), counters.value_or(model::HttpMemberTraffic{}));
    } else {
      rows.emplace_back(std::move(labels), scrape.sources.traffic.member_traffic(id).value_or(model::Traffic{}));
    }
  }
  traffic(scrape.out, "member", rows);
  render_http_members(scrape.out, http_rows);
  using State = model::HealthState;
  scrape.out.family(Type::kGauge, "elb_member_up", "1: healthy, or not monitored. 0: unhealthy, or not checked yet.");
  for (const auto& [labels, state] : health)
    scrape.out.sample(labels, uint64_t{state.state == State::kHealthy || state.state == State::kUnmonitored});
  scrape.out.family(Type::kGauge, "elb_member_check_latency_seconds", "Duration of the last successful health check.");
  for (const auto& [labels, state] : health)
    if (state.latency_us >= 0) scrape.out.sample(labels, static_cast<double>(state.latency_us) / 1e6);
}

void data_path(const Scrape& scrape) {
  const auto drops = scrape.sources.traffic.drops();
  for (const bool dropped : {true, false}) {
    scrape.out.family(Type::kCounter, dropped ? "elb_dropped_packets" : "elb_passed_packets",
                      dropped ? "Packets that were dropped, by reason (elbctl drops tells what each means)."
                              : "Packets that were counted but went on to the node's own network stack, by reason.");
    for (const model::DropCount& drop : drops)
      if (drop.drop == dropped) scrape.out.sample({{"reason", drop.reason}}, drop.packets);
  }
  const model::FlowPage usage = scrape.sources.traffic.flow_usage();
  scrape.out.family(Type::kGauge, "elb_flow_table_slots", "Slots of the flow table; a connection takes two.");
  scrape.out.sample({}, usage.capacity);
  scrape.out.family(Type::kGauge, "elb_flow_table_used_slots", "Slots in use, resting ports included.");
  scrape.out.sample({}, usage.used);
}

void configuration(const Scrape& scrape) {
  Exposition& out = scrape.out;
  out.family(Type::kGauge, "elb_config_revision", "Revision of the configuration.");
  out.sample({}, scrape.model->revision);
  out.family(Type::kGauge, "elb_config_applied_revision", "Revision that every executor has applied.");
  out.sample({}, scrape.sources.reconciler.applied_revision());
  if (scrape.sources.store_errors) {
    out.family(Type::kCounter, "elb_store_errors", "Changes of the configuration that the store could not write.");
    out.sample({}, scrape.sources.store_errors());
  }
  const auto sinks = scrape.sources.reconciler.sinks();
  const auto each = [&](Type type, std::string_view name, std::string_view help, auto value) {
    out.family(type, name, help);
    for (const model::SinkStatus& sink : sinks) out.sample({{"sink", sink.name}}, uint64_t{value(sink)});
  };
  each(Type::kGauge, "elb_sink_applied_generation", "Generation that the executor has applied.",
       [](const auto& sink) { return sink.applied_generation; });
  each(Type::kGauge, "elb_sink_applied_revision", "Revision that the executor has applied.",
       [](const auto& sink) { return sink.applied_revision; });
  each(Type::kGauge, "elb_sink_failing", "1: the last attempt to apply or audit failed.",
       [](const auto& sink) { return !sink.error.empty(); });
  each(Type::kCounter, "elb_sink_applies", "Snapshots applied.", [](const auto& sink) { return sink.applies; });
  each(Type::kCounter, "elb_sink_failures", "Attempts that failed.", [](const auto& sink) { return sink.failures; });
  each(Type::kCounter, "elb_sink_drift_repaired", "Differences found by audits and repaired.",
       [](const auto& sink) { return sink.drift_repaired; });
}

void certificates(const Scrape& scrape) {
  scrape.out.family(Type::kGauge, "elb_certificate_expiry_timestamp_seconds",
                    "When the certificate is no longer valid.");
  for (const auto& [id, certificate] : scrape.model->certificates)
    scrape.out.sample({{"certificate_id", id}, {"certificate", certificate->name}},
                      static_cast<double>(certificate->expires_at));
}

void process(const Scrape& scrape) {
  Exposition& out = scrape.out;
  out.family(Type::kGauge, "elb_build_info", "Always 1; the version is in the label.");
  out.sample({{"version", scrape.sources.version}}, uint64_t{1});
  const auto facts = read_process_facts();
  if (!facts) return;
  out.family(Type::kCounter, "process_cpu_seconds", "CPU time of the agent.");
  out.sample({}, facts->cpu_s);
  out.family(Type::kGauge, "process_start_time_seconds", "Start of the agent since 1970.");
  out.sample({}, facts->start_s);
  const auto gauge = [&out](std::string_view name, std::string_view help, uint64_t value) {
    out.family(Type::kGauge, name, help);
    out.sample({}, value);
  };
  gauge("process_resident_memory_bytes", "Resident memory of the agent.", facts->resident_bytes);
  gauge("process_virtual_memory_bytes", "Virtual memory of the agent.", facts->virtual_bytes);
  gauge("process_open_fds", "Open file descriptors of the agent.", facts->open_files);
  gauge("process_max_fds", "File descriptors that the agent may open.", facts->max_files);
  gauge("process_threads", "Threads of the agent.", facts->threads);
}

}  // namespace

std::string render_metrics(const Sources& sources, ExpositionFormat format,
                           const std::function<void(Exposition&)>& more,
                           const std::shared_ptr<const model::Model>& project) {
  Exposition out(format);
  const Scrape scrape{sources, project ? project : sources.model(), out};
  listeners(scrape);
  members(scrape);
  certificates(scrape);
  if (!project) {
    data_path(scrape);
    configuration(scrape);
    process(scrape);
  }
  if (more) more(out);
  return std::move(out).finish();
}

}  // namespace elb::telemetry
