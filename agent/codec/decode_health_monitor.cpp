// SPDX-License-Identifier: Apache-2.0
#include "codec/decode_parts.h"

namespace elb::codec {
namespace {

void read_method(Fields& fields, std::string& method) {
  std::string word;
  if (!fields.given_not_null("http_method")) {
    fields.neutral("http_method");
    if (fields.given("http_method")) method = model::HealthMonitor().http_method;
    return;
  }
  // CONNECT would ask for a tunnel, which is no way to ask for a page.
  fields.word("http_method", word, {"GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "PATCH", ""},
              {"CONNECT"});
  if (!fields.ok()) return;
  method = word.empty() ? model::HealthMonitor().http_method : word;
}

void read_mutable(Fields& fields, model::HealthMonitor& monitor) {
  const model::HealthMonitor defaults;
  read_common(fields, monitor);
  fields.integer<int>("delay", monitor.delay, 1, model::kDelayMax, defaults.delay);                      // HC-05
  fields.integer<int>("timeout", monitor.timeout, 1, model::kDelayMax, defaults.timeout);                // HC-06
  fields.integer<int>("max_retries", monitor.max_retries, 1, model::kRetriesMax, defaults.max_retries);  // HC-08
  fields.integer<int>("max_retries_down", monitor.max_retries_down, 1, model::kRetriesMax, monitor.max_retries);
  read_optional(fields, "monitor_port", monitor.monitor_port, 1, 65535);  // HC-04
  fields.neutral("http_version");
  if (monitor.type == model::MonitorType::kHttp) {
    read_method(fields, monitor.http_method);
    fields.line("url_path", monitor.url_path).line("domain_name", monitor.domain_name);
    fields.line("expected_codes", monitor.expected_codes);
    if (monitor.url_path.empty()) monitor.url_path = defaults.url_path;  // HC-07
  } else {  // other checks have none of them, but clients send the defaults
    fields.neutral("http_method", {"\"GET\"", "\"\""});
    fields.neutral("url_path", {"\"/\"", "\"\""}).neutral("domain_name", {"\"\""});
    fields.neutral("expected_codes", {"\"200\"", "\"\""});
  }
  fields.refuse({"pools", "effective_timeout"}, kReadOnly);
}

void read_new(Fields& fields, model::HealthMonitor& monitor) {
  fields.require("type");
  read_word(fields, "type", monitor.type, model::parse_monitor_type,
            {"TCP", "HTTP", "GRPC", "UDP-CONNECT", "UDP_CONNECT"}, {"HTTPS", "PING", "TLS-HELLO", "SCTP"});
  read_mutable(fields, monitor);
  // One number for both directions unless two are given (HC-08).
  if (!fields.given_not_null("max_retries_down")) monitor.max_retries_down = monitor.max_retries;
}

}  // namespace

Result<model::HealthMonitor> decode_health_monitor(const Value& body) {
  const auto object = open_envelope(body, "healthmonitor");
  if (!object) return pass_on(object.error());
  model::HealthMonitor monitor;
  Fields fields(*object, "");
  read_project(fields, monitor);
  fields.require("pool_id").id("pool_id", monitor.pool_id);
  read_new(fields, monitor);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return monitor;
}

Result<model::HealthMonitor> decode_nested_monitor(const Value& object, const std::string& path) {
  model::HealthMonitor monitor;
  Fields fields(object, path);
  refuse_project(fields, kFromParent);
  fields.refuse({"pool_id"}, kFromParent);
  read_new(fields, monitor);
  if (Status status = fields.finish(); !status) return pass_on(status.error());
  return monitor;
}

Status decode_update(const Value& body, model::HealthMonitor& monitor) {
  const auto object = open_envelope(body, "healthmonitor");
  if (!object) return pass_on(object.error());
  Fields fields(*object, "");
  refuse_project(fields, kImmutable);
  fields.refuse({"type", "pool_id"}, kImmutable);
  read_mutable(fields, monitor);
  return fields.finish();
}

}  // namespace elb::codec
