// SPDX-License-Identifier: Apache-2.0
// elbctl l7policy ...: create takes the usual conditions along, so that a policy is one command.
#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"

namespace elb::cli {
namespace {

using codec::Value;

const Positional kPolicy = {"POLICY", "name or id of the l7policy", "l7policy"};

/// The options of create that are rules of their own.
struct Condition {
  const char* option;
  const char* type;
  const char* compare;
};
constexpr Condition kConditions[] = {{"host", "HOST_NAME", "EQUAL_TO"},
                                     {"path", "PATH", "EQUAL_TO"},
                                     {"path-prefix", "PATH", "STARTS_WITH"},
                                     {"path-regex", "PATH", "REGEX"}};

/// What the target says when the action itself is not given.
void add_action(Value& fields) {
  if (fields.has("action")) return;
  if (fields.has("redirect_pool_id")) fields.set("action", "REDIRECT_TO_POOL");
  if (fields.has("redirect_listener_id")) fields.set("action", "REDIRECT_TO_LISTENER");
  if (fields.has("redirect_url")) fields.set("action", "REDIRECT_TO_URL");
  if (fields.has("redirect_prefix")) fields.set("action", "REDIRECT_PREFIX");
}

Done create(Context& context, const Command& command, const Args& args) {
  auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  add_action(*fields);
  if (!fields->has("action")) {
    return usage_error("one of --pool, --to-listener, --url, --prefix and --action REJECT is required",
                       "see: elbctl l7policy create --help");
  }
  Value rules = Value::array();
  for (const Condition& condition : kConditions) {
    const auto value = args.get(condition.option);
    if (!value) continue;
    Value rule = Value::object();
    rule.set("type", condition.type).set("compare_type", condition.compare).set("value", *value);
    rules.push(std::move(rule));
  }
  if (rules.size() > 0) fields->set("rules", std::move(rules));
  return create_object(context, l7policies(), *std::move(fields), args);
}

Done list(Context& context, const Command&, const Args& args) {
  Query filters;
  if (const auto name = args.get("listener")) {
    const auto id = find_id(context, listeners(), *name);
    if (!id) return pass_on(id.error());
    filters.emplace_back("listener_id", *id);
  }
  return list_objects(context, l7policies(), args, std::move(filters));
}

Done show(Context& context, const Command&, const Args& args) {
  return show_object(context, l7policies(), args.text("POLICY"), args);
}

Done set(Context& context, const Command& command, const Args& args) {
  auto fields = fields_from(context, command, args);
  if (!fields) return pass_on(fields.error());
  add_action(*fields);
  return set_object(context, l7policies(), args.text("POLICY"), *fields, args);
}

Done remove(Context& context, const Command&, const Args& args) {
  return delete_objects(context, l7policies(), args.all("POLICY"), args);
}

std::vector<Option> own_options() {
  return {
      {.names = "--action",
       .placeholder = "ACTION",
       .help = "what happens to the requests (default: what the target given says)",
       .kind = Kind::kUpper,
       .field = "action",
       .choices = {"REDIRECT_TO_POOL", "REDIRECT_TO_LISTENER", "REDIRECT_TO_URL", "REDIRECT_PREFIX", "REJECT"}},
      {"--pool", "POOL", "HTTP pool that gets them", Kind::kReference, "redirect_pool_id", "pool"},
      {"--to-listener", "LISTENER", "HTTPS listener that every request is sent to, with 301", Kind::kReference,
       "redirect_listener_id", "listener"},
      {"--url", "URL", "clients are sent there", Kind::kText, "redirect_url"},
      {"--prefix", "URL", "clients are sent there with their path and query behind it", Kind::kText, "redirect_prefix"},
      {"--code", "STATUS", "of --url and --prefix: 301, 302 (the default), 303, 307 or 308", Kind::kInteger,
       "redirect_http_code"},
      {"--position", "N", "the order in which expressions are tried (default: last)", Kind::kInteger, "position"}};
}

}  // namespace

Noun l7policy_noun() {
  const std::vector<Option> create_options = {
      {"--name", "NAME", "the same as NAME", Kind::kText, "name"},
      {.names = "--listener",
       .placeholder = "LISTENER",
       .help = "HTTP or HTTPS listener whose requests it is for",
       .kind = Kind::kReference,
       .field = "listener_id",
       .noun = "listener",
       .required = true},
      {"--host", "NAME", "only requests for this host"},
      {"--path", "PATH", "only requests for exactly this path"},
      {"--path-prefix", "PATH", "only requests whose path begins so"},
      {"--path-regex", "REGEX", "only requests whose whole path matches (RE2)"}};
  Positional several = kPolicy;
  several.repeated = true;
  return {.name = "l7policy",
          .aliases = {"l7policies", "policy"},
          .summary = "l7policies: which requests of a listener go elsewhere, and redirects",
          .commands = {
              {.verb = "create",
               .aliases = {"add"},
               .summary = "make a policy of a listener",
               .description = "Without a condition a policy matches no request until it gets a rule; a redirect to a "
                              "listener takes them all.",
               .positionals = {{"NAME", "name of the new policy", "", "name", false}},
               .options = joined(joined(create_options, own_options()), joined(common_options(false), {wait_option()})),
               .examples = {{"", "elbctl l7policy create api --listener web-443 --path-prefix /api --pool api"},
                            {"everything to HTTPS",
                             "elbctl l7policy create secure --listener web-80 --to-listener web-443"}},
               .run = create},
              {.verb = "list",
               .aliases = {"ls"},
               .summary = "list policies",
               .options = joined({{.names = "--listener",
                                   .placeholder = "LISTENER",
                                   .help = "only those of this listener",
                                   .noun = "listener"}},
                                 list_options()),
               .examples = {{"of one listener, in order", "elbctl l7policy list --listener web-443 --sort position"}},
               .run = list},
              {.verb = "show",
               .aliases = {"get", "describe"},
               .summary = "show one policy",
               .positionals = {kPolicy},
               .options = {watch_option()},
               .examples = {{"", "elbctl l7policy show api"}},
               .run = show},
              {.verb = "set",
               .aliases = {"update", "edit"},
               .summary = "change a policy",
               .positionals = {kPolicy},
               .options = joined(own_options(), joined(common_options(true), {wait_option()})),
               .examples = {{"to another pool", "elbctl l7policy set api --pool api-v2"}},
               .run = set},
              {.verb = "delete",
               .aliases = {"rm", "remove"},
               .summary = "delete policies with their rules",
               .positionals = {several},
               .options = delete_options(),
               .examples = {{"", "elbctl l7policy delete api"}},
               .run = remove},
          }};
}

}  // namespace elb::cli
