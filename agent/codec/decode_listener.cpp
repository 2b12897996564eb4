// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "codec/decode_parts.h"
#include "codec/whitelist.h"

namespace elb::codec {
namespace {

// What TCP and UDP listeners do not have: the "off" values are accepted, because clients send them.
void refuse_l7(Fields& fields) {
  fields.neutral("insert_headers", {"{}"});
  fields.neutral("timeout_client_data", {"50000"}).neutral("timeout_member_connect", {"5000"});
  fields.neutral("timeout_member_data", {"50000"}).neutral("timeout_tcp_inspect", {"0"});
  fields.neutral("default_tls_container_ref", {"\"\""}).neutral("sni_container_refs", {"[]"});
  fields.neutral("client_ca_tls_container_ref", {"\"\""}).neutral("client_crl_container_ref", {"\"\""});
  fields.neutral("client_authentication", {"\"NONE\""});
  fields.neutral("tls_ciphers").neutral("tls_versions", {"[]"}).neutral("alpn_protocols", {"[]"});
  fields.neutral("hsts_max_age").neutral("hsts_include_subdomains", {"false"}).neutral("hsts_preload", {"false"});
  fields.neutral("http2_enable", {"false"}).neutral("tls_ciphers_policy");
  fields.neutral("request_rate_limit").neutral("request_rate_burst").neutral("min_body_rate");
  fields.neutral("trace_sampling");
  fields.neutral("proxy_protocol_trusted", {"[]"});
}

// -1 and null: no limit. 0 would be a listener that nobody can use, which admin_state_up says better.
void read_connection_limit(Fields& fields, model::Listener& listener) {
  fields.integer<int>("connection_limit", listener.connection_limit, -1, model::kConnectionLimitMax, -1);
  if (fields.ok() && listener.connection_limit == 0)
    fields.fail(ErrorCode::kInvalid, "connection_limit",
                fmt::format("must be -1 or 1 to {}, got 0", model::kConnectionLimitMax));
}

// Octavia's view of the whitelist (AC-01): null and [] admit everybody.
void read_allowed_cidrs(Fields& fields, model::Listener& listener) {
  std::vector<Cidr> entries;
  fields.cidrs("allowed_cidrs", entries);
  if (!fields.ok() || !fields.given("allowed_cidrs")) return;
  if (entries.size() > model::kWhitelistMax)
    fields.fail(ErrorCode::kInvalid, "allowed_cidrs",
                fmt::format("at most {} entries are allowed, got {}", model::kWhitelistMax, entries.size()));
  auto& whitelist = listener.whitelist;
  if (entries.empty()) {
    if (whitelist && whitelist->enabled) whitelist.reset();  // a disabled one admits everybody as it is
    return;
  }
  if (!whitelist) whitelist.emplace();
  whitelist->enabled = true;
  if (entries.size() == 1 && is_nobody(entries[0])) entries.clear();
  whitelist->entries = std::move(entries);
}

void read_mutable(Fields& fields, model::Listener& listener) {
  read_common(fields, listener);
  read_connection_limit(fields, listener);
  read_allowed_cidrs(fields, listener);
  fields.flag("toa", listener.toa, false);
  fields.text("description", listener.description);
  fields.neutral("transparent_client_ip_enable", {"false"});
  if (model::is_l7(listener.protocol)) {
    read_l7(fields, listener);
  } else {
    refuse_l7(fields);
  }
  fields.refuse({"loadbalancers", "pools"}, kReadOnly);
}

void read_default_pool_id(Fields& fields, model::Listener& listener) {
  std::string id;
  fields.id("default_pool_id", id);
  if (!fields.given("default_pool_id")) return;
  listener.default_pool_id.reset();
  if (!id.empty()) listener.default_pool_id = id;
}

void read_new(Fields& fields, ListenerTree& tree, bool lone, Dialect dialect) {
  model::Listener& listener = tree.listener;
  std::string protocol;
  fields.require("protocol")
      .word("protocol", protocol, {"TCP", "UDP", "HTTP", "HTTPS", "TERMINATED_HTTPS"},
            {"SCTP", "PROMETHEUS", "TLS", "QUIC", "IP"});
  if (fields.ok()) listener.protocol = *model::parse_protocol(protocol);
  listener.terminated_https = fields.ok() && protocol != to_string(listener.protocol);
  read_mutable(fields, listener);
  if (fields.ok() && listener.toa && listener.protocol != model::Protocol::kTcp)
    fields.fail(ErrorCode::kInvalid, "toa", fmt::format("needs a TCP listener, this one is {}", protocol));
  fields.require("protocol_port").integer<uint16_t>("protocol_port", listener.protocol_port, 1, 65535, std::nullopt);
  if (!model::is_l7(listener.protocol)) {  // FP-01
    fields.neutral("l7policies", {"[]"});
    return;
  }
  read_nested(fields, "l7policies", tree.l7policies, [=](const Value& nested, const std::string& path) {
    return decode_nested_l7policy(nested, path, lone, dialect);
  });
}

// A nested default pool is a new pool, or {"name": ...} for one of the pools in the same document.
void read_default_pool(Fields& fields, ListenerTree& tree, bool by_name, Dialect dialect) {
  Value pool;
  fields.object("default_pool", pool);
  if (!fields.ok() || pool.is_null()) return;
  if (by_name && pool.size() == 1 && pool.get("name").is_string()) {
    tree.default_pool_name = pool.get("name").as_string();
    if (tree.default_pool_name.empty()) fields.fail(ErrorCode::kInvalid, "default_pool.name", "must not be empty");
    return;
  }
  auto decoded = decode_nested_pool(pool, fields.path_of("default_pool"), dialect);
  if (!decoded) {
    fields.adopt(std::move(decoded.error()));
  } else {
    tree.default_pool = std::move(*decoded);
  }
}

}  // namespace

Result<ListenerTree> decode_listener(const Value& body, Dialect dialect) {
  const auto object = open_envelope(body, "listener");
  if (!object) return pass_on(object.error());
  ListenerTree tree;
  Fields fields(*object, "");
  read_project(fields, tree.listener);
  read_new(fields, tree, true, dialect);
  fields.require("loadbalancer_id").id("loadbalancer_id", tree.listener.loadbalancer_id);
  read_default_pool_id(fields, tree.listener);
  read_default_pool(fields, tree, false, dialect);
  if (tree.default_pool && tree.listener.default_pool_id) {
    fields.fail(ErrorCode::kInvalid, "default_pool", "must not be given together with default_pool_id");
  }
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return tree;
}

Result<ListenerTree> decode_nested_listener(const Value& object, const std::string& path, Dialect dialect) {
  ListenerTree tree;
  Fields fields(object, path);
  refuse_project(fields, kFromParent);
  fields.refuse({"loadbalancer_id", "default_pool_id"}, kFromParent);
  read_new(fields, tree, false, dialect);
  read_default_pool(fields, tree, true, dialect);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return tree;
}

Status decode_update(const Value& body, model::Listener& listener) {
  const auto object = open_envelope(body, "listener");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"protocol", "protocol_port", "loadbalancer_id"}, kImmutable);
  fields.refuse({"l7policies"}, kReadOnly);
  read_default_pool_id(fields, listener);
  read_mutable(fields, listener);
  return fields.finish();
}

}  // namespace elb::codec
