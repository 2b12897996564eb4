// SPDX-License-Identifier: Apache-2.0
// elbctl whitelist ...: a listener has one at most, so the listener is what people name.
#include <fmt/core.h>

#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"
#include "cli/text.h"
#include "cli/wait.h"

namespace elb::cli {
namespace {

using codec::Value;

const Positional kListener = {"LISTENER", "name or id of the listener", "listener"};

/// The whitelist of the listener that was named.
Outcome<Value> find_whitelist(Context& context, const std::string& listener) {
  const auto id = find_id(context, listeners(), listener);
  if (!id) return pass_on(id.error());
  const auto found = context.api.list(whitelists().path, whitelists().plural, {{"listener_id", *id}});
  if (!found) return pass_on(found.error());
  if (!found->empty()) return found->front();
  return give_up(Exit::kNotFound, fmt::format("listener {} has no whitelist", harmless(listener)),
                 "see: elbctl whitelist create --help");
}

/// The fields of create and set: the entries become one text, as the API has it.
Outcome<Value> fields_of(Context& context, const Command& command, const Args& args) {
  auto given = fields_from(context, command, args);
  if (!given) return pass_on(given.error());
  Value fields = Value::object();
  for (const std::string& key : given->keys()) {
    if (key != "whitelist") {
      fields.set(key, given->get(key));
      continue;
    }
    std::string text;
    const Value entries = given->get(key);
    for (size_t i = 0; i < entries.size(); ++i) text += (i == 0 ? "" : ",") + entries.at(i).text();
    fields.set(key, text);
  }
  return fields;
}

Done create(Context& context, const Command& command, const Args& args) {
  auto fields = fields_of(context, command, args);
  if (!fields) return pass_on(fields.error());
  const auto id = find_id(context, listeners(), args.text("LISTENER"));
  if (!id) return pass_on(id.error());
  fields->set("listener_id", *id);
  return create_object(context, whitelists(), *std::move(fields), args);
}

Done list(Context& context, const Command&, const Args& args) {
  Query filters;
  if (const auto name = args.get("listener")) {
    const auto id = find_id(context, listeners(), *name);
    if (!id) return pass_on(id.error());
    filters.emplace_back("listener_id", *id);
  }
  return list_objects(context, whitelists(), args, std::move(filters));
}

Done show(Context& context, const Command&, const Args& args) {
  const auto found = find_whitelist(context, args.text("LISTENER"));
  if (!found) return pass_on(found.error());
  return show_object(context, whitelists(), found->get("id").text());
}

Done set(Context& context, const Command& command, const Args& args) {
  const auto fields = fields_of(context, command, args);
  if (!fields) return pass_on(fields.error());
  const auto found = find_whitelist(context, args.text("LISTENER"));
  if (!found) return pass_on(found.error());
  return set_object(context, whitelists(), found->get("id").text(), *fields, args);
}

Done remove(Context& context, const Command&, const Args& args) {
  for (const std::string& listener : args.all("LISTENER")) {
    const auto found = find_whitelist(context, listener);
    if (!found && found.error().exit == Exit::kNotFound && args.has("if-exists")) continue;
    if (!found) return pass_on(found.error());
    if (const Done done = context.api.remove(whitelists().path_of(found->get("id").text())); !done) return done;
    if (args.has("wait")) {
      const auto owner = load_balancer_of(context, *found);
      if (!owner) return pass_on(owner.error());
      if (const Done done = wait_active(context, *owner); !done) return done;
    }
    context.say(fmt::format("whitelist of listener {} deleted: everybody may connect", harmless(listener)));
  }
  return {};
}

std::vector<Option> own_options() {
  return {{.names = "--entry,--whitelist",
           .placeholder = "CIDR",
           .help = "an address or block that may connect; several make the list (at most 300), a single empty one "
                   "clears it",
           .field = "whitelist",
           .repeated = true},
          {.names = "--enable",
           .help = "only the entries may connect (the default); without entries nobody",
           .kind = Kind::kFlag,
           .field = "enable_whitelist",
           .constant = true},
          {.names = "--disable",
           .help = "everybody may connect, the entries are kept",
           .kind = Kind::kFlag,
           .field = "enable_whitelist",
           .constant = false},
          wait_option()};
}

}  // namespace

Noun whitelist_noun() {
  Positional several = kListener;
  several.repeated = true;
  return {.name = "whitelist",
          .aliases = {"whitelists"},
          .summary = "whitelists: which clients may connect to a listener",
          .commands = {
              {.verb = "create",
               .aliases = {"add"},
               .summary = "give a listener a whitelist",
               .description =
                   "The same as allowed_cidrs of the listener, with a switch: elbctl listener set --allowed-cidr.",
               .positionals = {kListener},
               .options = own_options(),
               .examples = {{"", "elbctl whitelist create web-80 --entry 10.0.0.0/8 --entry 192.0.2.7"},
                            {"nobody for now", "elbctl whitelist create web-80 --wait"}},
               .run = create},
              {.verb = "list",
               .aliases = {"ls"},
               .summary = "list whitelists",
               .options = {{.names = "--listener",
                            .placeholder = "LISTENER",
                            .help = "only that of this listener",
                            .noun = "listener"},
                           {.names = "--filter",
                            .placeholder = "FIELD=VALUE",
                            .help = "only those whose field has this value; several must all hold",
                            .repeated = true}},
               .examples = {{"those that are switched off", "elbctl whitelist list --filter enable_whitelist=false"}},
               .run = list},
              {.verb = "show",
               .aliases = {"get", "describe"},
               .summary = "show the whitelist of a listener",
               .positionals = {kListener},
               .examples = {{"", "elbctl whitelist show web-80"}},
               .run = show},
              {.verb = "set",
               .aliases = {"update", "edit"},
               .summary = "change the whitelist of a listener",
               .positionals = {kListener},
               .options = own_options(),
               .examples = {{"let everybody in for a while",
                             "elbctl whitelist set web-80 --disable; elbctl whitelist set web-80 --enable"}},
               .run = set},
              {.verb = "delete",
               .aliases = {"rm", "remove"},
               .summary = "take the whitelists off listeners: everybody may connect",
               .positionals = {several},
               .options = delete_options(),
               .examples = {{"", "elbctl whitelist delete web-80"}},
               .run = remove},
          }};
}

}  // namespace elb::cli
