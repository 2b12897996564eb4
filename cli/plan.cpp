// SPDX-License-Identifier: Apache-2.0
#include "cli/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "cli/render.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

/// "weight: 1 -> 5"; a new object tells only what it has.
std::string change_line(const Value& field, bool created) {
  const auto shown = [](const Value& value) { return value.is_null() ? std::string("none") : value.dump(); };
  const std::string name = harmless(field.get("field").text());
  if (created) return fmt::format("          {}: {}\n", name, harmless(shown(field.get("new"))));
  return fmt::format("          {}: {} -> {}\n", name, harmless(shown(field.get("old"))),
                     harmless(shown(field.get("new"))));
}

const std::vector<Column>& plan_columns() {
  static const std::vector<Column> kColumns = {{"ACTION", "action"}, {"KIND", "kind"},       {"NAME", "name"},
                                               {"PARENT", "parent"}, {"PATH", "path", true}, {"ID", "id", true}};
  return kColumns;
}

std::string kind_word(const Value& entry) {
  std::string kind = entry.get("kind").text();
  std::replace(kind.begin(), kind.end(), '_', ' ');
  return kind;
}

}  // namespace

std::string count_line(const Value& summary) {
  std::string text;
  for (const std::string& key : summary.keys()) {
    const std::string word = key == "unchanged" ? key : key + (key.ends_with("e") ? "d" : "ed");
    if (key != "unchanged" && summary.get(key).as_int() == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", summary.get(key).text(), word);
  }
  return text;
}

bool differs(const Value& answer) { return answer.get("changes").size() > 0; }

void print_plan(const Context& context, const Value& answer, bool fields) {
  const Value changes = answer.get("changes");
  if (context.format == Format::kJson) {
    context.out() << answer.dump(2) << "\n";
    return;
  }
  if (context.format == Format::kYaml) {
    context.out() << answer.to_yaml();
    return;
  }
  if (context.format != Format::kTable) {
    std::vector<Value> rows;
    for (size_t i = 0; i < changes.size(); ++i) rows.push_back(changes.at(i));
    context.out() << render_list(context.format, plan_columns(), rows);
    return;
  }
  for (size_t i = 0; i < changes.size(); ++i) {
    const Value one = changes.at(i);
    const std::string action = one.get("action").text();
    const std::string parent = one.get("parent").text();
    context.out() << fmt::format("{:<8}  {} {}{}{}\n", action, kind_word(one), harmless(one.get("name").text()),
                                 parent.empty() ? "" : fmt::format(" of {}", harmless(parent)),
                                 action == "replace" ? fmt::format(": {}", harmless(one.get("reason").text())) : "");
    const bool created = action == "create";
    if (created && !fields) continue;
    const Value list = one.get("fields");
    for (size_t j = 0; j < list.size(); ++j) context.out() << change_line(list.at(j), created);
  }
}

}  // namespace elb::cli
