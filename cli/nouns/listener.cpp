// SPDX-License-Identifier: Apache-2.0
// elbctl listener ...
#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"
#include "cli/statuses.h"

namespace elb::cli {
namespace {

const Positional kListener = {"LISTENER", "name or id of the listener", "listener"};

Done create(Context& context, const Command& command, const Args& args) {
  auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  return create_object(context, listeners(), *std::move(fields), args);
}

Done list(Context& context, const Command&, const Args& args) {
  Query filters;
  if (const auto name = args.get("lb")) {
    const auto id = find_id(context, load_balancers(), *name);
    if (!id) return pass_on(id.error());
    filters.emplace_back("loadbalancer_id", *id);
  }
  return list_objects(context, listeners(), args, std::move(filters));
}

Done show(Context& context, const Command&, const Args& args) {
  return show_object(context, listeners(), args.text("LISTENER"));
}

Done set(Context& context, const Command& command, const Args& args) {
  if (args.has("default-pool") && args.has("no-default-pool")) {
    return usage_error("--default-pool and --no-default-pool exclude each other");
  }
  if (args.has("toa") && args.has("no-toa")) return usage_error("--toa and --no-toa exclude each other");
  const auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  return set_object(context, listeners(), args.text("LISTENER"), *fields, args);
}

Done remove(Context& context, const Command&, const Args& args) {
  return delete_objects(context, listeners(), args.all("LISTENER"), args);
}

Done stats(Context& context, const Command&, const Args& args) {
  const auto document = get_part(context, listeners(), args.text("LISTENER"), "/stats", "stats");
  if (!document) return pass_on(document.error());
  return print_stats(context, *document);
}

}  // namespace

Noun listener_noun() {
  const Option default_pool = {"--default-pool",  "POOL", "pool that gets the connections", Kind::kReference,
                               "default_pool_id", "pool"};
  const std::vector<Option> create_options = {{"--name", "NAME", "the same as NAME", Kind::kText, "name"},
                                              {.names = "--lb,--loadbalancer",
                                               .placeholder = "LB",
                                               .help = "load balancer it belongs to",
                                               .kind = Kind::kReference,
                                               .field = "loadbalancer_id",
                                               .noun = "loadbalancer",
                                               .required = true},
                                              {.names = "--protocol",
                                               .placeholder = "PROTOCOL",
                                               .help = "protocol of the clients",
                                               .kind = Kind::kUpper,
                                               .field = "protocol",
                                               .choices = {"TCP", "UDP"},
                                               .required = true},
                                              {.names = "--port,--protocol-port",
                                               .placeholder = "PORT",
                                               .help = "port of the virtual address, 1 to 65535",
                                               .kind = Kind::kInteger,
                                               .field = "protocol_port",
                                               .required = true},
                                              default_pool};
  const std::vector<Option> policies = {
      {"--connection-limit", "N", "connections open at a time, 1 to 2147483647; -1: any number (the default)",
       Kind::kInteger, "connection_limit"},
      {.names = "--allowed-cidr",
       .placeholder = "CIDR",
       .help = "a block that may connect; several make the list (at most 300), a single empty one lets everybody in",
       .field = "allowed_cidrs",
       .repeated = true},
      {.names = "--toa",
       .help = "tell members the client's address in a TCP option",
       .kind = Kind::kFlag,
       .field = "toa",
       .constant = true}};
  Positional several = kListener;
  several.repeated = true;
  return {
      .name = "listener",
      .aliases = {"listeners"},
      .summary = "listeners: a protocol and port of a load balancer",
      .commands = {
          {.verb = "create",
           .aliases = {"add"},
           .summary = "make a listener on a load balancer",
           .positionals = {{"NAME", "name of the new listener", "", "name", false}},
           .options = joined(joined(create_options, policies), joined(common_options(false), {wait_option()})),
           .examples = {{"TCP on port 80", "elbctl listener create web-80 --lb web --protocol TCP --port 80 --wait"},
                        {"UDP, with a pool that exists already",
                         "elbctl listener create dns --lb web --protocol UDP --port 53 --default-pool resolvers"}},
           .run = create},
          {.verb = "list",
           .aliases = {"ls"},
           .summary = "list listeners",
           .options = joined({{.names = "--lb,--loadbalancer",
                               .placeholder = "LB",
                               .help = "only those of this load balancer",
                               .noun = "loadbalancer"}},
                             list_options()),
           .examples = {{"of one load balancer", "elbctl listener list --lb web"}},
           .run = list},
          {.verb = "show",
           .aliases = {"get", "describe"},
           .summary = "show one listener",
           .positionals = {kListener},
           .examples = {{"", "elbctl listener show web-80"}},
           .run = show},
          {.verb = "set",
           .aliases = {"update", "edit"},
           .summary = "change a listener",
           .positionals = {kListener},
           .options = joined(joined({default_pool,
                                     {.names = "--no-default-pool",
                                      .help = "no pool: new connections are refused",
                                      .kind = Kind::kFlag,
                                      .field = "default_pool_id",
                                      .constant = {}}},
                                    policies),
                             joined({{.names = "--no-toa",
                                      .help = "do not tell members the client's address (the default)",
                                      .kind = Kind::kFlag,
                                      .field = "toa",
                                      .constant = false}},
                                    joined(common_options(true), {wait_option()}))),
           .examples = {{"let only these clients in",
                         "elbctl listener set web-80 --allowed-cidr 10.0.0.0/8 --allowed-cidr 192.0.2.7/32"},
                        {"hand new connections to another pool", "elbctl listener set web-80 --default-pool green"}},
           .run = set},
          {.verb = "delete",
           .aliases = {"rm", "remove"},
           .summary = "delete listeners",
           .positionals = {several},
           .options = delete_options(),
           .examples = {{"", "elbctl listener delete web-80 --wait"}},
           .run = remove},
          {.verb = "stats",
           .summary = "show the counters of one listener",
           .positionals = {kListener},
           .examples = {{"", "elbctl listener stats web-80"}},
           .run = stats},
      }};
}

}  // namespace elb::cli
