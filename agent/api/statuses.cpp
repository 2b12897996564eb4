// SPDX-License-Identifier: Apache-2.0
// The status tree and the stats of Octavia.
#include <set>

#include "api/handlers.h"
#include "api/resource_handlers.h"
#include "api/stats.h"
#include "codec/whitelist.h"

namespace elb::api {
namespace {

using codec::Value;

Value node(const model::Common& resource, const codec::ShownStatus& status) {
  Value out = Value::object();
  out.set("id", resource.id).set("name", resource.name);
  out.set("provisioning_status", status.provisioning).set("operating_status", status.operating);
  out.set("status_reason", status.reason);
  return out;
}

Value pool_node(View& view, const model::Pool& pool) {
  Value out = node(pool, view.observed.of(pool));
  Value members = Value::array();
  for (const auto& member : view.relations->members_of(pool.id)) {
    Value item = node(*member, view.observed.of(*member));
    item.set("address", member->address.to_string()).set("protocol_port", member->protocol_port);
    members.push(std::move(item));
  }
  out.set("lb_algorithm", std::string(to_string(pool.algorithm)));
  out.set("session_persistence", codec::encode_persistence(pool)).set("members", std::move(members));
  if (const auto monitor = view.relations->monitor_of(pool.id)) {
    Value item = node(*monitor, view.observed.of(*monitor));
    item.set("type", std::string(to_string(monitor->type)));
    out.set("health_monitor", item).set("healthmonitor", item);  // Octavia's spelling and the vendor's
  }
  Value zones = Value::array();
  for (const std::string& zone : view.observed.zones_without_member(pool)) zones.push(zone);
  if (zones.size() > 0) out.set("az_without_healthy_member", std::move(zones));  // GEN-07
  return out;
}

Value policy_nodes(View& view, const model::Listener& listener) {
  Value policies = Value::array();
  for (const auto& policy : view.relations->policies_of(listener.id)) {
    Value item = node(*policy, view.observed.of(*policy));
    Value rules = Value::array();
    for (const auto& rule : view.relations->rules_of(policy->id)) {
      Value inner = node(*rule, view.observed.of(*rule));
      inner.set("type", std::string(to_string(rule->type)));
      rules.push(std::move(inner));
    }
    item.set("action", std::string(to_string(policy->action))).set("rules", std::move(rules));
    policies.push(std::move(item));
  }
  return policies;
}

Value listener_node(View& view, const model::Listener& listener) {
  Value out = node(listener, view.observed.of(listener));
  Value pools = Value::array();
  if (listener.default_pool_id) {
    const auto pool = view.model().pools.find(*listener.default_pool_id);
    if (pool != view.model().pools.end()) pools.push(pool_node(view, *pool->second));
  }
  std::set<model::Id> shown = {listener.default_pool_id.value_or(model::Id())};
  for (const auto& policy : view.relations->policies_of(listener.id)) {
    const model::Id id = policy->redirect_pool_id.value_or(model::Id());
    const auto pool = view.model().pools.find(id);
    if (pool != view.model().pools.end() && shown.insert(id).second) pools.push(pool_node(view, *pool->second));
  }
  out.set("protocol", std::string(listener.protocol_word())).set("protocol_port", listener.protocol_port);
  set_limits(out, listener);
  out.set("pools", std::move(pools)).set("l7policies", policy_nodes(view, listener));
  return out;
}

Value stats_value(const model::Traffic& traffic) {
  Value stats = Value::object();
  stats.set("active_connections", traffic.active).set("total_connections", traffic.connections);
  stats.set("bytes_in", traffic.bytes_in).set("bytes_out", traffic.bytes_out);
  stats.set("request_errors", traffic.refused);
  return stats;
}

}  // namespace

void set_limits(Value& out, const model::Listener& listener) {
  out.set("connection_limit", listener.connection_limit).set("toa", listener.toa);
  out.set("whitelist", listener.whitelist ? codec::encode_whitelist(listener) : Value());
}

void set_addresses(Value& out, const View& view, const model::LoadBalancer& load_balancer) {
  const auto eip = view.relations->eip_of(load_balancer.id);
  out.set("vip_address", load_balancer.vip_address.to_string());
  out.set("vip_bandwidth", codec::number_or_null(load_balancer.vip_bandwidth));
  out.set("eip", eip ? Value(eip->address.to_string()) : Value());
  out.set("bandwidth", eip ? codec::number_or_null(eip->bandwidth) : Value());
}

Value listener_stats(const Context& context, const model::Id& listener_id) {
  return stats_value(listener_traffic(context, listener_id));
}

Value load_balancer_stats(const Context& context, const View& view, const model::Id& load_balancer_id) {
  model::Traffic sum;
  for (const auto& listener : view.relations->listeners_of(load_balancer_id)) {
    const model::Traffic traffic = listener_traffic(context, listener->id);
    sum.active += traffic.active;
    sum.connections += traffic.connections;
    sum.bytes_in += traffic.bytes_in;
    sum.bytes_out += traffic.bytes_out;
    sum.refused += traffic.refused;
  }
  return stats_value(sum);
}

Result<Reply> show_status_tree(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  View view = context.view();
  const auto found = find<model::LoadBalancer>(view, "loadbalancer", request.ids[0]);
  if (!found) return pass_on(found.error());
  Value tree = node(**found, view.observed.of(**found));
  set_addresses(tree, view, **found);
  Value listeners = Value::array(), pools = Value::array();
  for (const auto& listener : view.relations->listeners_of((*found)->id))
    listeners.push(listener_node(view, *listener));
  for (const auto& pool : view.relations->pools_of((*found)->id)) pools.push(pool_node(view, *pool));
  tree.set("listeners", std::move(listeners)).set("pools", std::move(pools));
  return Reply{200, Value().set("statuses", Value().set("loadbalancer", std::move(tree)))};
}

Result<Reply> show_load_balancer_stats(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const View view = context.view();
  const auto found = find<model::LoadBalancer>(view, "loadbalancer", request.ids[0]);
  if (!found) return pass_on(found.error());
  return Reply{200, Value().set("stats", load_balancer_stats(context, view, request.ids[0]))};
}

Result<Reply> show_listener_stats(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const View view = context.view();
  const auto found = find<model::Listener>(view, "listener", request.ids[0]);
  if (!found) return pass_on(found.error());
  Value out = Value().set("stats", listener_stats(context, request.ids[0]));
  if (Value http = listener_http(context, **found); !http.is_null()) out.set("http", std::move(http));
  return Reply{200, std::move(out)};
}

}  // namespace elb::api
