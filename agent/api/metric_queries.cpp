// SPDX-License-Identifier: Apache-2.0
// GET /v1/metrics and POST /v1/metrics/batch (MON-01 to MON-03), in the form of the guide's monitoring service.
#include "api/metric_queries.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "api/handlers.h"
#include "telemetry/telemetry.h"

namespace elb::api {
namespace {

using codec::Value;
using telemetry::Dimensions;
using telemetry::Metric;

constexpr size_t kBatchMax = 500;
constexpr int64_t kDefaultSpan_s = 3600;
constexpr std::string_view kFilters[] = {"average", "max", "min", "sum"};

struct Window {
  int64_t from_s = 0, to_s = 0, period_s = 60;
  std::string filter;  // empty: all four
};

struct WantedSeries {
  Dimensions dimensions;
  Metric metric = telemetry::kConcurrent;
};

Result<int64_t> number(const std::string& field, std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0)
    return invalid(field, fmt::format("must be a whole number, got '{}'", text));
  return value;
}

/// Times are milliseconds since 1970; `value` gives a parameter as text, empty when it is absent.
template <class Get>
Result<Window> read_window(const Get& value, const Clock& clock) {
  Window window;
  window.to_s = std::chrono::duration_cast<std::chrono::seconds>(clock.wall().time_since_epoch()).count();
  if (const std::string text = value("to"); !text.empty()) {
    const auto to = number("to", text);
    if (!to) return pass_on(to.error());
    window.to_s = *to / 1000;
  }
  window.from_s = window.to_s - kDefaultSpan_s;
  if (const std::string text = value("from"); !text.empty()) {
    const auto from = number("from", text);
    if (!from) return pass_on(from.error());
    window.from_s = *from / 1000;
  }
  if (window.from_s >= window.to_s) return invalid("from", "must lie before to; both are milliseconds since 1970");
  if (const std::string text = value("period"); !text.empty()) {
    const auto seconds = number("period", text);
    if (!seconds) return pass_on(seconds.error());
    const auto period = parse_period("period", *seconds);
    if (!period) return pass_on(period.error());
    window.period_s = *period;
  }
  window.filter = value("filter");
  if (!window.filter.empty() &&
      std::find(std::begin(kFilters), std::end(kFilters), window.filter) == std::end(kFilters))
    return invalid("filter", fmt::format("must be one of {}, got '{}'", fmt::join(kFilters, ", "), window.filter));
  return window;
}

Value metric_value(const Dimensions& dimensions, Metric metric) {
  const telemetry::MetricInfo& info = telemetry::kMetrics[metric];
  Value out = Value::object();
  out.set("namespace", telemetry::kNamespace).set("metric_name", info.id).set("title", info.title);
  out.set("unit", info.unit).set("dimensions", encode_dimensions(dimensions));
  return out;
}

Result<Value> series_value(Context& context, const WantedSeries& wanted, const Window& window) {
  const auto samples =
      context.telemetry()->series(wanted.dimensions, wanted.metric, window.from_s, window.to_s, window.period_s);
  if (!samples) return pass_on(samples.error());
  Value points = Value::array();
  for (const telemetry::TimedSample& one : *samples) {
    Value point = Value::object();
    const std::pair<std::string_view, double> values[] = {
        {"average", one.sample.average()}, {"max", one.sample.max}, {"min", one.sample.min}, {"sum", one.sample.sum}};
    for (const auto& [filter, value] : values)
      if (window.filter.empty() || window.filter == filter) point.set(filter, value);
    point.set("timestamp", one.time_s * 1000).set("unit", telemetry::kMetrics[wanted.metric].unit);
    points.push(std::move(point));
  }
  return metric_value(wanted.dimensions, wanted.metric)
      .set("period", window.period_s)
      .set("datapoints", std::move(points));
}

/// Dimensions of a query: dim.0=NAME,VALUE as the monitoring service has it, or each by its own name.
Result<Dimensions> query_dimensions(const Request& request) {
  Dimensions dimensions;
  for (const auto& [key, value] : request.http.query) {
    std::string_view name = key, id = value;
    if (key == "dim.0" || key == "dim.1") {
      const size_t comma = std::min(value.find(','), value.size());
      name = std::string_view(value).substr(0, comma);
      id = std::string_view(value).substr(std::min(comma + 1, value.size()));
    } else if (key != telemetry::kLoadBalancerDimension && key != telemetry::kListenerDimension) {
      continue;
    }
    if (Status status = set_dimension(dimensions, key, name, id); !status) return pass_on(status.error());
  }
  return dimensions;
}

Status check(const model::Model& model, const WantedSeries& wanted) {
  if (Status status = check_dimensions(model, wanted.dimensions); !status) return status;
  return check_metric(model, wanted.dimensions, wanted.metric);
}

/// Without metric_name: which series there are.
Result<Reply> list_series(Context& context, const Request& request, const Dimensions& dimensions) {
  const bool all = request.query("all") == "true";
  Value metrics = Value::array();
  for (const auto& one : context.telemetry()->monitored(all || !dimensions.load_balancer_id.empty())) {
    if (!dimensions.load_balancer_id.empty() && one.dimensions != dimensions) continue;
    for (const Metric metric : one.metrics) metrics.push(metric_value(one.dimensions, metric));
  }
  return Reply{200, Value().set("metrics", std::move(metrics))};
}

Result<WantedSeries> decode_wanted(const Value& entry, const std::string& path) {
  if (!entry.is_object()) return invalid(path, "must be an object with metric_name and dimensions");
  for (const std::string& key : entry.keys())
    if (key != "namespace" && key != "metric_name" && key != "dimensions")
      return invalid(path + "." + key, "unknown field");
  Status status = check_namespace(path + ".namespace", entry.get("namespace").text());
  if (!status) return pass_on(status.error());
  const auto metric = parse_metric(path + ".metric_name", entry.get("metric_name").as_string());
  if (!metric) return pass_on(metric.error());
  const auto dimensions = decode_dimensions(entry.get("dimensions"), path + ".dimensions");
  if (!dimensions) return pass_on(dimensions.error());
  return WantedSeries{*dimensions, *metric};
}

tl::unexpected<Error> no_telemetry() { return fail(ErrorCode::kUnsupported, "there are no metrics without telemetry"); }

}  // namespace

Value encode_dimensions(const Dimensions& dimensions) {
  Value list = Value::array();
  const auto add = [&list](std::string_view name, const model::Id& id) {
    if (!id.empty()) list.push(Value().set("name", name).set("value", id));
  };
  add(telemetry::kLoadBalancerDimension, dimensions.load_balancer_id);
  add(telemetry::kListenerDimension, dimensions.listener_id);
  return list;
}

Status set_dimension(Dimensions& dimensions, std::string_view field, std::string_view name, std::string_view value) {
  const bool instance = name == telemetry::kLoadBalancerDimension;
  if (!instance && name != telemetry::kListenerDimension)
    return invalid(std::string(field), fmt::format("must be {} or {}, got '{}'", telemetry::kLoadBalancerDimension,
                                                   telemetry::kListenerDimension, name));
  model::Id& place = instance ? dimensions.load_balancer_id : dimensions.listener_id;
  if (!place.empty()) return invalid(std::string(field), fmt::format("{} is given twice", name));
  if (value.empty()) return invalid(std::string(field), fmt::format("{} must not be empty", name));
  place = value;
  return {};
}

Result<Dimensions> decode_dimensions(const Value& list, const std::string& path) {
  Dimensions dimensions;
  if (list.is_null()) return dimensions;
  if (!list.is_array()) return invalid(path, "must be an array of objects with name and value");
  for (size_t i = 0; i < list.size(); ++i) {
    const Value entry = list.at(i);
    const std::string at = fmt::format("{}[{}]", path, i);
    if (!entry.get("name").is_string() || !entry.get("value").is_string())
      return invalid(at, "must be an object with the texts name and value");
    if (Status status = set_dimension(dimensions, at, entry.get("name").as_string(), entry.get("value").as_string());
        !status)
      return pass_on(status.error());
  }
  return dimensions;
}

Result<Metric> parse_metric(const std::string& field, std::string_view id) {
  if (id.empty()) return invalid(field, "is required");
  const auto metric = telemetry::find_metric(id);
  if (!metric)
    return invalid(field, fmt::format("there is no metric '{}'; GET /v1/metrics lists them", id.substr(0, 64)));
  return *metric;
}

Result<int64_t> parse_period(const std::string& field, int64_t seconds) {
  if (seconds == 1) return 60;  // the monitoring service's word for "as collected"
  const auto& all = telemetry::kPeriods;
  if (std::find(std::begin(all), std::end(all), seconds) == std::end(all))
    return invalid(field, fmt::format("must be one of {} seconds, got {}", fmt::join(all, ", "), seconds));
  return seconds;
}

Status check_namespace(const std::string& field, std::string_view text) {
  if (text.empty() || text == telemetry::kNamespace) return {};
  return invalid(field, fmt::format("must be {}, got '{}'", telemetry::kNamespace, text.substr(0, 64)));
}

Result<Reply> query_metrics(Context& context, const Request& request) {
  if (context.telemetry() == nullptr) return no_telemetry();
  Status status = request.only_queries({"namespace", "metric_name", "dim.0", "dim.1", telemetry::kLoadBalancerDimension,
                                        telemetry::kListenerDimension, "from", "to", "period", "filter", "all"});
  if (status) status = check_namespace("namespace", request.query("namespace"));
  if (!status) return pass_on(status.error());
  const auto dimensions = query_dimensions(request);
  if (!dimensions) return pass_on(dimensions.error());
  const View view = context.view();
  if (Status known = check_dimensions(view.model(), *dimensions); !known) return pass_on(known.error());
  if (!request.has_query("metric_name")) return list_series(context, request, *dimensions);
  const auto metric = parse_metric("metric_name", request.query("metric_name"));
  if (!metric) return pass_on(metric.error());
  const WantedSeries wanted{*dimensions, *metric};
  if (Status fits = check(view.model(), wanted); !fits) return pass_on(fits.error());
  const auto window = read_window([&request](std::string_view key) { return request.query(key); }, context.clock());
  if (!window) return pass_on(window.error());
  auto series = series_value(context, wanted, *window);
  if (!series) return pass_on(series.error());
  return Reply{200, std::move(*series)};
}

Result<Reply> query_metric_batch(Context& context, const Request& request) {
  if (context.telemetry() == nullptr) return no_telemetry();
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  if (!body->is_object()) return invalid("", "must be an object with metrics, from, to, period and filter");
  for (const std::string& key : body->keys())
    if (key != "metrics" && key != "from" && key != "to" && key != "period" && key != "filter")
      return invalid(key, "unknown field");
  const auto window = read_window([&body](std::string_view key) { return body->get(key).text(); }, context.clock());
  if (!window) return pass_on(window.error());
  const Value list = body->get("metrics");
  if (!list.is_array() || list.size() == 0 || list.size() > kBatchMax)
    return invalid("metrics", fmt::format("must be an array of 1 to {} metrics", kBatchMax));
  const View view = context.view();
  Value metrics = Value::array();
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string path = fmt::format("metrics[{}]", i);
    const auto wanted = decode_wanted(list.at(i), path);
    if (!wanted) return pass_on(wanted.error());
    if (Status fits = check(view.model(), *wanted); !fits) return pass_on(below(path, fits.error()));
    auto series = series_value(context, *wanted, *window);
    if (!series) return pass_on(series.error());
    metrics.push(std::move(*series));
  }
  return Reply{200, Value().set("metrics", std::move(metrics))};
}

}  // namespace elb::api
