// SPDX-License-Identifier: Apache-2.0
// elbctl member ...; the batch is in member_batch.cpp.
#include <fmt/core.h>

#include "cli/crud.h"
#include "cli/member_spec.h"
#include "cli/nouns/member_batch.h"
#include "cli/resolve.h"
#include "cli/text.h"
#include "cli/wait.h"

namespace elb::cli {
namespace {

using codec::Value;

const Positional kPool = {"POOL", "name or id of the pool", "pool"};
const Positional kMember = {"MEMBER", "name, id or ADDRESS:PORT of the member", "member"};

Outcome<Resource> members(Context& context, const Args& args) {
  const auto pool = find_id(context, pools(), args.text("POOL"));
  if (!pool) return pass_on(pool.error());
  return members_of(*pool);
}

Done create(Context& context, const Command& command, const Args& args) {
  auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  if (const auto text = args.get("ADDRESS:PORT")) {
    const auto endpoint = parse_member_address(*text);
    if (!endpoint) {
      return usage_error(fmt::format("'{}' is not ADDRESS:PORT", harmless(*text)), "write it as 10.1.0.1:80");
    }
    fields->set("address", endpoint->address.to_string());
    fields->set("protocol_port", static_cast<int>(endpoint->port));
  }
  if (!fields->has("address") || !fields->has("protocol_port")) {
    return usage_error("ADDRESS:PORT is missing", "see: elbctl member add --help");
  }
  const auto resource = members(context, args);
  if (!resource) return pass_on(resource.error());
  return create_object(context, *resource, *std::move(fields), args);
}

Done list(Context& context, const Command&, const Args& args) {
  const auto resource = members(context, args);
  if (!resource) return pass_on(resource.error());
  return list_objects(context, *resource, args);
}

Done show(Context& context, const Command&, const Args& args) {
  const auto resource = members(context, args);
  if (!resource) return pass_on(resource.error());
  return show_object(context, *resource, args.text("MEMBER"), args);
}

Done set(Context& context, const Command& command, const Args& args) {
  const auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  const auto resource = members(context, args);
  if (!resource) return pass_on(resource.error());
  return set_object(context, *resource, args.text("MEMBER"), *fields, args);
}

Done remove(Context& context, const Command&, const Args& args) {
  const auto resource = members(context, args);
  if (!resource) return pass_on(resource.error());
  return delete_objects(context, *resource, args.all("MEMBER"), args);
}

// Closed flows stay in the table for a while and keep nobody waiting.
constexpr const char* kOpen = "opening,established,closing";

/// Weight 0: no new connections, open ones go on. With --wait until the last of them has ended.
Done drain(Context& context, const Command&, const Args& args) {
  const auto resource = members(context, args);
  if (!resource) return pass_on(resource.error());
  const auto object = find_object(context, *resource, args.text("MEMBER"));
  if (!object) return pass_on(object.error());
  const std::string id = object->get("id").text();
  Value body = Value::object();
  body.set("member", Value::object().set("weight", 0));
  const auto changed = context.api.put(resource->path_of(id), body);
  if (!changed) return pass_on(changed.error());
  if (args.has("wait")) {
    int64_t open = 0;
    const auto idle = [&]() -> Outcome<bool> {
      const auto flows = context.api.get("/v1/flows", {{"member_id", id}, {"state", kOpen}, {"limit", "1"}});
      if (!flows) return pass_on(flows.error());
      open = flows->get("matched").as_int();
      return open == 0;
    };
    Done done = poll_until(context, "the member was not idle", idle);
    if (!done && done.error().exit == Exit::kTimeout && done.error().http_status == 0 && open > 0) {
      done.error().message += fmt::format("; connections still open: {}", open);
      done.error().hint = "it gets no new ones; see: elbctl flows --member-id " + id;
    }
    if (!done) return done;
  }
  context.out() << render_object(context.format, resource->columns, changed->get("member"));
  return {};
}

std::vector<Option> member_options() {
  return {{"--weight", "N", "share of the connections, 0 to 100; 0 drains (default 1)", Kind::kInteger, "weight"},
          {"--az,--availability-zone", "ZONE", "availability zone it stands in", Kind::kText, "availability_zone"},
          {.names = "--backup",
           .help = "give it connections only while no other member can take them",
           .kind = Kind::kFlag,
           .field = "backup",
           .constant = true},
          {.names = "--no-backup",
           .help = "let it serve as the others do",
           .kind = Kind::kFlag,
           .field = "backup",
           .constant = false},
          {"--monitor-address", "ADDRESS", "check this address instead of the member's own", Kind::kText,
           "monitor_address"},
          {"--monitor-port", "PORT", "check this port instead of the monitor's or the member's own", Kind::kInteger,
           "monitor_port"}};
}

/// Members have no description.
std::vector<Option> states(bool with_name) {
  std::vector<Option> options;
  for (Option& option : common_options(with_name)) {
    if (option.field != "description") options.push_back(std::move(option));
  }
  return options;
}

}  // namespace

Noun member_noun() {
  Positional several = kMember;
  several.repeated = true;
  const std::vector<Option> create_options = {
      {"--name", "NAME", "name of the member", Kind::kText, "name"},
      {"--address", "ADDRESS", "instead of ADDRESS:PORT, with --port", Kind::kText, "address"},
      {"--port,--protocol-port", "PORT", "instead of ADDRESS:PORT, with --address", Kind::kInteger, "protocol_port"},
      {"--subnet,--subnet-id", "SUBNET", "subnet of the member", Kind::kReference, "subnet_id", "subnet"}};
  return {
      .name = "member",
      .aliases = {"members"},
      .summary = "members: the servers of a pool",
      .commands = {
          {.verb = "add",
           .aliases = {"create"},
           .summary = "add one member to a pool",
           .positionals = {kPool, {"ADDRESS:PORT", "where the member listens, for example 10.1.0.1:80", "", "", false}},
           .options = joined(joined(create_options, member_options()), joined(states(false), {wait_option()})),
           .examples = {{"with twice the share of the others",
                         "elbctl member add web-pool 10.1.0.1:80 --weight 2 --az az1 --name web-1"}},
           .run = create},
          {.verb = "list",
           .aliases = {"ls"},
           .summary = "list the members of a pool",
           .positionals = {kPool},
           .options = list_options(),
           .examples = {{"with the reasons of their status", "elbctl member list web-pool -o wide"}},
           .run = list},
          {.verb = "show",
           .aliases = {"get", "describe"},
           .summary = "show one member",
           .positionals = {kPool, kMember},
           .options = {watch_option()},
           .examples = {{"by its address", "elbctl member show web-pool 10.1.0.1:80"}},
           .run = show},
          {.verb = "set",
           .aliases = {"update", "edit"},
           .summary = "change a member",
           .positionals = {kPool, kMember},
           .options = joined(member_options(), joined(states(true), {wait_option()})),
           .examples = {{"change its share under load", "elbctl member set web-pool web-1 --weight 20"}},
           .run = set},
          {.verb = "remove",
           .aliases = {"delete", "rm"},
           .summary = "remove members from a pool",
           .description = "Connections to a removed member end. `elbctl member drain` first lets them finish.",
           .positionals = {kPool, several},
           .options = delete_options(),
           .examples = {{"two of them", "elbctl member remove web-pool web-1 10.1.0.2:80"}},
           .run = remove},
          {.verb = "drain",
           .summary = "give a member no new connections (weight 0)",
           .positionals = {kPool, kMember},
           .options = {{"--wait,-w", "", "return when its last connection has ended (at most --timeout)", Kind::kFlag}},
           .examples = {{"before maintenance", "elbctl member drain web-pool web-1 --wait --timeout 300"}},
           .run = drain},
          member_batch_command(),
      }};
}

}  // namespace elb::cli
