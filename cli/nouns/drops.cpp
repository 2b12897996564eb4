// SPDX-License-Identifier: Apache-2.0
// elbctl drops
#include <algorithm>

#include "cli/args.h"
#include "cli/context.h"
#include "cli/nouns/all.h"

namespace elb::cli {
namespace {

using codec::Value;

Done run(Context& context, const Command&, const Args& args) {
  const auto document = context.api.get("/v1/drops");
  if (!document) return pass_on(document.error());
  const Value list = document->get("drops");
  std::vector<Value> drops;
  for (size_t i = 0; i < list.size(); ++i) {
    Value drop = list.at(i);
    if (args.has("all") || drop.get("packets").as_int() > 0) drops.push_back(std::move(drop));
  }
  std::stable_sort(drops.begin(), drops.end(), [](const Value& a, const Value& b) {
    return a.get("packets").as_int() > b.get("packets").as_int();
  });
  const bool for_people = context.format == Format::kTable || context.format == Format::kWide;
  if (drops.empty() && for_people) {
    context.say(args.has("all") ? "the agent reports no counters"
                                : "no packet was dropped; elbctl drops --all shows what is counted");
    return {};
  }
  static const std::vector<Column> kColumns = {
      {"REASON", "reason"},
      {"PACKETS", "packets"},
      {"ACTION", "drop", false, [](const Value& drop) { return drop.get("drop").as_bool() ? "dropped" : "passed"; }},
      {"MEANING", "description"}};
  context.out() << render_list(context.format, kColumns, drops, context.env.terminal ? context.env.width : 0);
  return {};
}

}  // namespace

Noun drops_noun() {
  return {.name = "drops",
          .aliases = {"drop"},
          .summary = "show why packets were dropped, with what each reason means",
          .commands = {{.verb = "",
                        .summary = "show why packets were dropped, with what each reason means",
                        .description = "Counters since the data plane was loaded, largest first. ACTION is \"passed\" "
                                       "for packets that were counted but went on to the node's own network stack.",
                        .options = {{"--all,-a", "", "also the reasons that never happened", Kind::kFlag}},
                        .examples = {{"", "elbctl drops"}, {"every reason there is", "elbctl drops --all"}},
                        .run = run}}};
}

}  // namespace elb::cli
