// SPDX-License-Identifier: Apache-2.0
// /v1/alarms: rules over metrics and what they have come to (AL-01, AL-02).
#include "api/handlers.h"
#include "api/list_query.h"
#include "telemetry/alarm_json.h"
#include "telemetry/telemetry.h"

namespace elb::api {
namespace {

using codec::Value;
using telemetry::Alarm;
using telemetry::AlarmRule;

Result<telemetry::AlarmBook*> book(Context& context) {
  if (context.telemetry() == nullptr) return fail(ErrorCode::kUnsupported, "there are no alarms without telemetry");
  return &context.telemetry()->alarms();
}

Status check_series(const View& view, const AlarmRule& rule) {
  if (Status status = check_dimensions(view.model(), rule.dimensions); !status)
    return pass_on(below("dimensions", status.error()));
  return check_metric(view.model(), rule.dimensions, rule.metric);
}

Result<Value> body_of(const Request& request) {
  const auto body = request.json();
  if (!body) return pass_on(body.error());
  if (!body->is_object() || body->size() != 1 || !body->get("alarm").is_object())
    return invalid("alarm", "the body must be an object that holds the object \"alarm\" and nothing else");
  return body->get("alarm");
}

Value shown(const Alarm& alarm) { return Value().set("alarm", encode(alarm)); }

}  // namespace

Result<Reply> list_alarms(Context& context, const Request& request) {
  const auto alarms = book(context);
  if (!alarms) return pass_on(alarms.error());
  std::vector<Value> items;
  for (const Alarm& alarm : (*alarms)->all()) items.push_back(encode(alarm));
  auto list = render_list(request, {.collection = "alarms", .fields = encode(Alarm{}).keys()}, std::move(items));
  if (!list) return pass_on(list.error());
  return Reply{200, std::move(*list)};
}

Result<Reply> create_alarm(Context& context, const Request& request) {
  const auto alarms = book(context);
  if (!alarms) return pass_on(alarms.error());
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto body = body_of(request);
  if (!body) return pass_on(body.error());
  for (const char* field : {"name", "metric_name", "threshold"})
    if (!body->has(field)) return invalid(field, "is required");
  AlarmRule rule;
  Status status = decode(*body, rule);
  if (status) status = check_series(context.view(), rule);
  if (!status) return pass_on(status.error());
  const auto made = (*alarms)->create(rule);
  if (!made) return pass_on(made.error());
  return Reply{201, shown(*made)};
}

Result<Reply> show_alarm(Context& context, const Request& request) {
  const auto alarms = book(context);
  if (!alarms) return pass_on(alarms.error());
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto alarm = (*alarms)->find(request.ids[0]);
  if (!alarm) return pass_on(alarm.error());
  return Reply{200, shown(*alarm)};
}

Result<Reply> update_alarm(Context& context, const Request& request) {
  const auto alarms = book(context);
  if (!alarms) return pass_on(alarms.error());
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto before = (*alarms)->find(request.ids[0]);
  if (!before) return pass_on(before.error());
  const auto body = body_of(request);
  if (!body) return pass_on(body.error());
  AlarmRule rule = before->rule;
  Status status = decode(*body, rule);
  // MON-06: the rule of something that was deleted stays, and can still be changed otherwise.
  const bool another = rule.metric != before->rule.metric || rule.dimensions != before->rule.dimensions;
  if (status && another) status = check_series(context.view(), rule);
  if (!status) return pass_on(status.error());
  const auto changed = (*alarms)->update(request.ids[0], rule);
  if (!changed) return pass_on(changed.error());
  return Reply{200, shown(*changed)};
}

Result<Reply> delete_alarm(Context& context, const Request& request) {
  const auto alarms = book(context);
  if (!alarms) return pass_on(alarms.error());
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  if (Status status = (*alarms)->remove(request.ids[0]); !status) return pass_on(status.error());
  return Reply{204, {}};
}

/// Waits for every target's answer, so that whoever pressed the button sees what came of it.
Result<Reply> test_alarm(Context& context, const Request& request) {
  const auto alarms = book(context);
  if (!alarms) return pass_on(alarms.error());
  if (Status status = request.only_queries({}); !status) return pass_on(status.error());
  const auto attempts = (*alarms)->test(request.ids[0]);
  if (!attempts) return pass_on(attempts.error());
  Value results = Value::array();
  for (const auto& attempt : *attempts) {
    Value one = Value::object();
    one.set("type", to_string(attempt.target.type)).set("address", attempt.target.address);
    one.set("delivered", attempt.error.empty());
    one.set("error", attempt.error.empty() ? Value() : Value(attempt.error));
    results.push(std::move(one));
  }
  return Reply{200, Value().set("results", std::move(results))};
}

}  // namespace elb::api
