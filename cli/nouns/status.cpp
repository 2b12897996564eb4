// SPDX-License-Identifier: Apache-2.0
// elbctl status
#include <fmt/core.h>

#include "cli/args.h"
#include "cli/context.h"
#include "cli/nouns/all.h"
#include "cli/status_tree.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

/// Replaces the document's list of load balancers by the one that is asked for.
Done keep_only(const std::string& name, Value& document) {
  const Value all = document.get("load_balancers");
  std::vector<Value> found;
  for (size_t i = 0; i < all.size(); ++i) {
    const Value one = all.at(i);
    if (one.get("id").text() == name || one.get("name").text() == name) found.push_back(one);
  }
  if (found.empty()) {
    return give_up(Exit::kNotFound, fmt::format("no load balancer has the name or id '{}'", harmless(name)),
                   "see: elbctl lb list");
  }
  if (found.size() > 1) {
    Failure failure{Exit::kConflict, fmt::format("{} load balancers have the name '{}'", found.size(), harmless(name)),
                    "give the id of one of them:"};
    for (const Value& one : found)
      failure.details.push_back(one.get("id").text() + "  " + one.get("vip_address").text());
    return pass_on(std::move(failure));
  }
  document.set("load_balancers", Value::array().push(found.front()));
  return {};
}

bool all_well(const Value& load_balancers) {
  for (size_t i = 0; i < load_balancers.size(); ++i) {
    const Value one = load_balancers.at(i);
    if (one.get("operating_status").text() != "ONLINE" || one.get("provisioning_status").text() != "ACTIVE")
      return false;
  }
  return true;
}

void print(const Context& context, const Value& document) {
  const Value load_balancers = document.get("load_balancers");
  switch (context.format) {
    case Format::kJson:
      context.out() << document.dump(2) << "\n";
      return;
    case Format::kYaml:
      context.out() << document.to_yaml();
      return;
    case Format::kCsv: {
      std::vector<Column> columns;
      for (const char* key : {"loadbalancer", "listener", "pool", "member", "address", "port", "weight", "az", "status",
                              "reason", "id"}) {
        columns.push_back({key, key});
      }
      context.out() << render_list(Format::kCsv, columns, flat_members(load_balancers));
      return;
    }
    case Format::kName:
    case Format::kId: {
      std::vector<Value> list;
      for (size_t i = 0; i < load_balancers.size(); ++i) list.push_back(load_balancers.at(i));
      context.out() << render_list(context.format, {}, list);
      return;
    }
    case Format::kTable:
    case Format::kWide: {
      const bool wide = context.format == Format::kWide;
      context.out() << status_trees(load_balancers, wide, context.colour);
      context.out() << node_summary(document, wide, context.colour);
      if (load_balancers.size() == 0) context.say("no load balancers; make one: elbctl lb create --help");
      return;
    }
  }
}

Done run(Context& context, const Command&, const Args& args) {
  auto document = context.api.get("/v1/status");
  if (!document) return pass_on(document.error());
  if (const auto name = args.get("LB")) {
    if (const Done done = keep_only(*name, *document); !done) return done;
  }
  print(context, *document);
  if (args.has("check") && !all_well(document->get("load_balancers"))) {
    return give_up(Exit::kError, "not everything is ONLINE");
  }
  return {};
}

}  // namespace

Noun status_noun() {
  return {.name = "status",
          .summary = "show the tree of load balancers with health and reasons",
          .commands = {{.verb = "",
                        .summary = "show the tree of load balancers with health and reasons",
                        .description = "Under each load balancer its listeners with their traffic, their pools, health "
                                       "monitors and members; below the trees, which revision of the configuration the "
                                       "data plane has applied and how full the flow table is. -o wide adds ids, times "
                                       "and the executors' counters, -o csv has one line a member.",
                        .positionals = {{"LB", "name or id: only this load balancer", "loadbalancer", "", false}},
                        .options = {{"--check", "", "exit status 1 unless every load balancer is ONLINE", Kind::kFlag}},
                        .examples = {{"everything", "elbctl status"},
                                     {"one load balancer, again and again", "watch -c elbctl status web"},
                                     {"which members are down, for a script", "elbctl status -o csv | grep ERROR"}},
                        .run = run}}};
}

}  // namespace elb::cli
