// SPDX-License-Identifier: Apache-2.0
// GET /v1/status, /v1/drops and /v1/version: what people ask first, in one answer each.
#include "api/handlers.h"
#include "api/resource_handlers.h"
#include "api/stats.h"

namespace elb::api {
namespace {

using codec::Value;

Value node(const model::Common& resource) {
  return Value().set("id", resource.id).set("name", resource.name).set("admin_state_up", resource.admin_state_up);
}

void set_operating(Value& out, const codec::ShownStatus& status) {
  out.set("operating_status", status.operating).set("status_reason", status.reason);
}

Value monitor_value(const model::HealthMonitor& monitor) {
  Value out = node(monitor);
  out.set("type", std::string(to_string(monitor.type))).set("delay", monitor.delay).set("timeout", monitor.timeout);
  out.set("effective_timeout", monitor.effective_timeout());
  out.set("max_retries", monitor.max_retries).set("max_retries_down", monitor.max_retries_down);
  return out;
}

Value member_value(View& view, const model::Member& member) {
  Value out = node(member);
  out.set("address", member.address.to_string()).set("protocol_port", member.protocol_port);
  out.set("weight", member.weight).set("availability_zone", codec::text_or_null(member.availability_zone));
  set_operating(out, view.observed.of(member));
  const model::Health health = view.observed.health(member.id);
  out.set("checked_at", health.checked == WallTime{} ? Value() : Value(format_utc(health.checked)));
  out.set("latency_us", health.latency_us < 0 ? Value() : Value(health.latency_us));
  return out;
}

Value pool_value(View& view, const model::Pool& pool) {
  Value out = node(pool);
  out.set("protocol", std::string(to_string(pool.protocol)));
  out.set("lb_algorithm", std::string(to_string(pool.algorithm)));
  out.set("session_persistence", codec::encode_persistence(pool));
  set_operating(out, view.observed.of(pool));
  const auto monitor = view.relations->monitor_of(pool.id);
  out.set("healthmonitor", monitor ? monitor_value(*monitor) : Value());
  Value members = Value::array();
  for (const auto& member : view.relations->members_of(pool.id)) members.push(member_value(view, *member));
  out.set("members", std::move(members));
  return out;
}

Value listener_value(const Context& context, View& view, const model::Listener& listener) {
  Value out = node(listener);
  out.set("protocol", std::string(listener.protocol_word())).set("protocol_port", listener.protocol_port);
  set_operating(out, view.observed.of(listener));
  set_limits(out, listener);
  out.set("stats", listener_stats(context, listener.id));
  Value pool;
  if (listener.default_pool_id) {
    const auto found = view.model().pools.find(*listener.default_pool_id);
    if (found != view.model().pools.end()) pool = pool_value(view, *found->second);
  }
  out.set("pool", std::move(pool));
  return out;
}

Value load_balancer_value(const Context& context, View& view, const model::LoadBalancer& load_balancer) {
  Value out = node(load_balancer);
  const codec::ShownStatus status = view.observed.of(load_balancer);
  set_addresses(out, view, load_balancer);
  out.set("provisioning_status", status.provisioning);
  set_operating(out, status);
  Value listeners = Value::array(), others = Value::array();
  for (const auto& listener : view.relations->listeners_of(load_balancer.id)) {
    listeners.push(listener_value(context, view, *listener));
  }
  for (const auto& pool : view.relations->pools_of(load_balancer.id)) {
    if (view.relations->users_of(pool->id).empty()) others.push(pool_value(view, *pool));  // l7policies may use it
  }
  out.set("listeners", std::move(listeners)).set("pools", std::move(others));
  return out;
}

Value sink_value(const model::SinkStatus& sink) {
  Value out = Value::object();
  out.set("name", sink.name).set("applied_generation", sink.applied_generation);
  out.set("applied_revision", sink.applied_revision).set("error", sink.error).set("applies", sink.applies);
  out.set("failures", sink.failures).set("writes", sink.writes).set("drift_repaired", sink.drift_repaired);
  out.set("last_finding", sink.last_finding).set("idle_s", sink.idle_s);
  return out;
}

}  // namespace

Result<Reply> native_status(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  View view = context.view();
  const model::FlowPage usage = context.traffic().flow_usage();
  Value sinks = Value::array(), load_balancers = Value::array();
  for (const model::SinkStatus& sink : context.reconciler().sinks()) sinks.push(sink_value(sink));
  for (const auto& [id, load_balancer] : view.model().load_balancers) {
    load_balancers.push(load_balancer_value(context, view, *load_balancer));
  }
  Value out = Value::object();
  out.set("revision", view.model().revision).set("applied_revision", context.reconciler().applied_revision());
  if (!context.project()) {  // facts of the node, whose messages may name anybody's objects
    out.set("flow_table", Value().set("capacity", usage.capacity).set("used", usage.used));
    out.set("sinks", std::move(sinks));
  }
  out.set("load_balancers", std::move(load_balancers));
  return Reply{200, std::move(out)};
}

Result<Reply> native_drops(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  Value drops = Value::array();
  for (const model::DropCount& drop : context.traffic().drops()) {
    Value item = Value::object();
    item.set("reason", drop.reason).set("description", drop.description);
    item.set("packets", drop.packets).set("drop", drop.drop);
    drops.push(std::move(item));
  }
  return Reply{200, Value().set("drops", std::move(drops))};
}

Result<Reply> native_version(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  return Reply{200, Value().set("version", context.options().version).set("abi", context.options().abi)};
}

}  // namespace elb::api
