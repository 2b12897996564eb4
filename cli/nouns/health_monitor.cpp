// SPDX-License-Identifier: Apache-2.0
// elbctl healthmonitor ...
#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"

namespace elb::cli {
namespace {

const Positional kMonitor = {"MONITOR", "name or id of the health monitor", "healthmonitor"};

Done create(Context& context, const Command& command, const Args& args) {
  auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  const auto pool = find_id(context, pools(), args.text("POOL"));
  if (!pool) return pass_on(pool.error());
  fields->set("pool_id", *pool);
  if (!fields->has("type")) fields->set("type", "TCP");
  if (!fields->has("delay")) fields->set("delay", 5);
  if (!fields->has("timeout")) fields->set("timeout", 3);
  if (!fields->has("max_retries")) fields->set("max_retries", 3);
  return create_object(context, health_monitors(), *std::move(fields), args);
}

Done list(Context& context, const Command&, const Args& args) { return list_objects(context, health_monitors(), args); }

Done show(Context& context, const Command&, const Args& args) {
  return show_object(context, health_monitors(), args.text("MONITOR"), args);
}

Done set(Context& context, const Command& command, const Args& args) {
  const auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  return set_object(context, health_monitors(), args.text("MONITOR"), *fields, args);
}

Done remove(Context& context, const Command&, const Args& args) {
  return delete_objects(context, health_monitors(), args.all("MONITOR"), args);
}

std::vector<Option> check_options() {
  return {
      {"--delay", "SECONDS", "time between two checks of a member (default 5)", Kind::kInteger, "delay"},
      {"--check-timeout,--timeout", "SECONDS",
       "how long one check may take (default 3); elbctl's own --timeout goes before the noun", Kind::kInteger,
       "timeout"},
      {"--max-retries", "N", "successes in a row that bring a member up (default 3)", Kind::kInteger, "max_retries"},
      {"--max-retries-down", "N", "failures in a row that take it down (default: as --max-retries)", Kind::kInteger,
       "max_retries_down"},
      {"--http-method", "METHOD", "HTTP: GET (default), HEAD, POST, PUT, DELETE, TRACE, OPTIONS or PATCH", Kind::kUpper,
       "http_method"},
      {"--path,--url-path", "PATH", "HTTP: what is asked for (default /)", Kind::kText, "url_path"},
      {"--expected-codes", "CODES",
       "HTTP: codes of a good answer, such as 200-204 (default 200; HTTP pools 200,202,401)", Kind::kText,
       "expected_codes"},
      {"--domain-name", "HOST", "HTTP: the Host header (default: the member's address)", Kind::kText, "domain_name"},
      {"--port,--monitor-port", "PORT", "check this port instead of the member's own", Kind::kInteger, "monitor_port"},
  };
}

}  // namespace

Noun health_monitor_noun() {
  const std::vector<Option> create_options = {
      {"--name", "NAME", "name of the health monitor", Kind::kText, "name"},
      {.names = "--type",
       .placeholder = "TYPE",
       .help = "kind of check: TCP, can a connection be opened (default); HTTP, is it answered well; GRPC, for GRPC "
               "pools: does grpc.health.v1.Health say SERVING; UDP-CONNECT, for UDP pools: does the member answer an "
               "ICMP echo, and is the port not reported closed",
       .kind = Kind::kUpper,
       .field = "type",
       .choices = {"TCP", "HTTP", "GRPC", "UDP-CONNECT"}}};
  std::vector<Option> states;
  for (Option& option : common_options(true)) {
    if (option.field != "description") states.push_back(std::move(option));
  }
  const std::vector<Option> set_states = states;
  states.erase(states.begin());  // --name is among create_options
  Positional several = kMonitor;
  several.repeated = true;
  return {
      .name = "healthmonitor",
      .aliases = {"hm", "healthmonitors", "healthcheck", "monitor"},
      .summary = "health monitors: the checks that decide which members of a pool get connections",
      .commands = {
          {.verb = "create",
           .aliases = {"add"},
           .summary = "make the health monitor of a pool",
           .positionals = {{"POOL", "name or id of the pool", "pool"}},
           .options = joined(joined(create_options, check_options()), joined(states, {wait_option()})),
           .examples = {{"by request", "elbctl hm create web-pool --type HTTP --path /healthz"},
                        {"a quick one: down after 2 s, up after 2 s",
                         "elbctl hm create web-pool --delay 1 --check-timeout 1 --max-retries 2 --wait"},
                        {"of a GRPC pool", "elbctl hm create calls-pool --type GRPC"},
                        {"of a UDP pool", "elbctl hm create dns-pool --type UDP-CONNECT"}},
           .run = create},
          {.verb = "list",
           .aliases = {"ls"},
           .summary = "list health monitors",
           .options = list_options(),
           .examples = {{"", "elbctl hm list"}},
           .run = list},
          {.verb = "show",
           .aliases = {"get", "describe"},
           .summary = "show one health monitor",
           .positionals = {kMonitor},
           .options = {watch_option()},
           .examples = {{"", "elbctl hm show web-check"}},
           .run = show},
          {.verb = "set",
           .aliases = {"update", "edit"},
           .summary = "change a health monitor",
           .positionals = {kMonitor},
           .options = joined(joined(check_options(), {{.names = "--no-port",
                                                       .help = "check the member's own port again",
                                                       .kind = Kind::kFlag,
                                                       .field = "monitor_port",
                                                       .constant = {}}}),
                             joined(set_states, {wait_option()})),
           .examples = {{"check more often", "elbctl hm set web-check --delay 2"},
                        {"switch the checks off: every member counts as healthy", "elbctl hm set web-check --disable"}},
           .run = set},
          {.verb = "explain",
           .aliases = {"why"},
           .summary = "show the last check of each member of a pool, and where to look for the reason",
           .positionals = {{"POOL", "name or id of the pool", "pool"}},
           .examples = {{"", "elbctl healthmonitor explain web-pool"}},
           .run = explain_checks},
          {.verb = "delete",
           .aliases = {"rm", "remove"},
           .summary = "delete health monitors",
           .positionals = {several},
           .options = delete_options(),
           .examples = {{"", "elbctl hm delete web-check"}},
           .run = remove},
      }};
}

}  // namespace elb::cli
