// SPDX-License-Identifier: Apache-2.0
// elbctl pool ...
#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"

namespace elb::cli {
namespace {

using codec::Value;

const Positional kPool = {"POOL", "name or id of the pool", "pool"};

/// The API has type and time in one object: {"session_persistence": {"type": ..., "persistence_timeout": ...}}.
Value with_persistence(const Value& given, bool is_new) {
  Value fields = Value::object();
  for (const std::string& key : given.keys())
    if (key != "session_persistence" && key != "persistence_timeout" && key != "cookie_name")
      fields.set(key, given.get(key));
  const std::string type = given.get("session_persistence").text();
  if (type == "NONE") return fields.set("session_persistence", Value());
  if (type.empty() && !given.has("persistence_timeout") && !given.has("cookie_name")) return fields;
  Value persistence = Value::object();
  if (!type.empty() || is_new) persistence.set("type", type.empty() ? "SOURCE_IP" : type);
  if (given.has("persistence_timeout")) persistence.set("persistence_timeout", given.get("persistence_timeout"));
  if (given.has("cookie_name")) persistence.set("cookie_name", given.get("cookie_name"));
  return fields.set("session_persistence", std::move(persistence));
}

/// {"slow_start": {"enable": true, "duration": 60}} of a number of seconds; 0: none.
Value with_slow_start(Value fields) {
  if (!fields.has("slow_start")) return fields;
  const Value seconds = fields.get("slow_start");
  Value slow_start = Value::object().set("enable", seconds.text() != "0");
  if (seconds.text() != "0") slow_start.set("duration", seconds);
  return fields.set("slow_start", std::move(slow_start));
}

Done create(Context& context, const Command& command, const Args& args) {
  auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  if (fields->has("listener_id") == fields->has("loadbalancer_id")) {
    return usage_error("one of --listener and --lb is required", "see: elbctl pool create --help");
  }
  if (!fields->has("lb_algorithm")) fields->set("lb_algorithm", "ROUND_ROBIN");
  if (!fields->has("protocol")) {
    if (!fields->has("listener_id")) return usage_error("--protocol is required with --lb");
    const auto listener = find_object(context, listeners(), fields->get("listener_id").as_string());
    if (!listener) return pass_on(listener.error());
    // HTTPS ends at the load balancer.
    const std::string protocol = listener->get("protocol").as_string();
    fields->set("protocol", protocol.ends_with("HTTPS") ? "HTTP" : protocol);
  }
  return create_object(context, pools(), with_slow_start(with_persistence(*fields, true)), args);
}

Done list(Context& context, const Command&, const Args& args) {
  Query filters;
  if (const auto name = args.get("lb")) {
    const auto id = find_id(context, load_balancers(), *name);
    if (!id) return pass_on(id.error());
    filters.emplace_back("loadbalancer_id", *id);
  }
  return list_objects(context, pools(), args, std::move(filters));
}

Done show(Context& context, const Command&, const Args& args) {
  return show_object(context, pools(), args.text("POOL"), args);
}

Done set(Context& context, const Command& command, const Args& args) {
  const auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  return set_object(context, pools(), args.text("POOL"), with_slow_start(with_persistence(*fields, false)), args);
}

Done remove(Context& context, const Command&, const Args& args) {
  return delete_objects(context, pools(), args.all("POOL"), args);
}

}  // namespace

Noun pool_noun() {
  const Option algorithm = {.names = "--algorithm,--lb-algorithm",
                            .placeholder = "ALGORITHM",
                            .help = "how a member is chosen (default ROUND_ROBIN, by weight)",
                            .kind = Kind::kUpper,
                            .field = "lb_algorithm",
                            .choices = {"ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP"}};
  const Option persistence = {.names = "--session-persistence",
                              .placeholder = "TYPE",
                              .help = "send a client to the member it had before, or NONE",
                              .kind = Kind::kUpper,
                              .field = "session_persistence",
                              .choices = {"SOURCE_IP", "HTTP_COOKIE", "APP_COOKIE", "NONE"}};
  const Option cookie = {"--cookie-name", "NAME", "of APP_COOKIE: the application's cookie", Kind::kText,
                         "cookie_name"};
  const Option timeout = {"--persistence-timeout", "MINUTES",
                          "how long after the last use, 1 to 60 (default 1); of HTTP_COOKIE 1 to 1440 (default)",
                          Kind::kInteger, "persistence_timeout"};
  const Option told = {.names = "--proxy-protocol",
                       .placeholder = "VERSION",
                       .help = "HTTP: tell members the client's address by the PROXY protocol (default none)",
                       .field = "proxy_protocol",
                       .choices = {"none", "v1", "v2"}};
  const Option slow_start = {
      "--slow-start", "SECONDS",
      "HTTP, GRPC: how long the share of a member grows that is new or healthy again, 30 to 1200; 0: "
      "it has all at once (default)",
      Kind::kInteger, "slow_start"};
  const std::vector<Option> create_options = {
      {"--name", "NAME", "the same as NAME", Kind::kText, "name"},
      {"--listener", "LISTENER", "listener whose default pool it becomes", Kind::kReference, "listener_id", "listener"},
      {"--lb,--loadbalancer", "LB", "load balancer, for a pool without a listener", Kind::kReference, "loadbalancer_id",
       "loadbalancer"},
      {.names = "--protocol",
       .placeholder = "PROTOCOL",
       .help = "protocol of the members (default: the listener's)",
       .kind = Kind::kUpper,
       .field = "protocol",
       .choices = {"TCP", "UDP", "HTTP", "GRPC"}},
      algorithm,
      persistence,
      cookie,
      timeout,
      told,
      slow_start};
  Positional several = kPool;
  several.repeated = true;
  return {
      .name = "pool",
      .aliases = {"pools"},
      .summary = "pools: members that share connections, and how they are chosen",
      .commands = {
          {.verb = "create",
           .aliases = {"add"},
           .summary = "make a pool",
           .positionals = {{"NAME", "name of the new pool", "", "name", false}},
           .options = joined(create_options, joined(common_options(false), {wait_option()})),
           .examples = {{"as the pool of a listener", "elbctl pool create web-pool --listener web-80 --wait"},
                        {"without one, for later", "elbctl pool create green --lb web --protocol TCP"}},
           .run = create},
          {.verb = "list",
           .aliases = {"ls"},
           .summary = "list pools",
           .options = joined({{.names = "--lb,--loadbalancer",
                               .placeholder = "LB",
                               .help = "only those of this load balancer",
                               .noun = "loadbalancer"}},
                             list_options()),
           .examples = {{"names only", "elbctl pool list -o name"}},
           .run = list},
          {.verb = "show",
           .aliases = {"get", "describe"},
           .summary = "show one pool",
           .positionals = {kPool},
           .options = {watch_option()},
           .examples = {{"", "elbctl pool show web-pool"}},
           .run = show},
          {.verb = "set",
           .aliases = {"update", "edit"},
           .summary = "change a pool",
           .positionals = {kPool},
           .options = joined({algorithm, persistence, cookie, timeout, told, slow_start},
                             joined(common_options(true), {wait_option()})),
           .examples = {{"", "elbctl pool set web-pool --description 'the shop'"},
                        {"the same member for a client for ten minutes",
                         "elbctl pool set web-pool --session-persistence SOURCE_IP --persistence-timeout 10"}},
           .run = set},
          {.verb = "delete",
           .aliases = {"rm", "remove"},
           .summary = "delete pools",
           .positionals = {several},
           .options = delete_options(),
           .examples = {{"after its members", "elbctl member batch web-pool --empty && elbctl pool delete web-pool"}},
           .run = remove},
      }};
}

}  // namespace elb::cli
