// SPDX-License-Identifier: Apache-2.0
// Rows<T>: how a resource lies in its table: name, columns in order, and both directions. The columns that every
// resource has come first and are bound and read by the store itself. Private to store/.
// Thread rule: pure functions of their arguments.
#pragma once

#include <array>
#include <string_view>

#include "model/resources.h"
#include "store/sqlite_db.h"

namespace elb::store {

inline constexpr std::array<std::string_view, 7> kCommonColumns = {
    "id", "project_id", "name", "description", "admin_state_up", "created_at", "updated_at"};

template <class T>
struct Rows;

template <>
struct Rows<model::LoadBalancer> {
  static constexpr std::string_view kTable = "load_balancer";
  static constexpr std::array<std::string_view, 11> kColumns = {
      "vip_subnet_id",         "vip_network_id",      "vip_port_id", "vip_address", "provider",  "vip_bandwidth",
      "enterprise_project_id", "deletion_protection", "log_id",      "log_group",   "log_stream"};
  static void bind(Statement& row, const model::LoadBalancer& load_balancer);
  static Status read(Statement& row, model::LoadBalancer& load_balancer);
};

template <>
struct Rows<model::Listener> {
  static constexpr std::string_view kTable = "listener";
  static constexpr std::array<std::string_view, 25> kColumns = {"loadbalancer_id",   "protocol",
                                                                "protocol_port",     "default_pool_id",
                                                                "connection_limit",  "toa",
                                                                "whitelist_id",      "whitelist_enabled",
                                                                "whitelist_entries", "certificate_id",
                                                                "sni_ids",           "client_ca_id",
                                                                "verify_clients",    "http2",
                                                                "tls_policy",        "insert_headers",
                                                                "client_data_ms",    "member_connect_ms",
                                                                "member_data_ms",    "request_rate",
                                                                "request_burst",     "body_rate",
                                                                "proxy_trusted",     "error_pages",
                                                                "trace_sampling"};
  static void bind(Statement& row, const model::Listener& listener);
  static Status read(Statement& row, model::Listener& listener);
};

template <>
struct Rows<model::Pool> {
  static constexpr std::string_view kTable = "pool";
  static constexpr std::array<std::string_view, 9> kColumns = {
      "loadbalancer_id", "protocol",       "lb_algorithm", "persistence_type", "persistence_timeout",
      "cookie_name",     "proxy_protocol", "slow_start",   "slow_start_s"};
  static void bind(Statement& row, const model::Pool& pool);
  static Status read(Statement& row, model::Pool& pool);
};

template <>
struct Rows<model::Member> {
  static constexpr std::string_view kTable = "member";
  static constexpr std::array<std::string_view, 9> kColumns = {"pool_id",   "address",           "protocol_port",
                                                               "subnet_id", "availability_zone", "weight",
                                                               "backup",    "monitor_address",   "monitor_port"};
  static void bind(Statement& row, const model::Member& member);
  static Status read(Statement& row, model::Member& member);
};

template <>
struct Rows<model::HealthMonitor> {
  static constexpr std::string_view kTable = "health_monitor";
  static constexpr std::array<std::string_view, 11> kColumns = {
      "pool_id",      "type",     "delay",       "timeout",        "max_retries", "max_retries_down",
      "monitor_port", "url_path", "domain_name", "expected_codes", "http_method"};
  static void bind(Statement& row, const model::HealthMonitor& monitor);
  static Status read(Statement& row, model::HealthMonitor& monitor);
};

template <>
struct Rows<model::Eip> {
  static constexpr std::string_view kTable = "eip";
  static constexpr std::array<std::string_view, 6> kColumns = {"address",   "type",         "loadbalancer_id",
                                                               "bandwidth", "bandwidth_id", "bandwidth_name"};
  static void bind(Statement& row, const model::Eip& eip);
  static Status read(Statement& row, model::Eip& eip);
};

template <>
struct Rows<model::Certificate> {
  static constexpr std::string_view kTable = "certificate";
  static constexpr std::array<std::string_view, 5> kColumns = {"type", "domain", "certificate", "private_key",
                                                               "expires_at"};
  static void bind(Statement& row, const model::Certificate& certificate);
  static Status read(Statement& row, model::Certificate& certificate);
};

template <>
struct Rows<model::L7Policy> {
  static constexpr std::string_view kTable = "l7policy";
  static constexpr std::array<std::string_view, 9> kColumns = {
      "listener_id",          "action",       "position",        "sequence",          "redirect_pool_id",
      "redirect_listener_id", "redirect_url", "redirect_prefix", "redirect_http_code"};
  static void bind(Statement& row, const model::L7Policy& policy);
  static Status read(Statement& row, model::L7Policy& policy);
};

template <>
struct Rows<model::L7Rule> {
  static constexpr std::string_view kTable = "l7rule";
  static constexpr std::array<std::string_view, 6> kColumns = {"l7policy_id", "type", "compare_type",
                                                               "invert",      "key",  "value"};
  static void bind(Statement& row, const model::L7Rule& rule);
  static Status read(Statement& row, model::L7Rule& rule);
};

}  // namespace elb::store
