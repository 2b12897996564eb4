// SPDX-License-Identifier: Apache-2.0
// elbctl revision ... and elbctl rollback: what the configuration was, and back to it (docs/history.md).
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "cli/crud.h"
#include "cli/nouns/configuration.h"
#include "cli/plan.h"
#include "cli/url.h"

namespace elb::cli {
namespace {

using codec::Value;

constexpr int64_t kWaitMax = 30;  // seconds, the API's

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns = {
      {"REVISION", "number"},
      {"TIME", "time"},
      {"USER", "user", false, [](const Value& one) { return one.get("user").get("name").text(); }},
      {"CHANGES", "changes"},
      {"CALL", "call"},
      {"USER ID", "user", true, [](const Value& one) { return one.get("user").get("id").text(); }},
      {"PROJECT", "project_id", true}};
  return kColumns;
}

Query in_project(const Context& context) {
  Query query;
  if (!context.project.empty()) query.emplace_back("project_id", context.project);
  return query;
}

Outcome<int64_t> number_of(const Args& args, std::string_view key) {
  const std::string text = args.text(key);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && error == std::errc{} && end == text.data() + text.size() && number >= 0) return number;
  return give_up(Exit::kUsage, fmt::format("{} must be the number of a revision, got '{}'", key, text),
                 "the revisions that there are: elbctl revision list");
}

/// Every page of the changes of `answer`, whose first is there already.
Done fetch_all(Context& context, std::string_view path, const Query& query, std::string_view key, Value& answer) {
  Value changes = answer.get("changes");
  for (Value marker = answer.get("marker"); !marker.is_null();) {
    Query next = query;
    next.emplace_back("marker", marker.text());
    const auto page = context.api.get(path, next);
    if (!page) return pass_on(page.error());
    const Value part = key.empty() ? *page : page->get(key);
    const Value more = part.get("changes");
    for (size_t i = 0; i < more.size(); ++i) changes.push(more.at(i));
    marker = part.get("marker");
  }
  answer.set("changes", std::move(changes)).set("marker", Value());
  return {};
}

Done list(Context& context, const Command&, const Args& args) {
  Query query = in_project(context);
  if (const auto limit = args.get("limit")) query.emplace_back("limit", *limit);
  if (const auto before = args.get("before")) query.emplace_back("marker", *before);
  const auto answer = context.api.get("/v1/revisions", query);
  if (!answer) return pass_on(answer.error());
  const Value revisions = answer->get("revisions");
  std::vector<Value> rows;
  for (size_t i = 0; i < revisions.size(); ++i) rows.push_back(revisions.at(i));
  if (context.format == Format::kName || context.format == Format::kId) {
    for (const Value& row : rows) context.out() << row.get("number").text() << "\n";
    return {};
  }
  context.out() << render_list(context.format, columns(), rows, context.env.terminal ? context.env.width : 0);
  return {};
}

Done show(Context& context, const Command&, const Args& args) {
  const auto number = number_of(args, "REVISION");
  if (!number) return pass_on(number.error());
  const Query query = in_project(context);
  const std::string path = fmt::format("/v1/revisions/{}", *number);
  const auto answer = context.api.get(path, query);
  if (!answer) return pass_on(answer.error());
  Value revision = answer->get("revision");
  if (const Done done = fetch_all(context, path, query, "revision", revision); !done) return done;
  print_plan(context, revision, true);
  const std::string user = revision.get("user").get("name").text();
  context.say(fmt::format("revision {}, {}{}{}: {}", *number, revision.get("time").text(),
                          user.empty() ? "" : " by " + user,
                          revision.get("call").is_null() ? "" : fmt::format(" ({})", revision.get("call").text()),
                          differs(revision) ? count_line(revision.get("summary")) : "nothing that can be seen"));
  return {};
}

Done diff(Context& context, const Command&, const Args& args) {
  Query query = in_project(context);
  for (const auto& [name, key] : {std::pair{"FROM", "from"}, std::pair{"TO", "to"}}) {
    if (!args.has(name)) continue;
    const auto number = number_of(args, name);
    if (!number) return pass_on(number.error());
    query.emplace_back(key, std::to_string(*number));
  }
  auto answer = context.api.get("/v1/diff", query);
  if (!answer) return pass_on(answer.error());
  if (const Done done = fetch_all(context, "/v1/diff", query, "", *answer); !done) return done;
  print_plan(context, *answer, true);
  const std::string what = fmt::format("from revision {} to {}", answer->get("from").text(), answer->get("to").text());
  context.say(differs(*answer) ? fmt::format("{}: {}", what, count_line(answer->get("summary")))
                               : fmt::format("{} nothing differs", what));
  return {};
}

Done rollback(Context& context, const Command&, const Args& args) {
  const auto number = number_of(args, "REVISION");
  if (!number) return pass_on(number.error());
  const bool dry_run = args.has("dry-run");
  Value body = Value::object();
  body.set("revision", *number).set("dry_run", dry_run);
  if (!context.project.empty()) body.set("project_id", context.project);
  if (args.has("base-revision")) {
    const auto base = number_of(args, "base-revision");
    if (!base) return pass_on(base.error());
    body.set("base_revision", *base);
  }
  Query query;
  if (args.has("wait")) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(context.api.timeout()).count();
    query.emplace_back("wait", "applied");
    query.emplace_back("wait_timeout", std::to_string(std::clamp<int64_t>(seconds, 1, kWaitMax)));
  }
  const auto answer = context.api.post(with_query("/v1/rollback", query), body);
  if (!answer) return pass_on(answer.error());
  print_plan(context, *answer, args.has("verbose"));
  const std::string counts = count_line(answer->get("summary"));
  if (!differs(*answer)) {
    context.say(fmt::format("nothing to do: everything is as it was at revision {}", *number));
  } else if (dry_run) {
    context.say(fmt::format("a dry run, nothing is changed; without --dry-run: {}", counts));
  } else {
    context.say(
        fmt::format("as it was at revision {}: {}; revision {}", *number, counts, answer->get("revision").text()));
  }
  return {};
}

}  // namespace

Noun revision_noun() {
  return {.name = "revision",
          .aliases = {"revisions", "history"},
          .summary = "what the configuration was, and who changed what",
          .commands = {
              {.verb = "list",
               .aliases = {"ls"},
               .summary = "list revisions, newest first",
               .options = {{"--limit", "NUMBER", "at most so many, up to 1000 (default 100)"},
                           {"--before", "REVISION", "only older ones than this"}},
               .examples = {{"the last five", "elbctl revision list --limit 5"}},
               .run = list},
              {.verb = "show",
               .aliases = {"get"},
               .summary = "show what one revision changed",
               .description = "With -o json also each object as a whole, before and after. Private keys are masked.",
               .positionals = {{"REVISION", "number of the revision"}},
               .examples = {{"", "elbctl revision show 42"}},
               .run = show},
              {.verb = "diff",
               .summary = "show what differs between two revisions",
               .positionals = {{"FROM", "number of a revision"},
                               {"TO", "number of another (default the newest)", "", "", false}},
               .examples = {{"since then", "elbctl revision diff 40"}, {"", "elbctl revision diff 40 42"}},
               .run = diff}}};
}

Noun rollback_noun() {
  return {
      .name = "rollback",
      .summary = "make the configuration be what it was at a revision",
      .commands = {
          {.verb = "",
           .summary = "make the configuration be what it was at a revision",
           .description = "All of it becomes one new revision, or nothing does; the revisions between stay in the "
                          "history, so that a rollback can be rolled back. With --project only that project's objects.",
           .positionals = {{"REVISION", "number of the revision; 'elbctl revision list' has them"}},
           .options = {{"--dry-run", "", "show what would be done, and do nothing", Kind::kFlag},
                       {"--base-revision", "REVISION",
                        "only if the configuration is still at this revision, that of the plan"},
                       {"--wait", "", "until the kernel and the proxy have it", Kind::kFlag},
                       {"--verbose", "", "show the fields of objects that come back too", Kind::kFlag}},
           .examples = {{"see it first", "elbctl rollback 40 --dry-run"}, {"do it", "elbctl rollback 40 --wait"}},
           .run = rollback}}};
}

}  // namespace elb::cli
