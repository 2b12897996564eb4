// SPDX-License-Identifier: Apache-2.0
#include "logs/log_otlp.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "logs/http_post.h"
#include "logs/otlp_json.h"

namespace elb::logs {
namespace {

constexpr size_t kLinesPerRequest = 512;

/// OpenTelemetry's own names where it has one, ours elsewhere.
struct Attribute {
  LogField field;
  std::string_view name;
  enum { kText, kInteger, kDouble } type;
};
constexpr Attribute kAttributes[] = {
    {kStatus, "http.response.status_code", Attribute::kInteger},
    {kRequestLength, "http.request.size", Attribute::kInteger},
    {kBytesSent, "http.response.size", Attribute::kInteger},
    {kBodyBytesSent, "http.response.body.size", Attribute::kInteger},
    {kUserAgent, "user_agent.original", Attribute::kText},
    {kRequestTime, "elb.request_time", Attribute::kDouble},
    {kUpstreamStatus, "elb.upstream_status", Attribute::kText},
    {kUpstreamResponseTime, "elb.upstream_response_time", Attribute::kText},
    {kUpstreamAddrPriv, "elb.upstream_addr", Attribute::kText},
    {kMemberName, "elb.member", Attribute::kText},
    {kListenerId, "elb.listener_id", Attribute::kText},
    {kPoolName, "elb.pool", Attribute::kText},
    {kProjectId, "elb.project_id", Attribute::kText},
    {kFront, "elb.front", Attribute::kText},
    {kClient, "elb.client", Attribute::kText},
    {kRequest, "elb.request", Attribute::kText},
    {kReferer, "http.request.header.referer", Attribute::kText},
    {kForwardedFor, "http.request.header.x-forwarded-for", Attribute::kText},
    {kTlsProtocol, "tls.protocol.version", Attribute::kText},
    {kTlsCipher, "tls.cipher", Attribute::kText},
    {kSni, "tls.client.server_name", Attribute::kText},
};

void put_record(const LogLine& line, const LogRoute& route, OtlpJson& json) {
  const std::string nanoseconds = fmt::format("{}000000", line.time_ms());
  const bool bad = line.status() >= 500;
  fmt::format_to(std::back_inserter(json.out),
                 "{{\"timeUnixNano\":\"{0}\",\"observedTimeUnixNano\":\"{0}\",\"severityNumber\":{1},"
                 "\"severityText\":\"{2}\",\"body\":{{\"stringValue\":",
                 nanoseconds, bad ? 17 : 9, bad ? "ERROR" : "INFO");
  json.text(line.guide_part());
  json.out += "},\"attributes\":[";
  const auto [address, port] = split_endpoint(line[kClient]);
  json.string("client.address", address);
  json.integer("client.port", port);
  json.string("elb.loadbalancer_id", line.loadbalancer_id());
  json.string("elb.stream", route.group + "/" + route.stream);
  if (!line.end().empty()) json.string("elb.termination", line.end());
  for (const Attribute& one : kAttributes) {
    const std::string_view value = line[one.field];
    if (value == "-" || value.empty()) continue;
    if (one.type == Attribute::kText) {
      json.string(one.name, unescape(value));
    } else if (one.type == Attribute::kInteger) {
      json.integer(one.name, value);
    } else {
      json.real(one.name, value);
    }
  }
  json.out += ']';
  if (!line.trace().empty()) fmt::format_to(std::back_inserter(json.out), R"(,"traceId":"{}")", line.trace());
  json.out += '}';
}

}  // namespace

std::string otlp_request(const LogBatch& batch, std::span<const LogBatch::Entry> entries, const std::string& node) {
  OtlpJson json;
  json.out = "{\"resourceLogs\":[{\"resource\":{\"attributes\":[";
  json.string("service.name", "elb");
  json.string("host.name", node);
  json.out += "]},\"scopeLogs\":[{\"scope\":{\"name\":\"elb.access\"},\"logRecords\":[";
  for (const LogBatch::Entry& entry : entries) {
    if (json.out.back() != '[') json.out += ',';
    put_record(entry.line, batch.routes[entry.route], json);
  }
  json.out += "]}]}]}";
  return std::move(json.out);
}

Status LogOtlp::deliver(const LogBatch& batch, bool again) {
  if (!again) next_ = 0;
  auto target = parse_target(url_);
  if (!target) return pass_on(std::move(target.error()));
  if (target->path == "/") target->path = "/v1/logs";
  const std::span entries(batch.entries);
  while (next_ < entries.size()) {
    const size_t count = std::min(kLinesPerRequest, entries.size() - next_);
    const std::string body = otlp_request(batch, entries.subspan(next_, count), node_);
    if (auto status = http_send("POST", *target, {}, body, "application/json"); !status) return status;
    next_ += count;
  }
  return {};
}

}  // namespace elb::logs
