// SPDX-License-Identifier: Apache-2.0
#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

int longest(const model::Pool& pool) {
  return pool.protocol == model::Protocol::kHttp ? model::kCookieMaxMinutes : model::kStickyMaxMinutes;
}

// Seconds of Octavia's UDP pools, rounded up: a client is never sent elsewhere earlier than asked for.
void read_timeout(Fields& fields, model::Pool& pool, bool seconds) {
  std::optional<int>& minutes = pool.persistence->timeout_minutes;
  if (!seconds) return read_optional(fields, "persistence_timeout", minutes, 1, longest(pool));  // ST-05
  std::optional<int> value;
  read_optional(fields, "persistence_timeout", value, 1, model::kStickyMaxMinutes * 60);
  if (!fields.given("persistence_timeout")) return;
  minutes.reset();
  if (value) minutes = (*value + 59) / 60;
}

// Which type goes with which pool is the model's to say. The name goes with the type that needed it.
void read_type(Fields& fields, model::SessionPersistence& persistence) {
  const auto before = persistence.type;
  read_word(fields, "type", persistence.type, model::parse_persistence_type,
            {"SOURCE_IP", "HTTP_COOKIE", "APP_COOKIE"});  // ST-01
  if (persistence.type != before) persistence.cookie_name.clear();
}

// What is absent stays as it was; {} and null on a pool without stickiness say that it has none.
void read_persistence(Fields& fields, model::Pool& pool, Dialect dialect) {
  Value object;
  fields.object("session_persistence", object);
  if (!fields.ok() || !fields.given("session_persistence")) return;
  if (object.is_null()) return pool.persistence.reset();
  if (object.size() == 0) return;
  Fields inner(object, fields.path_of("session_persistence"));
  if (!pool.persistence) inner.require("type");
  if (!pool.persistence) pool.persistence.emplace();
  read_type(inner, *pool.persistence);
  inner.line("cookie_name", pool.persistence->cookie_name);  // ST-04
  inner.neutral("persistence_granularity", {"\"255.255.255.255\"", "\"\""});
  const bool seconds = dialect == Dialect::kOctavia && pool.protocol == model::Protocol::kUdp;
  read_timeout(inner, pool, seconds);
  if (Status status = inner.finish(); !status) fields.adopt(status.error());
}

// Beside the rules of model::validate(), so that nested pools get the path of the field.
void check_matrix(Fields& fields, const model::Pool& pool) {
  if (!fields.ok()) return;
  if (Status status = model::validate_persistence(pool); !status)
    fields.fail(status.error().code, status.error().field, status.error().message);
}

/// {"enable": true, "duration": 60}, the vendor's spelling. null: none.
void read_slow_start(Fields& fields, model::Pool& pool) {
  Value object;
  fields.object("slow_start", object);
  if (!fields.ok() || !fields.given("slow_start")) return;
  if (object.is_null()) {
    pool.slow_start = false;
    pool.slow_start_s = model::kSlowStartMin;
    return;
  }
  Fields inner(object, fields.path_of("slow_start"));
  inner.flag("enable", pool.slow_start, false);
  inner.integer<int>("duration", pool.slow_start_s, model::kSlowStartMin, model::kSlowStartMax, model::kSlowStartMin);
  if (Status status = inner.finish(); !status) fields.adopt(status.error());
}

void read_mutable(Fields& fields, model::Pool& pool, Dialect dialect) {
  read_common(fields, pool);
  fields.text("description", pool.description);
  std::string algorithm;
  fields.word("lb_algorithm", algorithm, {"ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP"}, {"SOURCE_IP_PORT"});
  if (fields.ok() && !algorithm.empty()) pool.algorithm = *model::parse_algorithm(algorithm);
  read_persistence(fields, pool, dialect);
  check_matrix(fields, pool);
  if (fields.given_not_null("proxy_protocol")) {
    read_word(fields, "proxy_protocol", pool.proxy_protocol, model::parse_proxy_protocol, {"v1", "v2", "none"});
  } else {
    fields.neutral("proxy_protocol");
    if (fields.given("proxy_protocol")) pool.proxy_protocol = model::ProxyProtocol::kNone;
  }
  read_slow_start(fields, pool);
  fields.neutral("tls_enabled", {"false"});
  fields.neutral("tls_container_ref").neutral("ca_tls_container_ref").neutral("crl_container_ref");
  fields.neutral("tls_ciphers").neutral("tls_versions", {"[]"}).neutral("alpn_protocols", {"[]"});
  fields.refuse({"healthmonitor_id", "listeners", "loadbalancers"}, kReadOnly);
}

void read_new(Fields& fields, PoolTree& tree, Dialect dialect) {
  model::Pool& pool = tree.pool;
  std::string protocol;
  fields.require("protocol")
      .word("protocol", protocol, {"TCP", "UDP", "HTTP", model::kGrpc},
            {"HTTPS", "PROXY", "PROXYV2", "SCTP", "TERMINATED_HTTPS", "QUIC", "TLS", "IP"});
  pool.grpc = protocol == model::kGrpc;
  if (fields.ok()) pool.protocol = pool.grpc ? model::Protocol::kHttp : *model::parse_protocol(protocol);
  fields.require("lb_algorithm");
  read_mutable(fields, pool, dialect);
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

Result<PoolTree> decode_pool(const Value& body, Dialect dialect) {
  const auto object = open_envelope(body, "pool");
  if (!object) return pass_on(object.error());
  PoolTree tree;
  Fields fields(*object, "");
  read_project(fields, tree.pool);
  read_new(fields, tree, dialect);
  fields.id("loadbalancer_id", tree.pool.loadbalancer_id).id("listener_id", tree.listener_id);
  if (tree.pool.loadbalancer_id.empty() && tree.listener_id.empty()) {
    fields.fail(ErrorCode::kInvalid, "loadbalancer_id", "one of loadbalancer_id, listener_id is required");
  }
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return tree;
}

Result<PoolTree> decode_nested_pool(const Value& object, const std::string& path, Dialect dialect) {
  PoolTree tree;
  Fields fields(object, path);
  refuse_project(fields, kFromParent);
  fields.refuse({"loadbalancer_id", "listener_id"}, kFromParent);
  read_new(fields, tree, dialect);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return tree;
}

Status decode_update(const Value& body, model::Pool& pool, Dialect dialect) {
  const auto object = open_envelope(body, "pool");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"protocol", "loadbalancer_id", "listener_id"}, kImmutable);
  fields.refuse({"members", "healthmonitor"}, kReadOnly);
  read_mutable(fields, pool, dialect);
  return fields.finish();
}

}  // namespace elb::codec
