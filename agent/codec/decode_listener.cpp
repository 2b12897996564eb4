// SPDX-License-Identifier: Apache-2.0
#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

// The fields of listeners whose features come later: their "off" values are accepted, because clients send them.
void read_later(Fields& fields) {
  fields.neutral("connection_limit", {"-1"}).neutral("insert_headers", {"{}"});
  fields.neutral("timeout_client_data", {"50000"}).neutral("timeout_member_connect", {"5000"});
  fields.neutral("timeout_member_data", {"50000"}).neutral("timeout_tcp_inspect", {"0"});
  fields.neutral("allowed_cidrs", {"[]", R"(["0.0.0.0/0"])", R"(["0.0.0.0/0","::/0"])"});
  fields.neutral("default_tls_container_ref", {"\"\""}).neutral("sni_container_refs", {"[]"});
  fields.neutral("client_ca_tls_container_ref", {"\"\""}).neutral("client_crl_container_ref", {"\"\""});
  fields.neutral("client_authentication", {"\"NONE\""});
  fields.neutral("tls_ciphers").neutral("tls_versions", {"[]"}).neutral("alpn_protocols", {"[]"});
  fields.neutral("hsts_max_age").neutral("hsts_include_subdomains", {"false"}).neutral("hsts_preload", {"false"});
  fields.neutral("http2_enable", {"false"}).neutral("tls_ciphers_policy").neutral("l7policies", {"[]"});
  fields.neutral("transparent_client_ip_enable", {"false"});
}

void read_mutable(Fields& fields, model::Listener& listener) {
  read_common(fields, listener);
  fields.text("description", listener.description);
  read_later(fields);
  fields.refuse({"loadbalancers", "pools"}, kReadOnly);
}

void read_default_pool_id(Fields& fields, model::Listener& listener) {
  std::string id;
  fields.id("default_pool_id", id);
  if (!fields.given("default_pool_id")) return;
  listener.default_pool_id.reset();
  if (!id.empty()) listener.default_pool_id = id;
}

void read_new(Fields& fields, ListenerTree& tree) {
  model::Listener& listener = tree.listener;
  read_mutable(fields, listener);
  std::string protocol;
  fields.require("protocol")
      .word("protocol", protocol, {"TCP", "UDP"},
            {"HTTP", "HTTPS", "TERMINATED_HTTPS", "SCTP", "PROMETHEUS", "TLS", "QUIC", "IP"});
  if (fields.ok()) listener.protocol = *model::parse_protocol(protocol);
  fields.require("protocol_port").integer<uint16_t>("protocol_port", listener.protocol_port, 1, 65535, std::nullopt);
}

// A nested default pool is a new pool, or {"name": ...} for one of the pools in the same document.
void read_default_pool(Fields& fields, ListenerTree& tree, bool by_name) {
  Value pool;
  fields.object("default_pool", pool);
  if (!fields.ok() || pool.is_null()) return;
  if (by_name && pool.size() == 1 && pool.get("name").is_string()) {
    tree.default_pool_name = pool.get("name").as_string();
    if (tree.default_pool_name.empty()) fields.fail(ErrorCode::kInvalid, "default_pool.name", "must not be empty");
    return;
  }
  auto decoded = decode_nested_pool(pool, fields.path_of("default_pool"));
  if (!decoded) {
    fields.adopt(std::move(decoded.error()));
  } else {
    tree.default_pool = std::move(*decoded);
  }
}

}  // namespace

Result<ListenerTree> decode_listener(const Value& body) {
  const auto object = open_envelope(body, "listener");
  if (!object) return pass_on(object.error());
  ListenerTree tree;
  Fields fields(*object, "");
  read_project(fields, tree.listener);
  read_new(fields, tree);
  fields.require("loadbalancer_id").id("loadbalancer_id", tree.listener.loadbalancer_id);
  read_default_pool_id(fields, tree.listener);
  read_default_pool(fields, tree, false);
  if (tree.default_pool && tree.listener.default_pool_id) {
    fields.fail(ErrorCode::kInvalid, "default_pool", "must not be given together with default_pool_id");
  }
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return tree;
}

Result<ListenerTree> decode_nested_listener(const Value& object, const std::string& path) {
  ListenerTree tree;
  Fields fields(object, path);
  refuse_project(fields, kFromParent);
  fields.refuse({"loadbalancer_id", "default_pool_id"}, kFromParent);
  read_new(fields, tree);
  read_default_pool(fields, tree, true);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return tree;
}

Status decode_update(const Value& body, model::Listener& listener) {
  const auto object = open_envelope(body, "listener");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"protocol", "protocol_port", "loadbalancer_id"}, kImmutable);
  read_default_pool_id(fields, listener);
  read_mutable(fields, listener);
  return fields.finish();
}

}  // namespace elb::codec
