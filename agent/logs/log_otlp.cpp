// SPDX-License-Identifier: Apache-2.0
#include "logs/log_otlp.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "http/log_escape.h"
#include "logs/http_post.h"

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

class Json {
 public:
  std::string out;

  void text(std::string_view value) {
    out += '"';
    http::append_json_text(out, value);
    out += '"';
  }
  void attribute(std::string_view name, std::string_view type, std::string_view value, bool bare) {
    if (out.back() != '[') out += ',';
    out += "{\"key\":";
    text(name);
    fmt::format_to(std::back_inserter(out), ",\"value\":{{\"{}\":", type);
    if (bare) {
      out += value;
    } else {
      text(value);
    }
    out += "}}";
  }
};

/// "10.1.0.11" and "4711" of "10.1.0.11:4711"; "[2001:db8::1]:443" likewise.
std::pair<std::string_view, std::string_view> split_endpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {text, {}};
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return {address, text.substr(colon + 1)};
}

void put_record(const LogLine& line, const LogRoute& route, Json& json) {
  const std::string nanoseconds = fmt::format("{}000000", line.time_ms());
  const bool bad = line.status() >= 500;
  fmt::format_to(std::back_inserter(json.out),
                 "{{\"timeUnixNano\":\"{0}\",\"observedTimeUnixNano\":\"{0}\",\"severityNumber\":{1},"
                 "\"severityText\":\"{2}\",\"body\":{{\"stringValue\":",
                 nanoseconds, bad ? 17 : 9, bad ? "ERROR" : "INFO");
  json.text(line.guide_part());
  json.out += "},\"attributes\":[";
  const auto [address, port] = split_endpoint(line[kClient]);
  json.attribute("client.address", "stringValue", address, false);
  json.attribute("client.port", "intValue", port, false);
  json.attribute("elb.loadbalancer_id", "stringValue", line.loadbalancer_id(), false);
  json.attribute("elb.stream", "stringValue", route.group + "/" + route.stream, false);
  if (!line.end().empty()) json.attribute("elb.termination", "stringValue", line.end(), false);
  for (const Attribute& one : kAttributes) {
    const std::string_view value = line[one.field];
    if (value == "-" || value.empty()) continue;
    if (one.type == Attribute::kText) {
      json.attribute(one.name, "stringValue", unescape(value), false);
    } else {
      const bool integer = one.type == Attribute::kInteger;
      json.attribute(one.name, integer ? "intValue" : "doubleValue", value, !integer);
    }
  }
  json.out += "]}";
}

}  // namespace

std::string otlp_request(const LogBatch& batch, std::span<const LogBatch::Entry> entries, const std::string& node) {
  Json json;
  json.out = "{\"resourceLogs\":[{\"resource\":{\"attributes\":[";
  json.attribute("service.name", "stringValue", "elb", false);
  json.attribute("host.name", "stringValue", node, false);
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
