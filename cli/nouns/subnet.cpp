// SPDX-License-Identifier: Apache-2.0
// elbctl subnet list
#include "cli/crud.h"
#include "cli/nouns/all.h"

namespace elb::cli {
namespace {

Done list(Context& context, const Command&, const Args& args) { return list_objects(context, subnets(), args); }

Done show(Context& context, const Command&, const Args& args) {
  return show_object(context, subnets(), args.text("SUBNET"));
}

}  // namespace

Noun subnet_noun() {
  return {.name = "subnet",
          .aliases = {"subnets"},
          .summary = "subnets: the networks the node serves (set in the agent's configuration)",
          .commands = {{.verb = "list",
                        .aliases = {"ls"},
                        .summary = "list the subnets of the node",
                        .options = {{"--name", "NAME", "only those with exactly this name"}},
                        .examples = {{"", "elbctl subnet list"}},
                        .run = list},
                       {.verb = "show",
                        .aliases = {"get", "describe"},
                        .summary = "show one subnet",
                        .positionals = {{"SUBNET", "name or id of the subnet", "subnet"}},
                        .examples = {{"", "elbctl subnet show front"}},
                        .run = show}}};
}

}  // namespace elb::cli
