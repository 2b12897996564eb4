// SPDX-License-Identifier: Apache-2.0
// GET /v1/counters: every counter of the data path and of the proxy in one flat answer, with the time of the reading,
// so that two of them make rates.
#include "api/handlers.h"
#include "api/stats.h"
#include "base/clock.h"

namespace elb::api {
namespace {

using codec::Value;

void set_counters(Value& out, const model::Traffic& traffic) {
  out.set("active", traffic.active).set("inactive", traffic.inactive).set("connections", traffic.connections);
  out.set("packets_in", traffic.packets_in).set("bytes_in", traffic.bytes_in);
  out.set("packets_out", traffic.packets_out).set("bytes_out", traffic.bytes_out);
  out.set("refused", traffic.refused);
}

Value listener_value(const Context& context, const View& view, const model::Listener& listener) {
  Value out = Value::object();
  out.set("id", listener.id).set("name", listener.name).set("loadbalancer_id", listener.loadbalancer_id);
  const auto owner = view.model().load_balancers.find(listener.loadbalancer_id);
  if (owner != view.model().load_balancers.end())
    out.set("loadbalancer", owner->second->name).set("vip_address", owner->second->vip_address.to_string());
  out.set("protocol", std::string(to_string(listener.protocol))).set("protocol_port", listener.protocol_port);
  set_counters(out, listener_traffic(context, listener.id));
  if (Value http = listener_http(context, listener); !http.is_null()) out.set("http", std::move(http));
  return out;
}

Value member_value(const Context& context, View& view, const model::Member& member) {
  Value out = Value::object();
  out.set("id", member.id).set("name", member.name).set("pool_id", member.pool_id);
  const auto pool = view.model().pools.find(member.pool_id);
  if (pool != view.model().pools.end()) out.set("pool", pool->second->name);
  out.set("address", member.address.to_string()).set("protocol_port", member.protocol_port);
  out.set("weight", member.weight).set("operating_status", view.observed.of(member).operating);
  set_counters(out, member_traffic(context, member.id));
  if (Value http = member_http(context, view, member); !http.is_null()) out.set("http", std::move(http));
  return out;
}

}  // namespace

Result<Reply> native_counters(Context& context, const Request& request) {
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  View view = context.view();
  Value listeners = Value::array(), members = Value::array(), drops = Value::array();
  for (const auto& [id, listener] : view.model().listeners) listeners.push(listener_value(context, view, *listener));
  for (const auto& [id, member] : view.model().members) members.push(member_value(context, view, *member));
  for (const model::DropCount& drop : context.project() ? std::vector<model::DropCount>() : context.traffic().drops())
    drops.push(Value().set("reason", drop.reason).set("packets", drop.packets).set("drop", drop.drop));
  Value out = Value::object();
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  out.set("monotonic_us", std::chrono::duration_cast<std::chrono::microseconds>(since_boot).count());
  out.set("listeners", std::move(listeners)).set("members", std::move(members)).set("drops", std::move(drops));
  return Reply{200, std::move(out)};
}

}  // namespace elb::api
