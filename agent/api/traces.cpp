// SPDX-License-Identifier: Apache-2.0
// /v1/traces: the audit trail (AU-02, AU-04). A caller that is bound to a project sees what was done in its name.
#include <fmt/core.h>

#include <charconv>

#include "api/handlers.h"
#include "codec/identity.h"

namespace elb::api {
namespace {

using codec::Value;

constexpr size_t kTracesMax = 1000;

Value trace_value(const store::Trace& trace) {
  Value user = Value::object();
  user.set("name", trace.user_name).set("id", trace.user_id);
  user.set("domain", Value().set("name", "default").set("id", "default"));
  Value out = Value::object();
  out.set("trace_id", trace.id).set("trace_name", trace.name).set("trace_title", trace.title);
  out.set("trace_rating", trace.rating).set("trace_type", trace.trace_type).set("code", std::to_string(trace.code));
  out.set("service_type", "ELB").set("resource_type", trace.resource_type).set("resource_id", trace.resource_id);
  out.set("resource_name", trace.resource_name).set("project_id", trace.project_id).set("source_ip", trace.source_ip);
  out.set("event_type", "system").set("tracker_name", "system").set("api_version", "v2.0");
  out.set("time", std::to_string(trace.time_ms)).set("record_time", std::to_string(trace.record_ms));
  out.set("user", std::move(user)).set("request", trace.request).set("response", trace.response);
  return out;
}

/// Milliseconds since 1970, or a time in UTC.
Status read_time(const Request& request, std::string_view key, std::optional<int64_t>& out) {
  if (!request.has_query(key)) return {};
  const std::string text = request.query(key);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number >= 0) {
    out = number;
  } else if (const auto seconds = codec::parse_utc(text)) {
    out = *seconds * 1000;
  } else {
    return invalid(std::string(key),
                   fmt::format("must be milliseconds since 1970 or YYYY-MM-DDTHH:MM:SS (UTC), got '{}'", text));
  }
  return {};
}

Result<store::TraceFilter> read_filter(const Context& context, const Request& request) {
  Status status = request.only_queries({"trace_type", "service_type", "resource_type", "trace_name", "resource_id",
                                        "resource_name", "user", "trace_rating", "from", "to", "limit", "marker"});
  store::TraceFilter filter;
  filter.trace_type = request.query("trace_type");
  filter.resource_type = request.query("resource_type");
  filter.name = request.query("trace_name");
  filter.resource_id = request.query("resource_id");
  filter.resource_name = request.query("resource_name");
  filter.user = request.query("user");
  filter.marker = request.query("marker");
  filter.project_id = context.project();
  if (const std::string rating = request.query("trace_rating"); status && !rating.empty() && rating != "all") {
    if (rating != "normal" && rating != "warning" && rating != "incident")
      status = invalid("trace_rating", fmt::format("must be all, normal, warning or incident, got '{}'", rating));
    filter.rating = rating;
  }
  if (status) status = read_time(request, "from", filter.from_ms);
  if (status) status = read_time(request, "to", filter.to_ms);
  if (status && request.has_query("limit")) {
    const std::string text = request.query("limit");
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), filter.limit);
    if (error != std::errc{} || end != text.data() + text.size() || filter.limit < 1 || filter.limit > kTracesMax)
      status = invalid("limit", fmt::format("must be 1 to {}, got '{}'", kTracesMax, text));
  }
  if (!status) return pass_on(status.error());
  return filter;
}

int64_t oldest_ms(const Context& context) {
  const auto now = context.clock().wall().time_since_epoch() - std::chrono::hours(24) * context.options().audit_days;
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

Result<Reply> list_traces(Context& context, const Request& request) {
  const auto audit = context.audit();
  if (!audit) return pass_on(audit.error());
  const auto filter = read_filter(context, request);
  if (!filter) return pass_on(filter.error());
  Value traces = Value::array();
  const std::string service = request.query("service_type");  // everything is of one
  if (service.empty() || service == "ELB") {
    const auto found = (*audit)->list(*filter, oldest_ms(context));
    if (!found) return pass_on(found.error());
    for (const store::Trace& trace : *found) traces.push(trace_value(trace));
  }
  const size_t count = traces.size();
  const std::string marker = count > 0 ? traces.at(count - 1).get("trace_id").as_string() : "";
  Value meta = Value::object();
  meta.set("count", count).set("marker", marker);
  return Reply{200, Value().set("traces", std::move(traces)).set("meta_data", std::move(meta))};
}

Result<Reply> show_trace(Context& context, const Request& request) {
  const auto audit = context.audit();
  if (!audit) return pass_on(audit.error());
  const auto found = (*audit)->find(request.ids[0]);
  if (!found) return pass_on(found.error());
  const auto bounds = context.project();
  if (found->time_ms < oldest_ms(context) || (bounds && found->project_id != *bounds))
    return fail(ErrorCode::kNotFound, fmt::format("trace {} does not exist", request.ids[0]));
  return Reply{200, Value().set("trace", trace_value(*found))};
}

}  // namespace elb::api
