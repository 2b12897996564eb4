// SPDX-License-Identifier: Apache-2.0
#include "cli/nouns/member_batch.h"

#include <fmt/core.h>

#include "cli/crud.h"
#include "cli/member_spec.h"
#include "cli/resolve.h"
#include "cli/wait.h"

namespace elb::cli {
namespace {

using codec::Value;

Outcome<Value> wanted_members(Context& context, const Args& args) {
  Value members = Value::array();
  if (const auto name = args.get("file")) {
    const auto content = read_file(context, *name);
    if (!content) return pass_on(content.error());
    auto read = parse_member_file(*content);
    if (!read) return pass_on(read.error());
    members = *std::move(read);
  }
  for (const std::string& spec : args.all("member")) {
    auto member = parse_member_spec(spec);
    if (!member) return pass_on(member.error());
    members.push(*std::move(member));
  }
  if (members.size() == 0 && !args.has("empty")) {
    return usage_error("no member was given", "to remove all members say --empty");
  }
  if (members.size() > 0 && args.has("empty")) return usage_error("--empty excludes --member and --file");
  return members;
}

Done batch(Context& context, const Command&, const Args& args) {
  const auto members = wanted_members(context, args);
  if (!members) return pass_on(members.error());
  const auto pool = find_object(context, pools(), args.text("POOL"));
  if (!pool) return pass_on(pool.error());
  const Resource resource = members_of(pool->get("id").text());
  Value body = Value::object();
  body.set("members", *members);
  const Query query = args.has("additive") ? Query{{"additive_only", "true"}} : Query{};
  if (const auto done = context.api.put(resource.path, body, query); !done) return pass_on(done.error());
  if (args.has("wait")) {
    const auto owner = load_balancer_of(context, *pool);
    if (!owner) return pass_on(owner.error());
    if (const Done done = wait_active(context, *owner); !done) return done;
  }
  return list_objects(context, resource, Args());
}

}  // namespace

Command member_batch_command() {
  return {.verb = "batch",
          .aliases = {"replace"},
          .summary = "set all members of a pool at once",
          .description =
              "The pool then has exactly the given members: those that are missing are added, those that "
              "exist are changed, all others are removed, in one transaction or not at all. Then the "
              "members are listed.",
          .positionals = {{"POOL", "name or id of the pool", "pool"}},
          .options = {{.names = "--member,-m",
                       .placeholder = "ADDRESS:PORT[,KEY=VALUE...]",
                       .help = "a member; keys are weight, name, az, subnet (an id) and state (up or down)",
                       .repeated = true},
                      {"--file,-f", "FILE",
                       "members as JSON, as the API lists them, or one short form a line; - is standard input"},
                      {"--additive", "", "remove nothing", Kind::kFlag},
                      {"--empty", "", "remove all members", Kind::kFlag},
                      wait_option()},
          .examples = {{"three members, one of them with a third of the share",
                        "elbctl member batch web-pool -m 10.1.0.1:80,weight=3,az=az1 -m 10.1.0.2:80,weight=3,az=az2 "
                        "-m 10.1.0.3:80"},
                       {"from a list in a file", "elbctl member replace web-pool -f members.txt --wait"}},
          .run = batch};
}

}  // namespace elb::cli
