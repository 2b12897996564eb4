// SPDX-License-Identifier: Apache-2.0
#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

void read_mutable(Fields& fields, model::Pool& pool) {
  read_common(fields, pool);
  fields.text("description", pool.description);
  std::string algorithm;
  fields.word("lb_algorithm", algorithm, {"ROUND_ROBIN"}, {"LEAST_CONNECTIONS", "SOURCE_IP", "SOURCE_IP_PORT"});
  if (fields.ok() && !algorithm.empty()) pool.algorithm = *model::parse_algorithm(algorithm);
  fields.neutral("session_persistence", {"{}"}).neutral("slow_start").neutral("tls_enabled", {"false"});
  fields.neutral("tls_container_ref").neutral("ca_tls_container_ref").neutral("crl_container_ref");
  fields.neutral("tls_ciphers").neutral("tls_versions", {"[]"}).neutral("alpn_protocols", {"[]"});
  fields.refuse({"healthmonitor_id", "listeners", "loadbalancers"}, kReadOnly);
}

void read_new(Fields& fields, PoolTree& tree) {
  model::Pool& pool = tree.pool;
  fields.require("lb_algorithm");
  read_mutable(fields, pool);
  std::string protocol;
  fields.require("protocol")
      .word("protocol", protocol, {"TCP", "UDP"},
            {"HTTP", "HTTPS", "PROXY", "PROXYV2", "SCTP", "TERMINATED_HTTPS", "GRPC", "QUIC", "TLS", "IP"});
  if (fields.ok()) pool.protocol = *model::parse_protocol(protocol);
  read_nested(fields, "members", tree.members, decode_nested_member);
  Value monitor;
  fields.object("healthmonitor", monitor);
  if (!fields.ok() || monitor.is_null()) return;
  auto decoded = decode_nested_monitor(monitor, fields.path_of("healthmonitor"));
  if (!decoded) {
    fields.adopt(std::move(decoded.error()));
  } else {
    tree.monitor = std::move(*decoded);
  }
}

}  // namespace

Result<PoolTree> decode_pool(const Value& body) {
  const auto object = open_envelope(body, "pool");
  if (!object) return pass_on(object.error());
  PoolTree tree;
  Fields fields(*object, "");
  read_project(fields, tree.pool);
  read_new(fields, tree);
  fields.id("loadbalancer_id", tree.pool.loadbalancer_id).id("listener_id", tree.listener_id);
  if (tree.pool.loadbalancer_id.empty() && tree.listener_id.empty()) {
    fields.fail(ErrorCode::kInvalid, "loadbalancer_id", "one of loadbalancer_id, listener_id is required");
  }
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return tree;
}

Result<PoolTree> decode_nested_pool(const Value& object, const std::string& path) {
  PoolTree tree;
  Fields fields(object, path);
  refuse_project(fields, kFromParent);
  fields.refuse({"loadbalancer_id", "listener_id"}, kFromParent);
  read_new(fields, tree);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return tree;
}

Status decode_update(const Value& body, model::Pool& pool) {
  const auto object = open_envelope(body, "pool");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"protocol", "loadbalancer_id", "listener_id"}, kImmutable);
  fields.refuse({"members", "healthmonitor"}, kReadOnly);
  read_mutable(fields, pool);
  return fields.finish();
}

}  // namespace elb::codec
