// SPDX-License-Identifier: Apache-2.0
// elbctl metrics
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"
#include "cli/sparkline.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

constexpr size_t kTrendWidth = 30;

/// "90", "30m", "2h", "7d" as seconds.
Outcome<int64_t> span_of(const std::string& text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(at, static_cast<size_t>(end - at));
  const int64_t factor = unit == "m"                   ? 60
                         : unit == "h"                 ? 3600
                         : unit == "d"                 ? 86400
                         : unit.empty() || unit == "s" ? 1
                                                       : 0;
  constexpr int64_t kLongest = 100 * 86400;
  if (error != std::errc{} || factor == 0 || number < 1 || number > kLongest / factor)
    return usage_error(fmt::format("--last '{}' is not a time such as 30m, 2h or 7d", harmless(text)));
  return number * factor;
}

Outcome<int64_t> period_of(const Args& args, int64_t span_s) {
  const auto text = args.get("period");
  if (!text) return span_s <= 2 * 3600 ? 60 : span_s <= 86400 ? 300 : 3600;
  int64_t period = 0;
  const auto [at, error] = std::from_chars(text->data(), text->data() + text->size(), period);
  if (error != std::errc{} || at != text->data() + text->size())
    return usage_error(fmt::format("--period '{}' is not a number of seconds", harmless(*text)));
  return period;
}

Outcome<Value> dimensions_of(Context& context, const Args& args) {
  Value dimensions = Value::array();
  const auto add = [&dimensions](const char* name, const std::string& id) {
    dimensions.push(Value().set("name", name).set("value", id));
  };
  std::string owner;
  if (const auto name = args.get("lb")) {
    const auto id = find_id(context, load_balancers(), *name);
    if (!id) return pass_on(id.error());
    owner = *id;
  }
  std::string listener;
  if (const auto name = args.get("listener")) {
    const auto found = find_object(context, listeners(), *name);
    if (!found) return pass_on(found.error());
    listener = found->get("id").text();
    if (owner.empty()) {
      owner = found->get("loadbalancer_id").text();
    }
  }
  if (!owner.empty()) add("lbaas_instance_id", owner);
  if (!listener.empty()) add("lbaas_listener_id", listener);
  return dimensions;
}

/// The metrics that the object has, or those that were named.
Outcome<Value> wanted_of(Context& context, const Args& args, const Value& dimensions) {
  std::vector<std::string> names = args.all("METRIC");
  if (names.empty()) {
    Query query;
    for (size_t i = 0; i < dimensions.size(); ++i)
      query.emplace_back(dimensions.at(i).get("name").text(), dimensions.at(i).get("value").text());
    const auto listed = context.api.get("/v1/metrics", query);
    if (!listed) return pass_on(listed.error());
    const Value all = listed->get("metrics");
    for (size_t i = 0; i < all.size(); ++i)
      if (all.at(i).get("dimensions") == dimensions) names.push_back(all.at(i).get("metric_name").text());
  }
  Value wanted = Value::array();
  for (const std::string& name : names) wanted.push(Value().set("metric_name", name).set("dimensions", dimensions));
  return wanted;
}

double number_of(const Value& value) { return std::strtod(value.text().c_str(), nullptr); }

Value summary_of(const Value& metric) {
  const Value points = metric.get("datapoints");
  std::vector<double> means;
  double least = 0, most = 0, sum = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    const Value point = points.at(i);
    means.push_back(number_of(point.get("average")));
    least = i == 0 ? number_of(point.get("min")) : std::min(least, number_of(point.get("min")));
    most = i == 0 ? number_of(point.get("max")) : std::max(most, number_of(point.get("max")));
    sum += means.back();
  }
  Value row = Value::object();
  row.set("metric", metric.get("metric_name")).set("unit", metric.get("unit")).set("title", metric.get("title"));
  if (means.empty()) return row;
  row.set("last", short_number(means.back())).set("min", short_number(least));
  row.set("average", short_number(sum / static_cast<double>(means.size()))).set("max", short_number(most));
  return row.set("trend", sparkline(means, kTrendWidth));
}

void print_points(const Context& context, const std::vector<Value>& metrics) {
  static const std::vector<Column> kColumns = {{"METRIC", "metric"}, {"TIME", "time"}, {"AVERAGE", "average"},
                                               {"MAX", "max"},       {"MIN", "min"},   {"SUM", "sum"},
                                               {"UNIT", "unit"}};
  std::vector<Value> rows;
  for (const Value& metric : metrics) {
    const Value points = metric.get("datapoints");
    for (size_t i = 0; i < points.size(); ++i) {
      Value row = points.at(i);
      const std::chrono::milliseconds since_1970(row.get("timestamp").as_int());
      row.set("metric", metric.get("metric_name")).set("time", format_utc(WallTime(since_1970)));
      rows.push_back(std::move(row));
    }
  }
  context.out() << render_list(context.format, kColumns, rows);
}

Done run(Context& context, const Command&, const Args& args) {
  const auto span = span_of(args.get("last").value_or("1h"));
  if (!span) return pass_on(span.error());
  const auto period = period_of(args, *span);
  if (!period) return pass_on(period.error());
  const auto dimensions = dimensions_of(context, args);
  if (!dimensions) return pass_on(dimensions.error());
  const auto wanted = wanted_of(context, args, *dimensions);
  if (!wanted) return pass_on(wanted.error());
  if (wanted->size() == 0) return {};
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(context.env.clock.wall().time_since_epoch());
  Value body = Value::object();
  body.set("metrics", *wanted).set("from", now.count() - *span * 1000).set("to", now.count()).set("period", *period);
  const auto answer = context.api.post("/v1/metrics/batch", body);
  if (!answer) return pass_on(answer.error());
  std::vector<Value> metrics;
  const Value list = answer->get("metrics");
  for (size_t i = 0; i < list.size(); ++i) metrics.push_back(list.at(i));

  if (context.format == Format::kCsv) {
    print_points(context, metrics);
  } else if (context.format == Format::kTable || context.format == Format::kWide) {
    static const std::vector<Column> kColumns = {{"METRIC", "metric"}, {"UNIT", "unit"},          {"LAST", "last"},
                                                 {"MIN", "min"},       {"AVERAGE", "average"},    {"MAX", "max"},
                                                 {"TREND", "trend"},   {"MEANING", "title", true}};
    std::vector<Value> rows;
    rows.reserve(metrics.size());
    for (const Value& metric : metrics) rows.push_back(summary_of(metric));
    context.out() << render_list(context.format, kColumns, rows);
  } else {
    context.out() << render_list(context.format, {{"METRIC", "metric_name"}}, metrics);
  }
  return {};
}

}  // namespace

Noun metrics_noun() {
  return {
      .name = "metrics",
      .aliases = {"metric"},
      .summary = "show what was measured: of a load balancer, a listener, or the node",
      .commands = {
          {.verb = "",
           .summary = "show what was measured: of a load balancer, a listener, or the node",
           .description =
               "One line for each metric: the last mean, the least, the mean and the largest value of the time, and "
               "its "
               "course. -o csv and -o json write every point. Minutes are kept for 2 days, 5 minutes for 10 days, "
               "hours for 90 days. docs/monitoring.md says what each metric means. Without --lb or --listener it is "
               "the node that is shown.",
           .positionals = {{"METRIC", "ids such as m4_ncps; all of the object without it", "", "", false, true}},
           .options =
               {{.names = "--lb,--loadbalancer",
                 .placeholder = "LB",
                 .help = "of this load balancer",
                 .noun = "loadbalancer"},
                {.names = "--listener", .placeholder = "LISTENER", .help = "of this listener", .noun = "listener"},
                {"--last", "TIME", "how far back, such as 30m, 2h or 7d (default 1h)"},
                {.names = "--period",
                 .placeholder = "SECONDS",
                 .help = "time between two points (default: fitting --last)",
                 .choices = {"60", "300", "1200", "3600", "14400", "86400"}}},
           .examples = {{"", "elbctl metrics --lb web"},
                        {"requests and errors of a listener, the last day",
                         "elbctl metrics mb_l7_queries mf_l7_http_5xx --listener https --last 1d"},
                        {"into a spreadsheet", "elbctl metrics m4_ncps --lb web --last 7d -o csv"}},
           .run = run}}};
}

}  // namespace elb::cli
