// SPDX-License-Identifier: Apache-2.0
#include "store/rows.h"

namespace elb::store {
namespace {

/// A stored text that this build cannot read: written by hand, or by a newer build without a new schema.
tl::unexpected<Error> unreadable(std::string_view column, std::string_view text) {
  return fail(ErrorCode::kStorage,
              fmt::format("the store has {} '{}', which this elb-agent does not know", column, text));
}

Status read_protocol(Statement& row, model::Protocol& protocol) {
  const std::string text = row.text();
  const auto value = model::parse_protocol(text);
  if (!value) return unreadable("protocol", text);
  protocol = *value;
  return {};
}

Status read_address(Statement& row, std::string_view column, IpAddress& address) {
  const std::string text = row.text();
  const auto value = IpAddress::parse(text);
  if (!value) return unreadable(column, text);
  address = *value;
  return {};
}

}  // namespace

void Rows<model::LoadBalancer>::bind(Statement& row, const model::LoadBalancer& load_balancer) {
  row.bind(load_balancer.vip_subnet_id)
      .bind(load_balancer.vip_network_id)
      .bind(load_balancer.vip_port_id)
      .bind(load_balancer.vip_address.to_string())
      .bind(load_balancer.provider);
}

Status Rows<model::LoadBalancer>::read(Statement& row, model::LoadBalancer& load_balancer) {
  load_balancer.vip_subnet_id = row.text();
  load_balancer.vip_network_id = row.text();
  load_balancer.vip_port_id = row.text();
  if (auto status = read_address(row, "vip_address", load_balancer.vip_address); !status) return status;
  load_balancer.provider = row.text();
  return {};
}

void Rows<model::Listener>::bind(Statement& row, const model::Listener& listener) {
  row.bind(listener.loadbalancer_id)
      .bind(to_string(listener.protocol))
      .bind(int64_t{listener.protocol_port})
      .bind_optional(listener.default_pool_id);
}

Status Rows<model::Listener>::read(Statement& row, model::Listener& listener) {
  listener.loadbalancer_id = row.text();
  if (auto status = read_protocol(row, listener.protocol); !status) return status;
  listener.protocol_port = static_cast<uint16_t>(row.integer());
  listener.default_pool_id = row.optional_text();
  return {};
}

void Rows<model::Pool>::bind(Statement& row, const model::Pool& pool) {
  row.bind(pool.loadbalancer_id).bind(to_string(pool.protocol)).bind(to_string(pool.algorithm));
}

Status Rows<model::Pool>::read(Statement& row, model::Pool& pool) {
  pool.loadbalancer_id = row.text();
  if (auto status = read_protocol(row, pool.protocol); !status) return status;
  const std::string algorithm = row.text();
  const auto value = model::parse_algorithm(algorithm);
  if (!value) return unreadable("lb_algorithm", algorithm);
  pool.algorithm = *value;
  return {};
}

void Rows<model::Member>::bind(Statement& row, const model::Member& member) {
  row.bind(member.pool_id)
      .bind(member.address.to_string())
      .bind(int64_t{member.protocol_port})
      .bind(member.subnet_id)
      .bind(member.availability_zone)
      .bind(int64_t{member.weight});
}

Status Rows<model::Member>::read(Statement& row, model::Member& member) {
  member.pool_id = row.text();
  if (auto status = read_address(row, "address", member.address); !status) return status;
  member.protocol_port = static_cast<uint16_t>(row.integer());
  member.subnet_id = row.text();
  member.availability_zone = row.text();
  member.weight = static_cast<int>(row.integer());
  return {};
}

void Rows<model::HealthMonitor>::bind(Statement& row, const model::HealthMonitor& monitor) {
  row.bind(monitor.pool_id)
      .bind(to_string(monitor.type))
      .bind(int64_t{monitor.delay})
      .bind(int64_t{monitor.timeout})
      .bind(int64_t{monitor.max_retries})
      .bind(int64_t{monitor.max_retries_down})
      .bind_optional(monitor.monitor_port ? std::optional<int64_t>(*monitor.monitor_port) : std::nullopt);
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
  return {};
}

}  // namespace elb::store
