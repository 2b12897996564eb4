// SPDX-License-Identifier: Apache-2.0
#include "telemetry/alarm_json.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "base/clock.h"

namespace elb::telemetry {
namespace {

using codec::Value;
using JsonType = Value::Type;

std::string time_text(int64_t since_1970) { return format_utc(WallTime(std::chrono::seconds(since_1970))); }

Value dimensions_value(const Dimensions& dimensions) {
  Value list = Value::array();
  if (!dimensions.load_balancer_id.empty())
    list.push(Value().set("name", kLoadBalancerDimension).set("value", dimensions.load_balancer_id));
  if (!dimensions.listener_id.empty())
    list.push(Value().set("name", kListenerDimension).set("value", dimensions.listener_id));
  return list;
}

Status read_text(const Value& value, const std::string& field, std::string& out) {
  if (!value.is_string()) return invalid(field, "must be a text");
  out = value.as_string();
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(out.begin(), out.end(), control)) return invalid(field, "must not hold control characters");
  return {};
}

Status read_flag(const Value& value, const std::string& field, bool& out) {
  if (value.type() != JsonType::kBool) return invalid(field, "must be true or false");
  out = value.as_bool();
  return {};
}

template <class T>
Status read_word(const Value& value, const std::string& field, std::optional<T> (*parse)(std::string_view),
                 std::string_view words, T& out) {
  const auto parsed = value.is_string() ? parse(value.as_string()) : std::nullopt;
  if (!parsed) return invalid(field, fmt::format("must be one of {}, got {}", words, value.dump().substr(0, 64)));
  out = *parsed;
  return {};
}

Status read_number(const Value& value, const std::string& field, double& out) {
  if (value.type() != JsonType::kInteger && value.type() != JsonType::kNumber)
    return invalid(field, "must be a number");
  out = std::strtod(value.text().c_str(), nullptr);
  return {};
}

template <class T>
Status read_integer(const Value& value, const std::string& field, T& out) {
  const auto number = value.integer();
  constexpr int64_t kMost = 1'000'000'000;
  if (!number || *number < 0 || *number > kMost) return invalid(field, "must be a whole number");
  out = static_cast<T>(*number);
  return {};
}

Status read_dimensions(const Value& list, const std::string& field, Dimensions& out) {
  out = {};
  if (list.is_null()) return {};
  if (!list.is_array()) return invalid(field, "must be an array of objects with name and value");
  for (size_t i = 0; i < list.size(); ++i) {
    const Value entry = list.at(i);
    const std::string at = fmt::format("{}[{}]", field, i), name = entry.get("name").as_string();
    if (name != kLoadBalancerDimension && name != kListenerDimension)
      return invalid(at + ".name", fmt::format("must be {} or {}", kLoadBalancerDimension, kListenerDimension));
    std::string& place = name == kLoadBalancerDimension ? out.load_balancer_id : out.listener_id;
    if (!place.empty()) return invalid(at + ".name", "is given twice");
    if (auto status = read_text(entry.get("value"), at + ".value", place); !status) return status;
    if (place.empty()) return invalid(at + ".value", "must not be empty");
  }
  return {};
}

Status read_targets(const Value& list, const std::string& field, std::vector<Target>& out) {
  out.clear();
  if (list.is_null()) return {};
  if (!list.is_array()) return invalid(field, "must be an array of objects with type and address");
  for (size_t i = 0; i < list.size(); ++i) {
    const Value entry = list.at(i);
    const std::string at = fmt::format("{}[{}]", field, i);
    if (!entry.is_object()) return invalid(at, "must be an object with type and address");
    for (const std::string& key : entry.keys())
      if (key != "type" && key != "address") return invalid(at + "." + key, "unknown field");
    Target target;
    Status status = read_word(entry.get("type"), at + ".type", parse_target_type, "webhook, email, exec", target.type);
    if (status && entry.has("address") && !entry.get("address").is_null())
      status = read_text(entry.get("address"), at + ".address", target.address);
    if (!status) return status;
    out.push_back(std::move(target));
  }
  return {};
}

Status read_field(const std::string& key, const Value& value, AlarmRule& rule) {
  if (key == "name") return read_text(value, key, rule.name);
  if (key == "description") return read_text(value, key, rule.description);
  if (key == "enabled") return read_flag(value, key, rule.enabled);
  if (key == "notification_enabled") return read_flag(value, key, rule.notify);
  if (key == "dimensions") return read_dimensions(value, key, rule.dimensions);
  if (key == "notifications") return read_targets(value, key, rule.targets);
  if (key == "threshold") return read_number(value, key, rule.threshold);
  if (key == "count") return read_integer(value, key, rule.count);
  if (key == "statistic") return read_word(value, key, parse_statistic, "average, max, min, sum", rule.statistic);
  if (key == "operator") return read_word(value, key, parse_comparison, ">, >=, <, <=, =", rule.comparison);
  if (key == "severity") return read_word(value, key, parse_severity, "critical, major, minor, info", rule.severity);
  if (key == "metric_name") return read_word(value, key, find_metric, "what GET /v1/metrics lists", rule.metric);
  if (key == "period") {
    Status status = read_integer(value, key, rule.period_s);
    if (status && rule.period_s == 1) rule.period_s = 60;  // the monitoring service's word for "as collected"
    return status;
  }
  if (key == "namespace")
    return value.as_string() == kNamespace ? Status{} : invalid(key, fmt::format("must be {}", kNamespace));
  for (const char* own : {"id", "unit", "state", "state_since", "state_reason", "value", "created_at", "updated_at"})
    if (key == own) return invalid(key, "is read-only");
  return invalid(key, "unknown field");
}

}  // namespace

Value encode_rule(const AlarmRule& rule) {
  Value targets = Value::array();
  for (const Target& target : rule.targets) {
    Value entry = Value::object();
    entry.set("type", to_string(target.type));
    if (!target.address.empty()) entry.set("address", target.address);
    targets.push(std::move(entry));
  }
  Value out = Value::object();
  out.set("name", rule.name).set("description", rule.description).set("enabled", rule.enabled);
  out.set("namespace", kNamespace).set("metric_name", kMetrics[rule.metric].id);
  out.set("dimensions", dimensions_value(rule.dimensions)).set("statistic", to_string(rule.statistic));
  out.set("operator", to_string(rule.comparison)).set("threshold", rule.threshold);
  out.set("period", rule.period_s).set("count", rule.count).set("severity", to_string(rule.severity));
  return out.set("notification_enabled", rule.notify).set("notifications", std::move(targets));
}

Value encode(const Alarm& alarm) {
  Value out = Value().set("id", alarm.id);
  const Value rule = encode_rule(alarm.rule);
  for (const std::string& key : rule.keys()) out.set(key, rule.get(key));
  out.set("unit", kMetrics[alarm.rule.metric].unit).set("state", to_string(alarm.state));
  out.set("state_since", time_text(alarm.since_s)).set("state_reason", reason_of(alarm));
  out.set("value", alarm.value ? Value(*alarm.value) : Value());
  return out.set("created_at", time_text(alarm.created_s)).set("updated_at", time_text(alarm.updated_s));
}

Status decode(const Value& object, AlarmRule& rule) {
  if (!object.is_object()) return invalid("alarm", "must be an object");
  for (const std::string& key : object.keys())
    if (auto status = read_field(key, object.get(key), rule); !status) return status;
  return {};
}

std::string notification_of(const Alarm& alarm, AlarmState before, bool test, const std::string& node) {
  Value out = Value().set("alarm_id", alarm.id).set("alarm_name", alarm.rule.name);
  out.set("state", to_string(alarm.state)).set("previous_state", to_string(before));
  out.set("severity", to_string(alarm.rule.severity)).set("reason", reason_of(alarm));
  out.set("value", alarm.value ? Value(*alarm.value) : Value()).set("time", time_text(alarm.since_s));
  const Value rule = encode_rule(alarm.rule);
  for (const char* key : {"description", "namespace", "metric_name", "dimensions", "statistic", "operator", "threshold",
                          "period", "count"})
    out.set(key, rule.get(key));
  out.set("unit", kMetrics[alarm.rule.metric].unit).set("node", node).set("test", test);
  return out.dump();
}

}  // namespace elb::telemetry
