// SPDX-License-Identifier: Apache-2.0
#include "logs/span_otlp.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "logs/http_post.h"
#include "logs/otlp_json.h"

namespace elb::logs {
namespace {

constexpr size_t kSpansPerRequest = 512;

std::string_view take_word(std::string_view& rest) {
  const size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

bool take_number(std::string_view& rest, int64_t& number) {
  const std::string_view word = take_word(rest);
  const auto [at, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc{} && at == word.data() + word.size() && number >= 0;
}

std::optional<LogBatch::Entry> parse_span(std::string_view text) {
  LogBatch::Entry entry;
  entry.span.trace = take_word(text);
  entry.span.id = take_word(text);
  entry.span.parent = take_word(text);
  if (!take_number(text, entry.span.start_us) || !take_number(text, entry.span.duration_us)) return std::nullopt;
  auto line = LogLine::parse(text);
  if (!line || entry.span.trace.size() != 32 || entry.span.id.size() != 16) return std::nullopt;
  entry.line = *line;
  return entry;
}

/// The first line of the request: method, URL and protocol, escaped.
struct Request {
  std::string_view method, scheme, host, path, query, version;
};

Request take_apart(std::string_view text) {
  Request request;
  request.method = take_word(text);
  std::string_view url = take_word(text);
  request.version = text.substr(std::min(text.find('/') + 1, text.size()));
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  request.scheme = url.substr(0, scheme);
  url.remove_prefix(scheme + 3);
  const size_t path = std::min(url.find('/'), url.size());
  request.host = url.substr(0, path);
  url.remove_prefix(path);
  const size_t query = std::min(url.find('?'), url.size());
  request.path = url.substr(0, query);
  request.query = url.substr(std::min(query + 1, url.size()));
  return request;
}

bool is_known(std::string_view method) {
  constexpr std::string_view kKnown[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                         "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  return std::ranges::find(kKnown, method) != std::end(kKnown);
}

/// The semantic conventions of HTTP, stable since their version 1.23.
void put_request(const LogLine& line, OtlpJson& json) {
  const Request request = take_apart(line[kRequest]);
  json.string("http.request.method", is_known(request.method) ? request.method : "_OTHER");
  if (!is_known(request.method)) json.string("http.request.method_original", unescape(request.method));
  json.string("url.scheme", request.scheme);
  json.string("url.path", unescape(request.path));
  if (!request.query.empty()) json.string("url.query", unescape(request.query));
  const auto [name, port] =
      request.host.ends_with(']') ? std::pair(request.host, std::string_view()) : split_endpoint(request.host);
  const auto [front, front_port] = split_endpoint(line[kFront]);
  json.string("server.address", name.empty() || name == "-" ? std::string(front) : unescape(name));
  json.integer("server.port", front_port);
  const bool http2 = request.version.starts_with('2');
  json.string("network.protocol.name", "http");
  json.string("network.protocol.version", http2 ? "2" : request.version);
  const auto [client, client_port] = split_endpoint(line[kClient]);
  json.string("client.address", client);
  json.integer("client.port", client_port);
}

/// What OpenTelemetry has no name for is ours; what is "-" is left out.
void put_rest(const LogLine& line, OtlpJson& json) {
  const auto text = [&](std::string_view name, LogField field) {
    if (line[field] != "-" && !line[field].empty()) json.string(name, unescape(line[field]));
  };
  const auto number = [&](std::string_view name, LogField field) {
    if (line[field] != "-") json.integer(name, line[field]);
  };
  number("http.response.status_code", kStatus);
  number("http.request.size", kRequestLength);
  number("http.response.size", kBytesSent);
  number("http.response.body.size", kBodyBytesSent);
  text("user_agent.original", kUserAgent);
  text("elb.member", kMemberName);
  text("elb.member_addr", kUpstreamAddrPriv);
  text("elb.member_status", kUpstreamStatus);
  text("elb.member_connect_time", kUpstreamConnectTime);
  text("elb.member_header_time", kUpstreamHeaderTime);
  text("elb.member_response_time", kUpstreamResponseTime);
  text("elb.pool", kPoolName);
  text("elb.listener_id", kListenerId);
  text("tls.protocol.version", kTlsProtocol);
  text("tls.cipher", kTlsCipher);
  json.string("elb.loadbalancer_id", line.loadbalancer_id());
  json.string("elb.termination", line.end());
}

/// A span of a server fails by the server's fault alone: 5xx, or a response that broke off.
bool failed(const LogLine& line) {
  const std::string_view end = line.end();
  return line.status() >= 500 || end == "member_reset" || end == "member_malformed" || end == "stalled";
}

void put_span(const LogBatch::Entry& entry, OtlpJson& json) {
  const LogSpan& span = entry.span;
  const std::string_view method = take_apart(entry.line[kRequest]).method;
  fmt::format_to(std::back_inserter(json.out), R"({{"traceId":"{}","spanId":"{}",)", span.trace, span.id);
  if (span.parent != "-") fmt::format_to(std::back_inserter(json.out), R"("parentSpanId":"{}",)", span.parent);
  fmt::format_to(
      std::back_inserter(json.out),
      R"("flags":1,"name":"{}","kind":2,"startTimeUnixNano":"{}000","endTimeUnixNano":"{}000","attributes":[)",
      is_known(method) ? method : "HTTP", span.start_us, span.start_us + span.duration_us);
  put_request(entry.line, json);
  put_rest(entry.line, json);
  const bool bad = failed(entry.line);
  if (bad) json.string("error.type", entry.line.status() >= 500 ? entry.line[kStatus] : entry.line.end());
  json.out += bad ? R"(],"status":{"code":2}})" : R"(],"status":{}})";
}

}  // namespace

LogBatchPtr span_batch(const std::vector<std::string>& lines) {
  auto batch = std::make_shared<LogBatch>();
  size_t size = 0;
  for (const std::string& line : lines) size += line.size();
  batch->text.reserve(size);  // views point into it: it must not move
  for (const std::string& text : lines) {
    const size_t begin = batch->text.size() + kSpanMark.size();
    batch->text += text;
    if (auto entry = parse_span(std::string_view(batch->text).substr(begin))) batch->entries.push_back(*entry);
  }
  return batch;
}

std::string otlp_spans(std::span<const LogBatch::Entry> entries, const std::string& node) {
  OtlpJson json;
  json.out = R"({"resourceSpans":[{"resource":{"attributes":[)";
  json.string("service.name", "elb");
  json.string("host.name", node);
  json.out += R"(]},"scopeSpans":[{"scope":{"name":"elb.proxy"},"spans":[)";
  for (const LogBatch::Entry& entry : entries) {
    if (json.out.back() != '[') json.out += ',';
    put_span(entry, json);
  }
  json.out += "]}]}]}";
  return std::move(json.out);
}

Status SpanOtlp::deliver(const LogBatch& batch, bool again) {
  if (!again) next_ = 0;
  auto target = parse_target(url_);
  if (!target) return pass_on(std::move(target.error()));
  if (target->path == "/") target->path = "/v1/traces";
  const std::span entries(batch.entries);
  while (next_ < entries.size()) {
    const size_t count = std::min(kSpansPerRequest, entries.size() - next_);
    const std::string body = otlp_spans(entries.subspan(next_, count), node_);
    if (auto status = http_send("POST", *target, {}, body, "application/json"); !status) return status;
    next_ += count;
  }
  return {};
}

}  // namespace elb::logs
