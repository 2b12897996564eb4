// SPDX-License-Identifier: Apache-2.0
// elbctl context ...: named ways to reach an agent.
#include <fmt/core.h>

#include "cli/contexts.h"
#include "cli/crud.h"
#include "cli/nouns/access.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

tl::unexpected<Failure> unknown(const std::string& name) {
  return give_up(Exit::kNotFound, fmt::format("context '{}' does not exist", harmless(name)),
                 "see: elbctl context list");
}

Done set(Context& context, const Command&, const Args& args) {
  const std::string path = contexts_path(context.env.variable);
  auto contexts = load_contexts(path);
  if (!contexts) return pass_on(contexts.error());
  NamedContext& one = contexts->all[args.text("NAME")];
  if (const auto value = args.get("endpoint")) one.endpoint = *value;
  if (const auto value = args.get("token-file")) one.token_file = *value;
  if (const auto value = args.get("project")) one.project = *value;
  if (const auto value = args.get("ca-file")) one.ca_file = *value;
  if (contexts->current.empty()) contexts->current = args.text("NAME");
  return save_contexts(path, *contexts);
}

Done use(Context& context, const Command&, const Args& args) {
  const std::string path = contexts_path(context.env.variable);
  auto contexts = load_contexts(path);
  if (!contexts) return pass_on(contexts.error());
  if (!contexts->all.contains(args.text("NAME"))) return unknown(args.text("NAME"));
  contexts->current = args.text("NAME");
  return save_contexts(path, *contexts);
}

Done list(Context& context, const Command&, const Args&) {
  const auto contexts = load_contexts(contexts_path(context.env.variable));
  if (!contexts) return pass_on(contexts.error());
  std::vector<Value> items;
  for (const auto& [name, one] : contexts->all) {
    Value item = Value::object();
    item.set("name", name).set("current", name == contexts->current).set("endpoint", one.endpoint);
    item.set("project", one.project).set("token_file", one.token_file).set("ca_file", one.ca_file);
    items.push_back(std::move(item));
  }
  static const std::vector<Column> kColumns = {
      {"CURRENT", "current", false, [](const Value& item) { return item.get("current").as_bool() ? "*" : ""; }},
      {"NAME", "name"},
      {"ENDPOINT", "endpoint"},
      {"PROJECT", "project"},
      {"TOKEN FILE", "token_file"},
      {"CA FILE", "ca_file"}};
  context.out() << render_list(context.format, kColumns, items);
  return {};
}

Done remove(Context& context, const Command&, const Args& args) {
  const std::string path = contexts_path(context.env.variable);
  auto contexts = load_contexts(path);
  if (!contexts) return pass_on(contexts.error());
  if (contexts->all.erase(args.text("NAME")) == 0) return unknown(args.text("NAME"));
  if (contexts->current == args.text("NAME")) contexts->current.clear();
  return save_contexts(path, *contexts);
}

}  // namespace

Noun context_noun() {
  const Positional name = {"NAME", "name of the context"};
  return {.name = "context",
          .aliases = {"contexts"},
          .summary = "contexts: named ways to reach an agent, kept in a file of yours",
          .commands = {{.verb = "set",
                        .aliases = {"create", "add"},
                        .summary = "make or change a context from the options of every command",
                        .description = "Takes --endpoint, --token-file, --project and --ca-file as given. The first "
                                       "context becomes the current one. The file is ~/.config/elb/contexts.json "
                                       "(ELB_CONTEXTS), mode 0600.",
                        .positionals = {name},
                        .examples = {{"",
                                      "elbctl context set far --endpoint https://lb1:9877 --ca-file lb1.pem "
                                      "--token-file ci.token --project shop"}},
                        .run = set},
                       {.verb = "use",
                        .summary = "make a context the current one",
                        .positionals = {name},
                        .examples = {{"", "elbctl context use far"}},
                        .run = use},
                       {.verb = "list",
                        .aliases = {"ls"},
                        .summary = "list contexts",
                        .examples = {{"", "elbctl context list"}},
                        .run = list},
                       {.verb = "delete",
                        .aliases = {"rm"},
                        .summary = "delete a context",
                        .positionals = {name},
                        .examples = {{"", "elbctl context delete far"}},
                        .run = remove}}};
}

}  // namespace elb::cli
