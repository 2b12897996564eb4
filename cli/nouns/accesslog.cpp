// SPDX-License-Identifier: Apache-2.0
// elbctl accesslog ...: a load balancer has one at most, so the load balancer is what people name.
#include <fmt/core.h>

#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

const Positional kLoadBalancer = {"LB", "name or id of the load balancer", "loadbalancer"};

Outcome<Value> find_log(Context& context, const std::string& name) {
  const auto id = find_id(context, load_balancers(), name);
  if (!id) return pass_on(id.error());
  const auto found = context.api.list(logtanks().path, logtanks().plural, {{"loadbalancer_id", *id}});
  if (!found) return pass_on(found.error());
  if (!found->empty()) return found->front();
  return give_up(Exit::kNotFound, fmt::format("load balancer {} has no access log", harmless(name)),
                 "see: elbctl accesslog enable --help");
}

Done enable(Context& context, const Command&, const Args& args) {
  const auto id = find_id(context, load_balancers(), args.text("LB"));
  if (!id) return pass_on(id.error());
  Value fields = Value::object();
  fields.set("loadbalancer_id", *id).set("log_group_id", args.get("group").value_or("elb"));
  fields.set("log_topic_id", args.get("stream").value_or(*id));
  return create_object(context, logtanks(), std::move(fields), args);
}

Done disable(Context& context, const Command&, const Args& args) {
  const auto found = find_log(context, args.text("LB"));
  if (!found) return pass_on(found.error());
  if (const Done done = context.api.remove(logtanks().path_of(found->get("id").text())); !done) return done;
  context.say(fmt::format("access log of {} is off; its lines stay", harmless(args.text("LB"))));
  return {};
}

Done list(Context& context, const Command&, const Args& args) { return list_objects(context, logtanks(), args); }

Done show(Context& context, const Command&, const Args& args) {
  const auto found = find_log(context, args.text("LB"));
  if (!found) return pass_on(found.error());
  context.out() << render_object(context.format, logtanks().columns, *found);
  return {};
}

}  // namespace

Noun accesslog_noun() {
  return {
      .name = "accesslog",
      .aliases = {"accesslogs", "logtank"},
      .summary = "access logs: switch them on and off for a load balancer; elbctl logs shows the lines",
      .commands = {
          {.verb = "enable",
           .aliases = {"create", "add"},
           .summary = "log the requests of a load balancer's HTTP and HTTPS listeners",
           .description = "Needs a node whose elb-agent was told where logs go (--access-log-directory, "
                          "--access-log-syslog, --access-log-otlp). In a directory the stream is the file "
                          "GROUP/STREAM.log.",
           .positionals = {kLoadBalancer},
           .options = {{"--group", "GROUP", "group of streams (default elb)"},
                       {"--stream", "STREAM", "the stream (default the id of the load balancer)"}},
           .examples = {{"", "elbctl accesslog enable web"},
                        {"two load balancers into one file", "elbctl accesslog enable web2 --group shop --stream all"}},
           .run = enable},
          {.verb = "disable",
           .aliases = {"delete", "rm", "remove"},
           .summary = "log no more of it",
           .positionals = {kLoadBalancer},
           .examples = {{"", "elbctl accesslog disable web"}},
           .run = disable},
          {.verb = "list",
           .aliases = {"ls"},
           .summary = "list what is logged, and where",
           .options = list_options(false),
           .examples = {{"", "elbctl accesslog list"}},
           .run = list},
          {.verb = "show",
           .aliases = {"get", "describe"},
           .summary = "show where a load balancer's log goes",
           .positionals = {kLoadBalancer},
           .examples = {{"", "elbctl accesslog show web"}},
           .run = show},
      }};
}

}  // namespace elb::cli
