// SPDX-License-Identifier: Apache-2.0
// Resources as the document has them. Made from what the API shows, so that a new field is there without a line here.
#include <algorithm>
#include <array>

#include "codec/document.h"
#include "codec/encode.h"
#include "codec/whitelist.h"

namespace elb::codec {
namespace {

/// What the API shows beside what describes an object.
constexpr std::array<std::string_view, 33> kDerived = {"id",
                                                       "created_at",
                                                       "updated_at",
                                                       "provisioning_status",
                                                       "project_id",
                                                       "operating_status",
                                                       "tenant_id",
                                                       "status_reason",
                                                       "warnings",
                                                       "listeners",
                                                       "pools",
                                                       "members",
                                                       "l7policies",
                                                       "rules",
                                                       "loadbalancers",
                                                       "loadbalancer_id",
                                                       "pool_id",
                                                       "healthmonitor_id",
                                                       "listener_id",
                                                       "l7policy_id",
                                                       "publicips",
                                                       "eip",
                                                       "vip_port_id",
                                                       "enterprise_project_id",
                                                       "expire_time",
                                                       "create_time",
                                                       "update_time",
                                                       "vip_network_id",
                                                       "ip_version",
                                                       "effective_timeout",
                                                       "default_pool_id",
                                                       "redirect_pool_id",
                                                       "redirect_listener_id"};

const Relations& nothing() {
  static const Relations kNothing(std::make_shared<const model::Model>());
  return kNothing;
}

template <class T>
Value shown(const T& resource) {
  const Value all = encode(resource, nothing(), {});
  Value out = Value::object();
  for (const std::string& key : all.keys())
    if (std::find(kDerived.begin(), kDerived.end(), key) == kDerived.end()) out.set(key, all.get(key));
  return out;
}

/// As configured: what is in force where nothing was said is not said here either.
Value persistence_of(const model::Pool& pool) {
  if (!pool.persistence) return {};
  Value out = Value::object();
  out.set("type", to_string(pool.persistence->type)).set("cookie_name", text_or_null(pool.persistence->cookie_name));
  return out.set("persistence_timeout", number_or_null(pool.persistence->timeout_minutes));
}

/// What an object of the same kind has that says nothing else; what decides over defaults is kept.
model::LoadBalancer plain(const model::LoadBalancer&) { return {}; }
model::Listener plain(const model::Listener& listener) {
  model::Listener out;
  out.protocol = listener.protocol;
  return out;
}
model::Pool plain(const model::Pool&) { return {}; }
model::Member plain(const model::Member&) { return {}; }
model::HealthMonitor plain(const model::HealthMonitor& monitor) {
  model::HealthMonitor out;
  out.type = monitor.type;
  return out;
}
model::Certificate plain(const model::Certificate&) { return {}; }
model::L7Policy plain(const model::L7Policy& policy) {
  model::L7Policy out;
  out.action = policy.action;
  return out;
}
model::L7Rule plain(const model::L7Rule&) { return {}; }

/// Always said: required, or with a default that depends on another field.
constexpr std::array<std::string_view, 13> kAlways = {
    "protocol",    "protocol_port",    "lb_algorithm", "address",      "type",  "delay",      "timeout",
    "max_retries", "max_retries_down", "action",       "compare_type", "value", "vip_address"};

}  // namespace

Value describe(const model::LoadBalancer& load_balancer) {
  Value out = shown(load_balancer);
  if (load_balancer.vip_subnet_id.empty() && load_balancer.vip_address == IpAddress()) out.set("vip_address", Value());
  return out;
}

Value describe(const model::Listener& listener) {
  Value out = shown(listener);
  if (!listener.whitelist || listener.whitelist->enabled) return out;
  // Disabled, but kept: allowed_cidrs has no words for it.
  const Value whitelist = encode_whitelist(listener);
  Value kept = Value::object();
  kept.set("enable_whitelist", false).set("whitelist", whitelist.get("whitelist"));
  return out.set("whitelist", std::move(kept));
}

Value describe(const model::Pool& pool) { return shown(pool).set("session_persistence", persistence_of(pool)); }
Value describe(const model::Member& member) { return shown(member); }
Value describe(const model::HealthMonitor& monitor) {
  return shown(monitor).set("expected_codes", text_or_null(monitor.expected_codes));
}
Value describe(const model::Certificate& certificate) { return shown(certificate); }
Value describe(const model::L7Policy& policy) { return shown(policy); }
Value describe(const model::L7Rule& rule) { return shown(rule); }
Value describe(const model::Eip& eip) {
  return shown(eip).set("loadbalancer_id", eip.loadbalancer_id ? Value(*eip.loadbalancer_id) : Value());
}

template <class T>
Value describe_briefly(const T& resource) {
  const Value all = describe(resource);
  const Value defaults = describe(plain(resource));
  Value out = Value::object();
  for (const std::string& key : all.keys()) {
    const Value value = all.get(key);
    const bool always = std::find(kAlways.begin(), kAlways.end(), key) != kAlways.end() && !value.is_null();
    if (always || !(value == defaults.get(key))) out.set(key, value);
  }
  return out;
}

template Value describe_briefly(const model::LoadBalancer&);
template Value describe_briefly(const model::Listener&);
template Value describe_briefly(const model::Pool&);
template Value describe_briefly(const model::Member&);
template Value describe_briefly(const model::HealthMonitor&);
template Value describe_briefly(const model::Certificate&);
template Value describe_briefly(const model::L7Policy&);
template Value describe_briefly(const model::L7Rule&);

}  // namespace elb::codec
