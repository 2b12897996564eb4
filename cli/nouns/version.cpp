// SPDX-License-Identifier: Apache-2.0
// elbctl version
#include "cli/args.h"
#include "cli/context.h"
#include "cli/nouns/all.h"

namespace elb::cli {
namespace {

using codec::Value;

Done run(Context& context, const Command&, const Args& args) {
  Value versions = Value::object();
  versions.set("elbctl", ELB_VERSION);
  Done done;
  if (!args.has("client")) {
    const auto agent = context.api.get("/v1/version");
    if (agent) {
      versions.set("elb-agent", agent->get("version")).set("abi", agent->get("abi"));
      versions.set("endpoint", context.api.endpoint());
    } else {
      done = pass_on(agent.error());
    }
  }
  std::vector<Column> columns;
  for (const std::string& key : versions.keys()) columns.push_back({key, key});
  context.out() << render_object(context.format, columns, versions);
  return done;
}

}  // namespace

Noun version_noun() {
  return {.name = "version",
          .summary = "show the versions of elbctl and of the agent",
          .commands = {{.verb = "",
                        .summary = "show the versions of elbctl and of the agent",
                        .options = {{"--client", "", "only elbctl's: do not ask the agent", Kind::kFlag}},
                        .examples = {{"", "elbctl version"}},
                        .run = run}}};
}

}  // namespace elb::cli
