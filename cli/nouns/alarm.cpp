// SPDX-License-Identifier: Apache-2.0
// elbctl alarm ...
#include <fmt/core.h>

#include <cmath>
#include <cstdlib>

#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

const Positional kAlarm = {"ALARM", "name or id of the alarm", "alarm"};

/// Alarms belong to the node, not to a project.
Context without_project(const Context& context) {
  Context plain = context;
  plain.project.clear();
  return plain;
}

Done add_threshold(const Args& args, Value& fields) {
  const auto text = args.get("threshold");
  if (!text) return {};
  char* end = nullptr;
  const double number = std::strtod(text->c_str(), &end);
  if (text->empty() || *end != '\0' || !std::isfinite(number))
    return usage_error(fmt::format("--threshold '{}' is not a number", harmless(*text)));
  fields.set("threshold", number);
  return {};
}

Done add_dimensions(Context& context, const Args& args, Value& fields) {
  if (!args.has("lb") && !args.has("listener")) return {};
  std::string owner, listener;
  if (const auto name = args.get("lb")) {
    const auto id = find_id(context, load_balancers(), *name);
    if (!id) return pass_on(id.error());
    owner = *id;
  }
  if (const auto name = args.get("listener")) {
    const auto found = find_object(context, listeners(), *name);
    if (!found) return pass_on(found.error());
    listener = found->get("id").text();
    if (owner.empty()) owner = found->get("loadbalancer_id").text();
  }
  Value dimensions = Value::array();
  dimensions.push(Value().set("name", "lbaas_instance_id").set("value", owner));
  if (!listener.empty()) dimensions.push(Value().set("name", "lbaas_listener_id").set("value", listener));
  fields.set("dimensions", std::move(dimensions));
  return {};
}

void add_targets(const Args& args, Value& fields) {
  Value targets = Value::array();
  for (const std::string& url : args.all("webhook")) targets.push(Value().set("type", "webhook").set("address", url));
  for (const std::string& address : args.all("email"))
    targets.push(Value().set("type", "email").set("address", address));
  if (args.has("exec")) targets.push(Value().set("type", "exec"));
  if (targets.size() > 0) fields.set("notifications", std::move(targets));
}

Outcome<Value> fields_of(Context& context, const Command& command, const Args& args) {
  auto fields = fields_from(context, command, args);
  if (!fields) return fields;
  if (args.has("notify") && args.has("no-notify")) return usage_error("--notify and --no-notify exclude each other");
  if (const Done done = add_threshold(args, *fields); !done) return pass_on(done.error());
  if (const Done done = add_dimensions(context, args, *fields); !done) return pass_on(done.error());
  add_targets(args, *fields);
  return fields;
}

Done create(Context& context, const Command& command, const Args& args) {
  Context plain = without_project(context);
  auto fields = fields_of(plain, command, args);
  if (!fields) return pass_on(fields.error());
  return create_object(plain, alarms(), *std::move(fields), args);
}

Done list(Context& context, const Command&, const Args& args) {
  Context plain = without_project(context);
  Query filters;
  if (const auto state = args.get("state")) filters.emplace_back("state", *state);
  return list_objects(plain, alarms(), args, std::move(filters));
}

Done show(Context& context, const Command&, const Args& args) {
  return show_object(context, alarms(), args.text("ALARM"));
}

Done set(Context& context, const Command& command, const Args& args) {
  const auto fields = fields_of(context, command, args);
  if (!fields) return pass_on(fields.error());
  return set_object(context, alarms(), args.text("ALARM"), *fields, args);
}

Done enable(Context& context, const Command& command, const Args& args) {
  Value fields = Value::object();
  fields.set("enabled", command.verb == "enable");
  return set_object(context, alarms(), args.text("ALARM"), fields, args);
}

Done remove(Context& context, const Command&, const Args& args) {
  return delete_objects(context, alarms(), args.all("ALARM"), args);
}

Done test(Context& context, const Command&, const Args& args) {
  const auto id = find_id(context, alarms(), args.text("ALARM"));
  if (!id) return pass_on(id.error());
  const auto answer = context.api.post(alarms().path_of(*id) + "/test", Value::object());
  if (!answer) return pass_on(answer.error());
  static const std::vector<Column> kColumns = {
      {"TYPE", "type"}, {"ADDRESS", "address"}, {"DELIVERED", "delivered"}, {"ERROR", "error"}};
  std::vector<Value> rows;
  bool all = true;
  const Value results = answer->get("results");
  for (size_t i = 0; i < results.size(); ++i) {
    rows.push_back(results.at(i));
    all = all && results.at(i).get("delivered").as_bool();
  }
  context.out() << render_list(context.format, kColumns, rows);
  if (rows.empty()) return give_up(Exit::kError, "the alarm has no notification", "elbctl alarm set --webhook URL");
  if (!all) return give_up(Exit::kError, "not every notification was delivered");
  return {};
}

std::vector<Option> rule_options(bool creating) {
  return {
      {.names = "--metric",
       .placeholder = "METRIC",
       .help = "id of a metric, as elbctl metrics shows them",
       .field = "metric_name",
       .required = creating},
      {.names = "--lb,--loadbalancer", .placeholder = "LB", .help = "of this load balancer", .noun = "loadbalancer"},
      {.names = "--listener", .placeholder = "LISTENER", .help = "of this listener", .noun = "listener"},
      {.names = "--statistic",
       .placeholder = "WORD",
       .help = "of the values of a period (default average)",
       .field = "statistic",
       .choices = {"average", "max", "min", "sum"}},
      {.names = "--operator",
       .placeholder = "OP",
       .help = "how it is compared (default >)",
       .field = "operator",
       .choices = {">", ">=", "<", "<=", "="}},
      {.names = "--threshold", .placeholder = "NUMBER", .help = "with what", .required = creating},
      {.names = "--period",
       .placeholder = "SECONDS",
       .help = "how often, and over what time (default 60)",
       .kind = Kind::kInteger,
       .field = "period",
       .choices = {"60", "300", "1200", "3600", "14400", "86400"}},
      {"--count", "N", "periods in a row until it is an alarm, 1 to 100 (default 1)", Kind::kInteger, "count"},
      {.names = "--severity",
       .placeholder = "WORD",
       .help = "how bad it is (default major)",
       .field = "severity",
       .choices = {"critical", "major", "minor", "info"}},
      {.names = "--webhook",
       .placeholder = "URL",
       .help = "POST a JSON document there when it becomes an alarm, and when it is over",
       .repeated = true},
      {.names = "--email",
       .placeholder = "ADDRESS",
       .help = "send a mail there; needs elb-agent --mail-relay",
       .repeated = true},
      {"--exec", "", "run the command of elb-agent --alarm-command", Kind::kFlag},
      {.names = "--notify",
       .help = "tell (the default)",
       .kind = Kind::kFlag,
       .field = "notification_enabled",
       .constant = true},
      {.names = "--no-notify",
       .help = "only show the state",
       .kind = Kind::kFlag,
       .field = "notification_enabled",
       .constant = false},
      {"--description", "TEXT", "free text for people", Kind::kText, "description"}};
}

}  // namespace

Noun alarm_noun() {
  Positional several = kAlarm;
  several.repeated = true;
  return {
      .name = "alarm",
      .aliases = {"alarms"},
      .summary = "alarms: rules over metrics, and whom to tell",
      .commands = {
          {.verb = "create",
           .aliases = {"add"},
           .summary = "make an alarm",
           .description = "Without --lb or --listener it is about the node, for metrics such as "
                          "flow_table_used_percent. An alarm and its end are each told once; what cannot be delivered "
                          "is tried again for a day.",
           .positionals = {{"NAME", "name of the new alarm", "", "name"}},
           .options = rule_options(true),
           .examples = {{"a member is unhealthy",
                         "elbctl alarm create sick --metric m9_abnormal_servers --lb web --threshold 0 --webhook "
                         "http://127.0.0.1:9000/elb"},
                        {"a certificate expires within two weeks",
                         "elbctl alarm create renew --metric certificate_days_left --lb web --operator '<' "
                         "--threshold 14 --period 3600 --email ops@example.com"},
                        {"the node runs out of local ports",
                         "elbctl alarm create ports --metric port_exhausted --threshold 0 --severity critical --exec"}},
           .run = create},
          {.verb = "list",
           .aliases = {"ls"},
           .summary = "list alarms with their states",
           .options = joined({{.names = "--state",
                               .placeholder = "STATE",
                               .help = "only those in this state",
                               .choices = {"ok", "alarm", "insufficient_data"}}},
                             list_options(false)),
           .examples = {{"what is wrong now", "elbctl alarm list --state alarm"}},
           .run = list},
          {.verb = "show",
           .aliases = {"get", "describe"},
           .summary = "show one alarm, its value and the reason of its state",
           .positionals = {kAlarm},
           .examples = {{"", "elbctl alarm show sick"}},
           .run = show},
          {.verb = "set",
           .aliases = {"update", "edit"},
           .summary = "change an alarm; targets given replace all that it had",
           .positionals = {kAlarm},
           .options = joined({{"--name", "NAME", "the new name", Kind::kText, "name"}}, rule_options(false)),
           .examples = {{"", "elbctl alarm set sick --threshold 1 --count 3"}},
           .run = set},
          {.verb = "enable",
           .summary = "judge it again",
           .positionals = {kAlarm},
           .examples = {{"", "elbctl alarm enable sick"}},
           .run = enable},
          {.verb = "disable",
           .summary = "neither judge nor tell",
           .positionals = {kAlarm},
           .examples = {{"", "elbctl alarm disable sick"}},
           .run = enable},
          {.verb = "test",
           .summary = "send a test notification to each of its targets now",
           .positionals = {kAlarm},
           .examples = {{"", "elbctl alarm test sick"}},
           .run = test},
          {.verb = "delete",
           .aliases = {"rm", "remove"},
           .summary = "delete alarms",
           .positionals = {several},
           .options = {delete_options().front()},
           .examples = {{"", "elbctl alarm delete sick"}},
           .run = remove},
      }};
}

}  // namespace elb::cli
