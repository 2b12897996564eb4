// SPDX-License-Identifier: Apache-2.0
// elbctl eip ...
#include <fmt/core.h>

#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"
#include "cli/text.h"
#include "cli/wait.h"

namespace elb::cli {
namespace {

using codec::Value;

const Positional kEip = {"EIP", "address, name or id of the EIP", "eip"};

Done create(Context& context, const Command& command, const Args& args) {
  auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  return create_object(context, eips(), *std::move(fields), args);
}

Done list(Context& context, const Command&, const Args& args) {
  Query filters;
  if (const auto name = args.get("lb")) {
    const auto id = find_id(context, load_balancers(), *name);
    if (!id) return pass_on(id.error());
    filters.emplace_back("loadbalancer_id", *id);
  }
  return list_objects(context, eips(), args, std::move(filters));
}

Done show(Context& context, const Command&, const Args& args) {
  return show_object(context, eips(), args.text("EIP"), args);
}

Done set(Context& context, const Command& command, const Args& args) {
  if (args.has("bandwidth") && args.has("no-bandwidth")) {
    return usage_error("--bandwidth and --no-bandwidth exclude each other");
  }
  const auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  return set_object(context, eips(), args.text("EIP"), *fields, args);
}

/// `lb` is null to unbind; `owner` is whose traffic it changes.
Done set_owner(Context& context, const Value& eip, const Value& lb, const std::string& owner, const Args& args) {
  Value fields = Value::object();
  Value body = Value::object();
  body.set("eip", fields.set("loadbalancer_id", lb));
  const auto document = context.api.put(eips().path_of(eip.get("id").text()), body);
  if (!document) return pass_on(document.error());
  if (args.has("wait") && !owner.empty()) {
    if (const Done done = wait_active(context, owner); !done) return done;
  }
  context.say(fmt::format("EIP {} {}", harmless(eip.get("address").text()), lb.is_null() ? "unbound" : "bound"));
  return {};
}

Done bind(Context& context, const Command&, const Args& args) {
  const auto eip = find_object(context, eips(), args.text("EIP"));
  if (!eip) return pass_on(eip.error());
  const auto lb = find_id(context, load_balancers(), args.text("LB"));
  if (!lb) return pass_on(lb.error());
  return set_owner(context, *eip, *lb, *lb, args);
}

Done unbind(Context& context, const Command&, const Args& args) {
  const auto eip = find_object(context, eips(), args.text("EIP"));
  if (!eip) return pass_on(eip.error());
  const std::string owner = eip->get("loadbalancer_id").text();
  if (owner.empty()) {
    context.say(fmt::format("EIP {} is not bound", harmless(eip->get("address").text())));
    return {};
  }
  return set_owner(context, *eip, {}, owner, args);
}

Done remove(Context& context, const Command&, const Args& args) {
  Done done = delete_objects(context, eips(), args.all("EIP"), args);
  if (!done && done.error().exit == Exit::kConflict) done.error().hint = "first: elbctl eip unbind EIP";
  return done;
}

std::vector<Option> own_options() {
  return {{"--bandwidth", "MBIT", "limit of each direction in Mbit/s, 1 to 400000", Kind::kInteger, "bandwidth"},
          {"--bandwidth-name", "NAME", "a name for the bandwidth", Kind::kText, "bandwidth_name"},
          {"--description", "TEXT", "free text for people", Kind::kText, "description"},
          {.names = "--tag",
           .placeholder = "TAG",
           .help = "a tag; several make the list, a single empty one clears it",
           .field = "tags",
           .repeated = true}};
}

}  // namespace

Noun eip_noun() {
  Positional several = kEip;
  several.repeated = true;
  const Positional lb = {"LB", "name or id of the load balancer", "loadbalancer"};
  const Option if_exists = delete_options().front();
  return {.name = "eip",
          .aliases = {"eips", "floatingip"},
          .summary = "EIPs: public addresses that load balancers serve beside their VIP",
          .commands = {
              {.verb = "create",
               .aliases = {"add", "allocate"},
               .summary = "make an EIP",
               .positionals = {{"NAME", "name of the new EIP", "", "name", false}},
               .options = joined({{"--address", "ADDRESS",
                                   "the address; without it one is taken from the node's pool (elb-agent --eip-pool)",
                                   Kind::kText, "address"},
                                  {"--lb,--loadbalancer", "LB", "bind it to this load balancer", Kind::kReference,
                                   "loadbalancer_id", "loadbalancer"},
                                  {.names = "--type",
                                   .placeholder = "TYPE",
                                   .help = "label of the link (default 5_bgp)",
                                   .field = "type",
                                   .choices = {"5_bgp", "5_sbgp"}}},
                                 own_options()),
               .examples = {{"any free one, with 10 Mbit/s, for a load balancer",
                             "elbctl eip create --lb web --bandwidth 10"},
                            {"a given one", "elbctl eip create shop --address 203.0.113.10"}},
               .run = create},
              {.verb = "list",
               .aliases = {"ls"},
               .summary = "list EIPs",
               .options = joined({{.names = "--lb,--loadbalancer",
                                   .placeholder = "LB",
                                   .help = "only that of this load balancer",
                                   .noun = "loadbalancer"}},
                                 list_options()),
               .examples = {{"those that nobody uses", "elbctl eip list --filter operating_status=OFFLINE"}},
               .run = list},
              {.verb = "show",
               .aliases = {"get", "describe"},
               .summary = "show one EIP",
               .positionals = {kEip},
               .options = {watch_option()},
               .examples = {{"", "elbctl eip show 203.0.113.10"}},
               .run = show},
              {.verb = "bind",
               .aliases = {"associate"},
               .summary = "let a load balancer serve an EIP",
               .description = "A load balancer has one EIP at most, and an EIP one load balancer.",
               .positionals = {kEip, lb},
               .options = {wait_option()},
               .examples = {{"", "elbctl eip bind 203.0.113.10 web --wait"}},
               .run = bind},
              {.verb = "unbind",
               .aliases = {"disassociate"},
               .summary = "take an EIP off its load balancer, which goes on serving its VIP",
               .positionals = {kEip},
               .options = {wait_option()},
               .examples = {{"", "elbctl eip unbind 203.0.113.10"}},
               .run = unbind},
              {.verb = "set",
               .aliases = {"update", "edit"},
               .summary = "change an EIP; a new bandwidth breaks no connection",
               .positionals = {kEip},
               .options = joined({{"--name", "NAME", "the new name", Kind::kText, "name"},
                                  {.names = "--no-bandwidth",
                                   .help = "without a limit",
                                   .kind = Kind::kFlag,
                                   .field = "bandwidth",
                                   .constant = {}}},
                                 own_options()),
               .examples = {{"", "elbctl eip set 203.0.113.10 --bandwidth 100"}},
               .run = set},
              {.verb = "delete",
               .aliases = {"rm", "remove", "release"},
               .summary = "delete EIPs that are not bound",
               .positionals = {several},
               .options = {if_exists},
               .examples = {{"", "elbctl eip unbind 203.0.113.10 && elbctl eip delete 203.0.113.10"}},
               .run = remove},
          }};
}

}  // namespace elb::cli
