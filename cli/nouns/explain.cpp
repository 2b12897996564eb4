// SPDX-License-Identifier: Apache-2.0
// elbctl explain: what is wrong, why, and what to do next.
#include <fmt/core.h>

#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

/// Of the first kind that has an object of that name; an id is as good.
Outcome<std::string> find_any(Context& context, const std::string& name) {
  for (const Resource* resource : {&load_balancers(), &listeners(), &pools()}) {
    const auto id = find_id(context, *resource, name);
    if (id || id.error().exit != Exit::kNotFound) return id;
  }
  return name;  // a member's id: members have names in their pool only
}

Done run(Context& context, const Command&, const Args& args) {
  Query query;
  if (const auto name = args.get("RESOURCE")) {
    const auto id = find_any(context, *name);
    if (!id) return pass_on(id.error());
    query.emplace_back("id", *id);
  }
  const auto answer = context.api.get("/v1/explain", query);
  if (!answer) return pass_on(answer.error());
  const Value findings = answer->get("findings");
  if (context.format != Format::kTable && context.format != Format::kWide) {
    std::vector<Value> rows;
    for (size_t i = 0; i < findings.size(); ++i) rows.push_back(findings.at(i));
    static const std::vector<Column> kColumns = {{"KIND", "kind"},     {"NAME", "name"},     {"ID", "id"},
                                                 {"STATUS", "status"}, {"REASON", "reason"}, {"NEXT", "next"}};
    context.out() << render_list(context.format, kColumns, rows);
    return {};
  }
  if (findings.size() == 0) context.out() << "nothing is wrong\n";
  for (size_t i = 0; i < findings.size(); ++i) {
    const Value one = findings.at(i);
    context.out() << harmless(fmt::format("{} {}: {}", one.get("kind").text(), one.get("name").text(),
                                          one.get("status").text()))
                  << "\n  why:  " << harmless(one.get("reason").text()) << "\n";
    if (!one.get("next").is_null()) context.out() << "  next: " << harmless(one.get("next").text()) << "\n";
  }
  return {};
}

}  // namespace

Done explain_checks(Context& context, const Command&, const Args& args) {
  const auto id = find_id(context, pools(), args.text("POOL"));
  if (!id) return pass_on(id.error());
  const auto answer = context.api.get("/v1/explain", {{"id", *id}});
  if (!answer) return pass_on(answer.error());
  static const std::vector<Column> kColumns = {
      {"MEMBER", "member"},           {"CHECKED", "checked"},       {"TYPE", "type"},
      {"STATUS", "operating_status"}, {"LATENCY us", "latency_us"}, {"LAST CHECK", "checked_at"},
      {"SINCE", "since", true},       {"RESULT", "result"}};
  std::vector<Value> rows;
  const Value checks = answer->get("checks");
  for (size_t i = 0; i < checks.size(); ++i) rows.push_back(checks.at(i));
  context.out() << render_list(context.format, kColumns, rows);
  if (context.format != Format::kTable && context.format != Format::kWide) return {};
  const Value steps = answer->get("steps");
  context.out() << "\nWhat to look at, in this order:\n";
  for (size_t i = 0; i < steps.size(); ++i)
    context.out() << harmless(fmt::format("  {}. {}", i + 1, steps.at(i).get("step").text())) << "\n       "
                  << harmless(steps.at(i).get("command").text()) << "\n";
  return {};
}

Noun explain_noun() {
  return {.name = "explain",
          .aliases = {"why"},
          .summary = "say what is wrong, why, and what to do next",
          .commands = {{.verb = "",
                        .summary = "say what is wrong, why, and what to do next",
                        .description =
                            "Everything below the object that is down, degraded, draining, unused or not applied, and "
                            "what was retried, refused or limited, each with its reason and the command to go on with. "
                            "Without RESOURCE: all load balancers and the node, with the packets it dropped.",
                        .positionals = {{"RESOURCE", "name or id of a load balancer, listener or pool; id of a member",
                                         "loadbalancer", "", false}},
                        .examples = {{"", "elbctl explain"}, {"", "elbctl explain web"}},
                        .run = run}}};
}

}  // namespace elb::cli
