// SPDX-License-Identifier: Apache-2.0
#include "store/rows.h"

#include <algorithm>

#include "store/row_parts.h"

namespace elb::store {
namespace {

Status read_address(Statement& row, std::string_view column, IpAddress& address) {
  const std::string text = row.text();
  const auto value = IpAddress::parse(text);
  if (!value) return unreadable(column, text);
  address = *value;
  return {};
}

}  // namespace

std::string join(const std::vector<Cidr>& entries) {
  std::string text;
  for (const Cidr& entry : entries) text += (text.empty() ? "" : ",") + entry.to_string();
  return text;
}

Status split(std::string_view column, std::string_view text, std::vector<Cidr>& entries) {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(','));
    const auto entry = Cidr::parse(piece);
    if (!entry) return unreadable(column, piece);
    entries.push_back(*entry);
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
  }
  return {};
}

void Rows<model::LoadBalancer>::bind(Statement& row, const model::LoadBalancer& load_balancer) {
  row.bind(load_balancer.vip_subnet_id)
      .bind(load_balancer.vip_network_id)
      .bind(load_balancer.vip_port_id)
      .bind(load_balancer.vip_address.to_string())
      .bind(load_balancer.provider)
      .bind_optional(wide(load_balancer.vip_bandwidth))
      .bind(load_balancer.enterprise_project_id)
      .bind(int64_t{load_balancer.deletion_protection});
  const auto& log = load_balancer.access_log;
  row.bind_optional(log ? std::optional(log->id) : std::nullopt)
      .bind(log ? log->group : std::string())
      .bind(log ? log->stream : std::string());
}

Status Rows<model::LoadBalancer>::read(Statement& row, model::LoadBalancer& load_balancer) {
  load_balancer.vip_subnet_id = row.text();
  load_balancer.vip_network_id = row.text();
  load_balancer.vip_port_id = row.text();
  if (auto status = read_address(row, "vip_address", load_balancer.vip_address); !status) return status;
  load_balancer.provider = row.text();
  load_balancer.vip_bandwidth = narrow(row.optional_integer());
  load_balancer.enterprise_project_id = row.text();
  load_balancer.deletion_protection = row.integer() != 0;
  const auto log_id = row.optional_text();
  const std::string group = row.text();
  const std::string stream = row.text();
  if (log_id) load_balancer.access_log = model::AccessLogTarget{*log_id, group, stream};
  return {};
}

void Rows<model::Listener>::bind(Statement& row, const model::Listener& listener) {
  row.bind(listener.loadbalancer_id)
      .bind(listener.protocol_word())
      .bind(int64_t{listener.protocol_port})
      .bind_optional(listener.default_pool_id)
      .bind(int64_t{listener.connection_limit})
      .bind(int64_t{listener.toa});
  const auto& whitelist = listener.whitelist;
  row.bind_optional(whitelist ? std::optional(whitelist->id) : std::nullopt)
      .bind(int64_t{whitelist && whitelist->enabled})
      .bind(whitelist ? join(whitelist->entries) : std::string());
  bind_l7(row, listener);
}

Status Rows<model::Listener>::read(Statement& row, model::Listener& listener) {
  listener.loadbalancer_id = row.text();
  const std::string protocol = row.text();
  const auto known = model::parse_protocol(protocol);
  if (!known) return unreadable("protocol", protocol);
  listener.protocol = *known;
  listener.terminated_https = protocol != to_string(*known);
  listener.protocol_port = static_cast<uint16_t>(row.integer());
  listener.default_pool_id = row.optional_text();
  listener.connection_limit = static_cast<int>(row.integer());
  listener.toa = row.integer() != 0;
  const auto whitelist_id = row.optional_text();
  const bool enabled = row.integer() != 0;
  const std::string entries = row.text();
  if (auto status = read_l7(row, listener); !status) return status;
  if (!whitelist_id) return {};
  listener.whitelist = model::Whitelist{*whitelist_id, enabled, {}};
  return split("whitelist_entries", entries, listener.whitelist->entries);
}

void Rows<model::Pool>::bind(Statement& row, const model::Pool& pool) {
  row.bind(pool.loadbalancer_id).bind(pool.protocol_word()).bind(to_string(pool.algorithm));
  const auto& persistence = pool.persistence;
  row.bind_optional(persistence ? std::optional<std::string>(to_string(persistence->type)) : std::nullopt);
  row.bind_optional(persistence ? wide(persistence->timeout_minutes) : std::nullopt);
  row.bind(persistence ? persistence->cookie_name : std::string()).bind(to_string(pool.proxy_protocol));
  row.bind(int64_t{pool.slow_start}).bind(int64_t{pool.slow_start_s});
}

Status Rows<model::Pool>::read(Statement& row, model::Pool& pool) {
  pool.loadbalancer_id = row.text();
  const std::string protocol = row.text();
  pool.grpc = protocol == model::kGrpc;
  const auto known = pool.grpc ? model::Protocol::kHttp : model::parse_protocol(protocol);
  if (!known) return unreadable("protocol", protocol);
  pool.protocol = *known;
  const std::string algorithm = row.text();
  const auto value = model::parse_algorithm(algorithm);
  if (!value) return unreadable("lb_algorithm", algorithm);
  pool.algorithm = *value;
  const auto type = row.optional_text();
  const auto minutes = row.optional_integer();
  const std::string cookie_name = row.text();
  if (auto status = read_word(row, "proxy_protocol", model::parse_proxy_protocol, pool.proxy_protocol); !status)
    return status;
  pool.slow_start = row.integer() != 0;
  pool.slow_start_s = static_cast<int>(row.integer());
  if (!type) return {};
  const auto persistence_type = model::parse_persistence_type(*type);
  if (!persistence_type) return unreadable("persistence_type", *type);
  pool.persistence = model::SessionPersistence{narrow(minutes), *persistence_type, cookie_name};
  return {};
}

void Rows<model::Member>::bind(Statement& row, const model::Member& member) {
  row.bind(member.pool_id)
      .bind(member.address.to_string())
      .bind(int64_t{member.protocol_port})
      .bind(member.subnet_id)
      .bind(member.availability_zone)
      .bind(int64_t{member.weight})
      .bind(int64_t{member.backup})
      .bind(member.monitor_address ? member.monitor_address->to_string() : "")
      .bind_optional(member.monitor_port ? std::optional<int64_t>(*member.monitor_port) : std::nullopt);
}

Status Rows<model::Member>::read(Statement& row, model::Member& member) {
  member.pool_id = row.text();
  if (auto status = read_address(row, "address", member.address); !status) return status;
  member.protocol_port = static_cast<uint16_t>(row.integer());
  member.subnet_id = row.text();
  member.availability_zone = row.text();
  member.weight = static_cast<int>(row.integer());
  member.backup = row.integer() != 0;
  if (const std::string address = row.text(); !address.empty()) {
    const auto parsed = IpAddress::parse(address);
    if (!parsed) return unreadable("monitor_address", address);
    member.monitor_address = *parsed;
  }
  if (const auto port = row.optional_integer()) member.monitor_port = static_cast<uint16_t>(*port);
  return {};
}

void Rows<model::HealthMonitor>::bind(Statement& row, const model::HealthMonitor& monitor) {
  row.bind(monitor.pool_id)
      .bind(to_string(monitor.type))
      .bind(int64_t{monitor.delay})
      .bind(int64_t{monitor.timeout})
      .bind(int64_t{monitor.max_retries})
      .bind(int64_t{monitor.max_retries_down})
      .bind_optional(monitor.monitor_port ? std::optional<int64_t>(*monitor.monitor_port) : std::nullopt)
      .bind(monitor.url_path)
      .bind(monitor.domain_name)
      .bind(monitor.expected_codes)
      .bind(monitor.http_method);
}

Status Rows<model::HealthMonitor>::read(Statement& row, model::HealthMonitor& monitor) {
  monitor.pool_id = row.text();
  const std::string type = row.text();
  const auto value = model::parse_monitor_type(type);
  if (!value) return unreadable("type", type);
  monitor.type = *value;
  monitor.delay = static_cast<int>(row.integer());
  monitor.timeout = static_cast<int>(row.integer());
  monitor.max_retries = static_cast<int>(row.integer());
  monitor.max_retries_down = static_cast<int>(row.integer());
  if (const auto port = row.optional_integer()) monitor.monitor_port = static_cast<uint16_t>(*port);
  monitor.url_path = row.text();
  monitor.domain_name = row.text();
  monitor.expected_codes = row.text();
  monitor.http_method = row.text();
  return {};
}

void Rows<model::Eip>::bind(Statement& row, const model::Eip& eip) {
  row.bind(eip.address.to_string())
      .bind(eip.type)
      .bind_optional(eip.loadbalancer_id)
      .bind_optional(wide(eip.bandwidth))
      .bind(eip.bandwidth_id)
      .bind(eip.bandwidth_name);
}

Status Rows<model::Eip>::read(Statement& row, model::Eip& eip) {
  if (auto status = read_address(row, "address", eip.address); !status) return status;
  eip.type = row.text();
  eip.loadbalancer_id = row.optional_text();
  eip.bandwidth = narrow(row.optional_integer());
  eip.bandwidth_id = row.text();
  eip.bandwidth_name = row.text();
  return {};
}

}  // namespace elb::store
