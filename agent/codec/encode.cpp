// SPDX-License-Identifier: Apache-2.0
#include "codec/encode.h"

#include "codec/encode_parts.h"
#include "codec/whitelist.h"

namespace elb::codec {
namespace {

/// In the vendor's words, with ours for the bandwidth.
Value publicip(const model::Eip& eip) {
  Value out = Value::object();
  out.set("publicip_id", eip.id).set("publicip_address", eip.address.to_string());
  out.set("ip_version", eip.address.is_v4() ? 4 : 6).set("bandwidth", number_or_null(eip.bandwidth));
  return out;
}

}  // namespace

Value start(const model::Common& common) {
  Value out = Value::object();
  out.set("id", common.id).set("name", common.name);
  return out;
}

void finish(Value& out, const model::Common& common, const ShownStatus& status) {
  Value tags = Value::array();
  for (const std::string& tag : common.tags) tags.push(tag);
  out.set("admin_state_up", common.admin_state_up);
  out.set("provisioning_status", status.provisioning).set("operating_status", status.operating);
  out.set("status_reason", status.reason);
  out.set("project_id", common.project_id).set("tenant_id", common.project_id);
  out.set("tags", tags);
  out.set("created_at", time_text(common.created_at)).set("updated_at", time_text(common.updated_at));
}

Value number_or_null(const std::optional<int>& number) { return number ? Value(*number) : Value(); }

Value encode_persistence(const model::Pool& pool, Dialect dialect) {
  if (!pool.persistence) return {};
  // Under the hash nothing is in force, and nothing is made up.
  const model::SessionPersistence& persistence = *pool.persistence;
  std::optional<int> timeout = persistence.timeout_minutes;
  if (pool.sticky_minutes() > 0) timeout = pool.sticky_minutes();
  if (timeout && dialect == Dialect::kOctavia && pool.protocol == model::Protocol::kUdp) *timeout *= 60;
  Value out = Value::object();
  out.set("type", std::string(to_string(persistence.type))).set("cookie_name", text_or_null(persistence.cookie_name));
  out.set("persistence_timeout", number_or_null(timeout));
  out.set("persistence_granularity", Value());
  return out;
}

std::vector<std::string> warnings_of(const model::Pool& pool) {
  if (!pool.persistence) return {};
  if (pool.algorithm == model::Algorithm::kSourceIp)
    return {"session_persistence has no effect: lb_algorithm SOURCE_IP is sticky by itself, without a timeout"};
  if (pool.persistence->type == model::PersistenceType::kAppCookie && pool.persistence->timeout_minutes)  // ST-05
    return {"persistence_timeout has no effect: stickiness of APP_COOKIE lasts as long as the application's cookie"};
  return {};
}

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

Value encode(const model::LoadBalancer& load_balancer, const Relations& relations, const ShownStatus& status) {
  Value out = start(load_balancer);
  out.set("description", load_balancer.description).set("provider", load_balancer.provider);
  out.set("vip_address", load_balancer.vip_address.to_string());
  out.set("vip_subnet_id", text_or_null(load_balancer.vip_subnet_id));
  out.set("vip_network_id", text_or_null(load_balancer.vip_network_id));
  out.set("vip_port_id", text_or_null(load_balancer.vip_port_id));
  out.set("vip_qos_policy_id", Value()).set("vip_vnic_type", "normal").set("additional_vips", Value::array());
  out.set("listeners", references(relations.listeners_of(load_balancer.id)));
  out.set("pools", references(relations.pools_of(load_balancer.id)));
  out.set("flavor_id", Value()).set("availability_zone", Value());
  const auto eip = relations.eip_of(load_balancer.id);
  Value publicips = Value::array();
  if (eip) publicips.push(publicip(*eip));
  out.set("publicips", std::move(publicips)).set("eip", eip ? Value(eip->address.to_string()) : Value());
  out.set("vip_bandwidth", number_or_null(load_balancer.vip_bandwidth));
  out.set("enterprise_project_id", load_balancer.enterprise_project_id);
  out.set("deletion_protection", load_balancer.deletion_protection);
  finish(out, load_balancer, status);
  return out;
}

Value encode(const model::Listener& listener, const Relations& relations, const ShownStatus& status) {
  Value out = start(listener);
  out.set("description", listener.description).set("protocol", std::string(listener.protocol_word()));
  out.set("protocol_port", listener.protocol_port);
  out.set("loadbalancers", reference(listener.loadbalancer_id)).set("loadbalancer_id", listener.loadbalancer_id);
  out.set("default_pool_id", listener.default_pool_id ? Value(*listener.default_pool_id) : Value());
  out.set("connection_limit", listener.connection_limit).set("toa", listener.toa);
  out.set("allowed_cidrs", encode_allowed_cidrs(listener));
  out.set("l7policies", references(relations.policies_of(listener.id)));
  set_l7(out, listener);
  finish(out, listener, status);
  return out;
}

Value encode(const model::Pool& pool, const Relations& relations, const ShownStatus& status, Dialect dialect) {
  Value out = start(pool);
  out.set("description", pool.description).set("protocol", std::string(pool.protocol_word()));
  out.set("lb_algorithm", std::string(to_string(pool.algorithm)));
  out.set("session_persistence", encode_persistence(pool, dialect));
  Value warnings = Value::array();
  for (const std::string& warning : warnings_of(pool)) warnings.push(warning);
  out.set("warnings", std::move(warnings));
  const bool told = pool.proxy_protocol != model::ProxyProtocol::kNone;
  out.set("proxy_protocol", told ? Value(std::string(to_string(pool.proxy_protocol))) : Value());
  Value slow_start = Value::object();
  slow_start.set("enable", pool.slow_start).set("duration", pool.slow_start_s);
  out.set("slow_start", model::is_l7(pool.protocol) ? std::move(slow_start) : Value());
  out.set("loadbalancers", reference(pool.loadbalancer_id)).set("loadbalancer_id", pool.loadbalancer_id);
  out.set("listeners", references(relations.users_of(pool.id)));
  out.set("members", references(relations.members_of(pool.id)));
  const auto monitor = relations.monitor_of(pool.id);
  out.set("healthmonitor_id", monitor ? Value(monitor->id) : Value());
  out.set("tls_enabled", false).set("tls_container_ref", Value()).set("ca_tls_container_ref", Value());
  out.set("crl_container_ref", Value()).set("tls_ciphers", Value()).set("tls_versions", Value::array());
  out.set("alpn_protocols", Value::array());
  finish(out, pool, status);
  return out;
}

Value encode(const model::Member& member, const Relations&, const ShownStatus& status) {
  Value out = start(member);
  out.set("address", member.address.to_string()).set("protocol_port", member.protocol_port);
  out.set("weight", member.weight).set("subnet_id", text_or_null(member.subnet_id));
  out.set("availability_zone", text_or_null(member.availability_zone));
  out.set("backup", member.backup);
  out.set("monitor_address", member.monitor_address ? Value(member.monitor_address->to_string()) : Value());
  out.set("monitor_port", member.monitor_port ? Value(*member.monitor_port) : Value());
  finish(out, member, status);
  return out;
}

Value encode(const model::HealthMonitor& monitor, const Relations& relations, const ShownStatus& status) {
  Value out = start(monitor);
  out.set("type", std::string(to_string(monitor.type))).set("pools", reference(monitor.pool_id));
  out.set("delay", monitor.delay).set("timeout", monitor.timeout);
  out.set("effective_timeout", monitor.effective_timeout());  // HC-06
  out.set("max_retries", monitor.max_retries).set("max_retries_down", monitor.max_retries_down);
  out.set("monitor_port", monitor.monitor_port ? Value(*monitor.monitor_port) : Value());
  const bool http = monitor.type == model::MonitorType::kHttp;
  std::string codes = monitor.expected_codes;
  const auto pool = relations.model().pools.find(monitor.pool_id);
  if (codes.empty() && pool != relations.model().pools.end()) codes = model::default_codes(pool->second->protocol);
  out.set("http_method", http ? Value(monitor.http_method) : Value());
  out.set("url_path", http ? Value(monitor.url_path) : Value());
  out.set("expected_codes", http ? Value(codes) : Value());
  out.set("domain_name", text_or_null(monitor.domain_name)).set("http_version", Value());
  finish(out, monitor, status);
  return out;
}

Value encode(const model::Eip& eip, const Relations& relations, const ShownStatus& status) {
  Value out = start(eip);
  out.set("description", eip.description).set("address", eip.address.to_string());
  out.set("ip_version", eip.address.is_v4() ? 4 : 6).set("type", eip.type);
  out.set("loadbalancer_id", eip.loadbalancer_id ? Value(*eip.loadbalancer_id) : Value());
  Value vip;
  if (eip.loadbalancer_id) {
    const auto lb = relations.model().load_balancers.find(*eip.loadbalancer_id);
    if (lb != relations.model().load_balancers.end()) vip = lb->second->vip_address.to_string();
  }
  out.set("vip_address", std::move(vip)).set("bandwidth", number_or_null(eip.bandwidth));
  out.set("bandwidth_id", eip.bandwidth_id).set("bandwidth_name", eip.bandwidth_name);
  finish(out, eip, status);
  return out;
}

Value encode(const model::Subnet& subnet) {
  Value out = Value::object();
  out.set("id", subnet.id).set("name", subnet.name).set("network_id", subnet.network_id);
  out.set("cidr", subnet.cidr.to_string());
  out.set("gateway_ip", subnet.gateway ? Value(subnet.gateway->to_string()) : Value());
  out.set("ip_version", subnet.cidr.address.is_v4() ? 4 : 6).set("enable_dhcp", false);
  out.set("project_id", "").set("tenant_id", "");
  return out;
}

}  // namespace elb::codec
