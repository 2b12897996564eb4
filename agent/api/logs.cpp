// SPDX-License-Identifier: Apache-2.0
// GET /v1/logs: lines of access logs, searched or followed (LOG-03). A caller sees those of the load balancers of its
// project, whatever stream they are in.
#include <algorithm>
#include <charconv>

#include "api/handlers.h"
#include "logs/log_hub.h"
#include "logs/log_search.h"

namespace elb::api {
namespace {

using codec::Value;

constexpr size_t kLogsMax = 10000;

Result<int64_t> read_number(const Request& request, const std::string& key, int64_t min, int64_t max) {
  const std::string text = request.query(key);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < min || number > max)
    return invalid(key, fmt::format("must be {} to {}, got '{}'", min, max, text));
  return number;
}

/// "404" or "5xx".
Status read_status(const std::string& text, logs::LogQuery& query) {
  const bool digits = text.size() == 3 && text[0] >= '1' && text[0] <= '9';
  if (digits && text.ends_with("xx")) {
    query.status_min = (text[0] - '0') * 100;
    query.status_max = query.status_min + 99;
    return {};
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), query.status_min);
  if (!digits || error != std::errc() || end != text.data() + text.size())
    return invalid("status", fmt::format("must be a status such as 404 or a class such as 5xx, got '{}'", text));
  query.status_max = query.status_min;
  return {};
}

Status read_filters(const Request& request, logs::LogQuery& query) {
  const auto number = [&](const char* key, int64_t min, int64_t max, auto& out) -> Status {
    if (!request.has_query(key)) return {};
    const auto value = read_number(request, key, min, max);
    if (!value) return pass_on(value.error());
    out = static_cast<std::remove_reference_t<decltype(out)>>(*value);
    return {};
  };
  if (Status status = number("from", 0, INT64_MAX, query.from_ms); !status) return status;
  if (Status status = number("to", 0, INT64_MAX, query.to_ms); !status) return status;
  if (Status status = number("limit", 1, kLogsMax, query.limit); !status) return status;
  if (request.has_query("status"))
    if (Status status = read_status(request.query("status"), query); !status) return status;
  if (request.has_query("client")) {
    const auto address = IpAddress::parse(request.query("client"));
    if (!address) return invalid("client", fmt::format("must be an IP address, got '{}'", request.query("client")));
    query.client = address->to_string();
  }
  query.termination = request.query("termination");
  query.text = request.query("text");
  return {};
}

/// The load balancers that are asked for, or all that the caller sees.
Status read_objects(const View& view, const Request& request, logs::LogQuery& query,
                    std::vector<logs::LogRoute>& routes) {
  const std::string wanted = request.query("loadbalancer_id");
  if (request.has_query("loadbalancer_id") && !view.model().load_balancers.contains(wanted))
    return fail(ErrorCode::kNotFound, fmt::format("load balancer {} does not exist", wanted), "loadbalancer_id");
  query.listener = request.query("listener_id");
  if (request.has_query("listener_id") && !view.model().listeners.contains(query.listener))
    return fail(ErrorCode::kNotFound, fmt::format("listener {} does not exist", query.listener), "listener_id");
  for (const auto& [id, load_balancer] : view.model().load_balancers) {
    if (!wanted.empty() && id != wanted) continue;
    query.loadbalancers.insert(id);
    if (const auto& log = load_balancer->access_log; log)
      routes.push_back({log->group, log->stream, load_balancer->project_id});
  }
  return {};
}

/// What came since line number `after`; -1: nothing yet, only where to go on.
Value follow(const logs::LogHub& hub, const logs::LogQuery& query, int64_t after, Value& list) {
  if (after < 0) return static_cast<int64_t>(hub.newest());
  uint64_t first = 0;
  auto next = static_cast<uint64_t>(after);
  for (const logs::RecentLine& recent : hub.recent(next, &first)) {
    if (list.size() >= query.limit) break;
    next = recent.number;
    const auto line = logs::LogLine::parse(recent.text);
    if (line && matches(query, *line, recent.text)) list.push(to_value(*line));
  }
  return static_cast<int64_t>(next);
}

}  // namespace

Result<Reply> list_logs(Context& context, const Request& request) {
  if (Status status = request.only_queries({"loadbalancer_id", "listener_id", "from", "to", "status", "client",
                                            "termination", "text", "limit", "after"});
      !status)
    return pass_on(status.error());
  const logs::LogHub* hub = context.logs();
  if (hub == nullptr) return fail(ErrorCode::kUnsupported, "this node keeps no access logs");
  const View view = context.view();
  logs::LogQuery query;
  std::vector<logs::LogRoute> routes;
  if (Status status = read_objects(view, request, query, routes); !status) return pass_on(status.error());
  if (Status status = read_filters(request, query); !status) return pass_on(status.error());
  Value list = Value::array();
  Value next(static_cast<int64_t>(hub->newest()));
  if (request.has_query("after")) {
    const auto after = read_number(request, "after", -1, INT64_MAX);
    if (!after) return pass_on(after.error());
    next = follow(*hub, query, *after, list);
  } else if (!hub->directory().empty()) {
    for (Value& line : search_files(hub->directory(), routes, query)) list.push(std::move(line));
  } else {
    std::vector<Value> found;
    for (const logs::RecentLine& recent : hub->recent(0))
      if (const auto line = logs::LogLine::parse(recent.text); line && matches(query, *line, recent.text))
        found.push_back(to_value(*line));
    for (size_t i = found.size() - std::min(found.size(), query.limit); i < found.size(); ++i)
      list.push(std::move(found[i]));
  }
  return Reply{200, Value().set("logs", std::move(list)).set("next", std::move(next))};
}

}  // namespace elb::api
