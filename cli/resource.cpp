// SPDX-License-Identifier: Apache-2.0
#include "cli/resource.h"

#include <fmt/core.h>

#include "cli/url.h"

namespace elb::cli {
namespace {

using codec::Value;

std::string admin_state(const Value& object) { return object.get("admin_state_up").as_bool() ? "up" : "down"; }

Column count_of(std::string header, std::string field) {
  return {std::move(header), field, false,
          [field](const Value& object) { return std::to_string(object.get(field).size()); }};
}

std::string stickiness(const Value& pool) {
  const Value persistence = pool.get("session_persistence");
  if (!persistence.is_object()) return {};
  const std::string minutes = persistence.get("persistence_timeout").text();
  return persistence.get("type").text() + (minutes.empty() ? "" : " " + minutes + " min");
}

/// LB-03, LB-04: an EIP makes it public, and then the bandwidth is the EIP's.
std::string network_type(const Value& lb) { return lb.get("publicips").size() > 0 ? "public" : "private"; }

std::string bandwidth(const Value& lb) {
  const Value publicips = lb.get("publicips");
  return publicips.size() > 0 ? publicips.at(0).get("bandwidth").text() : lb.get("vip_bandwidth").text();
}

const std::string kRoot = "/v2.0/lbaas/";

}  // namespace

std::string Resource::path_of(std::string_view id) const { return path + "/" + percent_encode(id); }

Value Resource::open(const Value& document) const { return key.empty() ? document : document.get(key); }

Value Resource::close(Value fields) const {
  if (key.empty()) return fields;
  Value body = Value::object();
  return body.set(key, std::move(fields));
}

const Resource& load_balancers() {
  static const Resource kResource = {"loadbalancer",
                                     "load balancer",
                                     "loadbalancer",
                                     "loadbalancers",
                                     kRoot + "loadbalancers",
                                     {{"NAME", "name"},
                                      {"VIP", "vip_address"},
                                      {"STATUS", "operating_status"},
                                      {"PROVISIONING", "provisioning_status"},
                                      count_of("LISTENERS", "listeners"),
                                      count_of("POOLS", "pools"),
                                      {"ID", "id"},
                                      {"ADMIN", "admin_state_up", true, admin_state},
                                      {"SUBNET", "vip_subnet_id", true},
                                      {"PROJECT", "project_id", true},
                                      {"CREATED", "created_at", true},
                                      {"DESCRIPTION", "description", true},
                                      {"EIP", "eip", true},
                                      {"BANDWIDTH", "vip_bandwidth", true, bandwidth},
                                      {"TYPE", "publicips", true, network_type},
                                      {"TAGS", "tags", true}}};
  return kResource;
}

const Resource& listeners() {
  static const Resource kResource = {"listener",
                                     "listener",
                                     "listener",
                                     "listeners",
                                     kRoot + "listeners",
                                     {{"NAME", "name"},
                                      {"PROTOCOL", "protocol"},
                                      {"PORT", "protocol_port"},
                                      {"STATUS", "operating_status"},
                                      {"LOADBALANCER", "loadbalancers"},
                                      {"DEFAULT POOL", "default_pool_id"},
                                      {"ID", "id"},
                                      {"ADMIN", "admin_state_up", true, admin_state},
                                      {"PROVISIONING", "provisioning_status", true},
                                      {"PROJECT", "project_id", true},
                                      {"CREATED", "created_at", true},
                                      {"DESCRIPTION", "description", true},
                                      {"LIMIT", "connection_limit", true},
                                      {"ALLOWED", "allowed_cidrs", true},
                                      {"TOA", "toa", true}}};
  return kResource;
}

const Resource& pools() {
  static const Resource kResource = {"pool",
                                     "pool",
                                     "pool",
                                     "pools",
                                     kRoot + "pools",
                                     {{"NAME", "name"},
                                      {"PROTOCOL", "protocol"},
                                      {"ALGORITHM", "lb_algorithm"},
                                      {"STATUS", "operating_status"},
                                      count_of("MEMBERS", "members"),
                                      {"LOADBALANCER", "loadbalancers"},
                                      {"ID", "id"},
                                      {"LISTENERS", "listeners", true},
                                      {"HEALTHMONITOR", "healthmonitor_id", true},
                                      {"ADMIN", "admin_state_up", true, admin_state},
                                      {"PROVISIONING", "provisioning_status", true},
                                      {"PROJECT", "project_id", true},
                                      {"CREATED", "created_at", true},
                                      {"DESCRIPTION", "description", true},
                                      {"STICKY", "session_persistence", true, stickiness}}};
  return kResource;
}

const Resource& health_monitors() {
  static const Resource kResource = {"healthmonitor",
                                     "health monitor",
                                     "healthmonitor",
                                     "healthmonitors",
                                     kRoot + "healthmonitors",
                                     {{"NAME", "name"},
                                      {"TYPE", "type"},
                                      {"DELAY", "delay"},
                                      {"TIMEOUT", "timeout"},
                                      {"UP", "max_retries"},
                                      {"DOWN", "max_retries_down"},
                                      {"POOL", "pools"},
                                      {"ID", "id"},
                                      {"PORT", "monitor_port", true},
                                      {"ADMIN", "admin_state_up", true, admin_state},
                                      {"PROVISIONING", "provisioning_status", true},
                                      {"PROJECT", "project_id", true},
                                      {"CREATED", "created_at", true}}};
  return kResource;
}

const Resource& whitelists() {
  static const Resource kResource = {"whitelist",
                                     "whitelist",
                                     "whitelist",
                                     "whitelists",
                                     kRoot + "whitelists",
                                     {{"LISTENER", "listener_id"},
                                      {"ENABLED", "enable_whitelist"},
                                      {"ENTRIES", "whitelist"},
                                      {"ID", "id"},
                                      {"PROJECT", "project_id", true}}};
  return kResource;
}

const Resource& logtanks() {
  static const Resource kResource = {"accesslog",
                                     "access log",
                                     "logtank",
                                     "logtanks",
                                     kRoot + "logtanks",
                                     {{"LOADBALANCER", "loadbalancer_id"},
                                      {"GROUP", "log_group_id"},
                                      {"STREAM", "log_topic_id"},
                                      {"ID", "id"},
                                      {"PROJECT", "project_id", true}}};
  return kResource;
}

const Resource& eips() {
  static const Resource kResource = {"eip",
                                     "EIP",
                                     "eip",
                                     "eips",
                                     "/v1/eips",
                                     {{"NAME", "name"},
                                      {"ADDRESS", "address"},
                                      {"STATUS", "operating_status"},
                                      {"BANDWIDTH", "bandwidth"},
                                      {"LOADBALANCER", "loadbalancer_id"},
                                      {"ID", "id"},
                                      {"VIP", "vip_address", true},
                                      {"TYPE", "type", true},
                                      {"BANDWIDTH NAME", "bandwidth_name", true},
                                      {"PROVISIONING", "provisioning_status", true},
                                      {"PROJECT", "project_id", true},
                                      {"CREATED", "created_at", true},
                                      {"DESCRIPTION", "description", true}}};
  return kResource;
}

const Resource& alarms() {
  static const Resource kResource = {"alarm",
                                     "alarm",
                                     "alarm",
                                     "alarms",
                                     "/v1/alarms",
                                     {{"NAME", "name"},
                                      {"STATE", "state"},
                                      {"SEVERITY", "severity"},
                                      {"METRIC", "metric_name"},
                                      {"VALUE", "value"},
                                      {"OPERATOR", "operator"},
                                      {"THRESHOLD", "threshold"},
                                      {"ENABLED", "enabled"},
                                      {"ID", "id"},
                                      {"SINCE", "state_since", true},
                                      {"PERIOD", "period", true},
                                      {"COUNT", "count", true},
                                      {"REASON", "state_reason", true},
                                      {"DESCRIPTION", "description", true}}};
  return kResource;
}

const Resource& certificates() {
  static const Resource kResource = {"certificate",
                                     "certificate",
                                     "",
                                     "certificates",
                                     kRoot + "certificates",
                                     {{"NAME", "name"},
                                      {"TYPE", "type"},
                                      {"DOMAIN", "domain"},
                                      {"EXPIRES", "expire_time"},
                                      {"ID", "id"},
                                      {"PROJECT", "project_id", true},
                                      {"CREATED", "created_at", true},
                                      {"DESCRIPTION", "description", true}}};
  return kResource;
}

const Resource& l7policies() {
  static const Resource kResource = {"l7policy",
                                     "l7policy",
                                     "l7policy",
                                     "l7policies",
                                     kRoot + "l7policies",
                                     {{"NAME", "name"},
                                      {"ACTION", "action"},
                                      {"POSITION", "position"},
                                      count_of("RULES", "rules"),
                                      {"STATUS", "operating_status"},
                                      {"LISTENER", "listener_id"},
                                      {"ID", "id"},
                                      {"POOL", "redirect_pool_id", true},
                                      {"TO LISTENER", "redirect_listener_id", true},
                                      {"URL", "redirect_url", true},
                                      {"PREFIX", "redirect_prefix", true},
                                      {"CODE", "redirect_http_code", true},
                                      {"ADMIN", "admin_state_up", true, admin_state},
                                      {"PROVISIONING", "provisioning_status", true},
                                      {"CREATED", "created_at", true},
                                      {"DESCRIPTION", "description", true}}};
  return kResource;
}

const Resource& subnets() {
  static const Resource kResource = {
      "subnet",
      "subnet",
      "subnet",
      "subnets",
      "/v2.0/subnets",
      {{"NAME", "name"}, {"CIDR", "cidr"}, {"GATEWAY", "gateway_ip"}, {"NETWORK", "network_id"}, {"ID", "id"}}};
  return kResource;
}

Resource members_of(std::string_view pool_id) {
  return {"member",
          "member",
          "member",
          "members",
          fmt::format("{}pools/{}/members", kRoot, percent_encode(pool_id)),
          {{"NAME", "name"},
           {"ADDRESS", "address"},
           {"PORT", "protocol_port"},
           {"WEIGHT", "weight"},
           {"AZ", "availability_zone"},
           {"STATUS", "operating_status"},
           {"ID", "id"},
           {"REASON", "status_reason", true},
           {"ADMIN", "admin_state_up", true, admin_state},
           {"SUBNET", "subnet_id", true},
           {"PROVISIONING", "provisioning_status", true},
           {"CREATED", "created_at", true}}};
}

Resource rules_of(std::string_view policy_id) {
  return {"l7rule",
          "l7rule",
          "rule",
          "rules",
          fmt::format("{}l7policies/{}/rules", kRoot, percent_encode(policy_id)),
          {{"TYPE", "type"},
           {"COMPARE", "compare_type"},
           {"KEY", "key"},
           {"VALUE", "value"},
           {"INVERT", "invert"},
           {"ID", "id"},
           {"NAME", "name", true},
           {"ADMIN", "admin_state_up", true, admin_state},
           {"CREATED", "created_at", true}}};
}

const Resource* find_resource(std::string_view noun) {
  for (const Resource& (*make)() : {load_balancers, listeners, pools, health_monitors, whitelists, eips, alarms,
                                    certificates, l7policies, subnets}) {
    if (make().noun == noun) return &make();
  }
  return nullptr;
}

}  // namespace elb::cli
