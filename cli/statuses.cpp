// SPDX-License-Identifier: Apache-2.0
#include "cli/statuses.h"

#include <fmt/core.h>

#include <set>

#include "cli/table.h"
#include "cli/text.h"
#include "cli/tree.h"

namespace elb::cli {
namespace {

using codec::Value;

struct Level {
  const char* key;    // the array or object in its parent
  const char* title;  // said before the name
};
constexpr Level kLevels[] = {
    {"listeners", "listener"}, {"pools", "pool"}, {"healthmonitor", "health monitor"}, {"members", "member"}};

std::string line_of(const char* title, const Value& object, bool colour) {
  std::string name = object.get("name").text();
  if (object.has("address")) {
    const std::string where = fmt::format("{}:{}", object.get("address").text(), object.get("protocol_port").text());
    name += (name.empty() ? "" : " ") + where;
  }
  if (name.empty()) name = object.get("id").text();
  std::string line = fmt::format("{} {}  {}", title, harmless(name),
                                 coloured_status(harmless(object.get("operating_status").text()), colour));
  const std::string provisioning = object.get("provisioning_status").text();
  if (provisioning != "ACTIVE" && !provisioning.empty()) line += " (" + harmless(provisioning) + ")";
  return line;
}

/// The API repeats the pools of the listeners beside the listeners: `shown` are the ids that need no second showing.
Tree tree_of(const char* title, const Value& object, bool colour, std::set<std::string>& shown) {
  Tree tree{line_of(title, object, colour)};
  const bool top = object.has("listeners");
  const auto add = [&](const Level& level, const Value& child) {
    const bool known = !shown.insert(child.get("id").text()).second;
    if (!known || !top) tree.children.push_back(tree_of(level.title, child, colour, shown));
  };
  for (const Level& level : kLevels) {
    const Value below = object.get(level.key);
    if (below.is_object() && below.size() > 0) add(level, below);
    for (size_t i = 0; below.is_array() && i < below.size(); ++i) add(level, below.at(i));
  }
  return tree;
}

}  // namespace

Done print_statuses(Context& context, const Value& statuses) {
  const Value load_balancer = statuses.get("loadbalancer");
  if (context.format == Format::kTable || context.format == Format::kWide) {
    std::set<std::string> shown;
    context.out() << tree_of("load balancer", load_balancer, context.colour, shown).to_text();
  } else {
    context.out() << render_object(
        context.format, {{"NAME", "name"}, {"STATUS", "operating_status"}},
        context.format == Format::kJson || context.format == Format::kYaml ? statuses : load_balancer);
  }
  return {};
}

Done print_stats(Context& context, const Value& stats) {
  std::vector<Column> columns;
  for (const std::string& key : stats.keys()) columns.push_back({key, key});
  context.out() << render_object(context.format, columns, stats);
  return {};
}

}  // namespace elb::cli
