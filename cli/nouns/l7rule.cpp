// SPDX-License-Identifier: Apache-2.0
// elbctl l7rule ...: rules live under their policy, as members do under their pool.
#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"

namespace elb::cli {
namespace {

const Positional kPolicy = {"POLICY", "name or id of the l7policy", "l7policy"};
const Positional kRule = {"RULE", "id or name of the rule"};

Outcome<Resource> rules(Context& context, const Args& args) {
  const auto policy = find_id(context, l7policies(), args.text("POLICY"));
  if (!policy) return pass_on(policy.error());
  return rules_of(*policy);
}

Done create(Context& context, const Command& command, const Args& args) {
  auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  const auto resource = rules(context, args);
  if (!resource) return pass_on(resource.error());
  return create_object(context, *resource, *std::move(fields), args);
}

Done list(Context& context, const Command&, const Args& args) {
  const auto resource = rules(context, args);
  if (!resource) return pass_on(resource.error());
  return list_objects(context, *resource, args);
}

Done show(Context& context, const Command&, const Args& args) {
  const auto resource = rules(context, args);
  if (!resource) return pass_on(resource.error());
  return show_object(context, *resource, args.text("RULE"), args);
}

Done set(Context& context, const Command& command, const Args& args) {
  const auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  const auto resource = rules(context, args);
  if (!resource) return pass_on(resource.error());
  return set_object(context, *resource, args.text("RULE"), *fields, args);
}

Done remove(Context& context, const Command&, const Args& args) {
  const auto resource = rules(context, args);
  if (!resource) return pass_on(resource.error());
  return delete_objects(context, *resource, args.all("RULE"), args);
}

std::vector<Option> own_options(bool is_new) {
  return {{.names = "--type",
           .placeholder = "TYPE",
           .help = "what of a request is looked at",
           .kind = Kind::kUpper,
           .field = "type",
           .choices = {"HOST_NAME", "PATH", "FILE_TYPE", "HEADER", "COOKIE"},
           .required = is_new},
          {.names = "--compare,--compare-type",
           .placeholder = "HOW",
           .help = "how it is compared; REGEX has RE2's syntax and must match the whole",
           .kind = Kind::kUpper,
           .field = "compare_type",
           .choices = {"EQUAL_TO", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "REGEX"},
           .required = is_new},
          {.names = "--value",
           .placeholder = "VALUE",
           .help = "what it is compared with",
           .field = "value",
           .required = is_new},
          {"--key", "NAME", "the header or cookie", Kind::kText, "key"},
          {.names = "--invert",
           .help = "the rule holds where the comparison does not",
           .kind = Kind::kFlag,
           .field = "invert",
           .constant = true}};
}

}  // namespace

Noun l7rule_noun() {
  Positional several = kRule;
  several.repeated = true;
  return {.name = "l7rule",
          .aliases = {"l7rules", "rule"},
          .summary = "l7rules: the conditions of a policy, all of which must hold",
          .commands = {
              {.verb = "create",
               .aliases = {"add"},
               .summary = "add a rule to a policy",
               .positionals = {kPolicy},
               .options = joined(own_options(true), joined(common_options(true), {wait_option()})),
               .examples = {{"", "elbctl l7rule create api --type PATH --compare STARTS_WITH --value /api"},
                            {"only with this header",
                             "elbctl l7rule create beta --type HEADER --key X-Beta --compare EQUAL_TO --value 1"}},
               .run = create},
              {.verb = "list",
               .aliases = {"ls"},
               .summary = "list the rules of a policy",
               .positionals = {kPolicy},
               .options = list_options(),
               .examples = {{"", "elbctl l7rule list api"}},
               .run = list},
              {.verb = "show",
               .aliases = {"get", "describe"},
               .summary = "show one rule",
               .positionals = {kPolicy, kRule},
               .options = {watch_option()},
               .examples = {{"", "elbctl l7rule show api 0f3c"}},
               .run = show},
              {.verb = "set",
               .aliases = {"update", "edit"},
               .summary = "change a rule",
               .positionals = {kPolicy, kRule},
               .options = joined(joined(own_options(false), {{.names = "--no-invert",
                                                              .help = "the rule holds where the comparison does",
                                                              .kind = Kind::kFlag,
                                                              .field = "invert",
                                                              .constant = false}}),
                                 joined(common_options(true), {wait_option()})),
               .examples = {{"", "elbctl l7rule set api 0f3c --value /api/v2"}},
               .run = set},
              {.verb = "delete",
               .aliases = {"rm", "remove"},
               .summary = "delete rules",
               .positionals = {kPolicy, several},
               .options = delete_options(),
               .examples = {{"", "elbctl l7rule delete api 0f3c"}},
               .run = remove},
          }};
}

}  // namespace elb::cli
