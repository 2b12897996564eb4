// SPDX-License-Identifier: Apache-2.0
// elbctl quota ...
#include <fmt/core.h>

#include "cli/crud.h"
#include "cli/nouns/access.h"
#include "cli/url.h"

namespace elb::cli {
namespace {

using codec::Value;

std::string path_of(std::string_view project) { return "/v2.0/lbaas/quotas/" + percent_encode(project); }

Done print(Context& context, const Value& document) {
  Value quota = Value::object();  // without the old spellings
  const Value all = document.get("quota");
  for (const std::string& key : all.keys())
    if (key.find('_') == std::string::npos) quota.set(key, all.get(key));
  context.out() << render_object(context.format, {}, quota);
  return {};
}

Done show(Context& context, const Command&, const Args& args) {
  const std::string project = args.text("PROJECT");
  const auto document = context.api.get(path_of(project.empty() ? "defaults" : project));
  if (!document) return pass_on(document.error());
  return print(context, *document);
}

Done set(Context& context, const Command& command, const Args& args) {
  const auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  if (fields->size() == 0) return usage_error("nothing to change was given", "see: elbctl quota set --help");
  const auto document = context.api.put(path_of(args.text("PROJECT")), Value().set("quota", *fields));
  if (!document) return pass_on(document.error());
  return print(context, *document);
}

Done reset(Context& context, const Command&, const Args& args) {
  if (const Done done = context.api.remove(path_of(args.text("PROJECT"))); !done) return done;
  context.say("the defaults hold again");
  return {};
}

}  // namespace

Noun quota_noun() {
  const Positional project = {"PROJECT", "id of the project; none for objects without one"};
  Positional optional = project;
  optional.help += "; without it the defaults";
  optional.required = false;
  std::vector<Option> numbers;
  for (const char* name :
       {"loadbalancer", "listener", "pool", "member", "healthmonitor", "l7policy", "l7rule", "certificate", "eip"})
    numbers.push_back({fmt::format("--{}", name), "NUMBER", fmt::format("how many {}s, -1 for any number", name),
                       Kind::kInteger, name});
  return {.name = "quota",
          .aliases = {"quotas"},
          .summary = "quotas: how many objects a project may have",
          .commands = {{.verb = "show",
                        .aliases = {"get"},
                        .summary = "show the quotas of a project",
                        .positionals = {optional},
                        .examples = {{"", "elbctl quota show shop"}},
                        .run = show},
                       {.verb = "set",
                        .summary = "change quotas of a project",
                        .description = "What is there already stays when a quota is lowered.",
                        .positionals = {project},
                        .options = numbers,
                        .examples = {{"", "elbctl quota set shop --loadbalancer 80 --listener -1"}},
                        .run = set},
                       {.verb = "reset",
                        .aliases = {"delete"},
                        .summary = "give a project the default quotas again",
                        .positionals = {project},
                        .examples = {{"", "elbctl quota reset shop"}},
                        .run = reset}}};
}

}  // namespace elb::cli
