// SPDX-License-Identifier: Apache-2.0
// elbctl events
#include <fmt/core.h>

#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/text.h"
#include "cli/watch.h"

namespace elb::cli {
namespace {

using codec::Value;

std::string detail_of(const Value& event) {
  if (event.has("revision")) return "revision " + event.get("revision").text();
  const std::string before = event.get("before").text(), reason = event.get("reason").text();
  return fmt::format("{}{}{}{}", before, before.empty() ? "" : " -> ", event.get("status").text(),
                     reason.empty() ? "" : ": " + reason);
}

const std::vector<Column>& event_columns() {
  static const std::vector<Column> kColumns = {{"NUMBER", "number", true},
                                               {"TIME", "time"},
                                               {"WHAT", "what"},
                                               {"KIND", "kind"},
                                               {"NAME", "name", false,
                                                [](const Value& event) {
                                                  const std::string name = event.get("name").text();
                                                  return name.empty() ? event.get("id").text() : name;
                                                }},
                                               {"ID", "id", true},
                                               {"PROJECT", "project_id", true},
                                               {"DETAIL", "", false, detail_of}};
  return kColumns;
}

/// Columns wide enough for what usually comes: nobody knows what will.
std::string event_line(const Context& context, const Value& event) {
  std::string line;
  if (context.format == Format::kWide) line += padded(event.get("number").text(), 16) + "  ";
  const std::string name = event_columns()[4].text(event);
  line += fmt::format("{}  {}  {}  {}  ", padded(event.get("time").text(), 20), padded(event.get("what").text(), 19),
                      padded(event.get("kind").text(), 14), padded(harmless(name), 20));
  return line + harmless(detail_of(event)) + "\n";
}

Done run(Context& context, const Command&, const Args& args) {
  Query query;
  for (const char* key : {"since", "id", "limit"})
    if (const auto value = args.get(key)) query.emplace_back(key, *value);
  for (const std::string& kind : args.all("kind")) query.emplace_back("kind", kind);
  if (!context.project.empty()) query.emplace_back("project_id", context.project);
  const bool for_people = context.format == Format::kTable || context.format == Format::kWide;
  if (args.has("watch")) {
    if (!for_people && context.format != Format::kJson)
      return usage_error("events that are watched are lines of text, or with -o json lines of JSON");
    return watch_events(context, query, [&](const Value& event) -> Done {
      context.out() << (for_people ? event_line(context, event) : event.dump() + "\n") << std::flush;
      return {};
    });
  }
  const auto answer = context.api.get("/v1/events", query);
  if (!answer) return pass_on(answer.error());
  std::vector<Value> events;
  const Value list = answer->get("events");
  for (size_t i = 0; i < list.size(); ++i) events.push_back(list.at(i));
  if (events.empty() && for_people) {
    context.say("no events");
    return {};
  }
  context.out() << render_list(context.format, event_columns(), events, context.env.terminal ? context.env.width : 0);
  return {};
}

}  // namespace

Noun events_noun() {
  return {.name = "events",
          .aliases = {"event"},
          .summary = "show what happened, or watch it happen",
          .commands = {
              {.verb = "",
               .summary = "show what happened, or watch it happen",
               .description =
                   "What was created, updated and deleted, and each operating_status and provisioning_status that "
                   "changed, with the reason; the newest last. The agent keeps the newest 10000 in memory, since its "
                   "start. With --watch until interrupted, or for as long as --timeout says when it is given.",
               .options = {{"--since", "NUMBER", "only what came after the event of this number (-o wide shows them)"},
                           {.names = "--kind",
                            .placeholder = "KIND",
                            .help = "only of this kind of object",
                            .choices = {"load_balancer", "listener", "pool", "member", "health_monitor", "eip",
                                        "certificate", "l7policy", "l7rule"},
                            .repeated = true},
                           {"--id", "ID", "only of the object with this id"},
                           {"--limit,-n", "N", "at most so many, 1 to 1000 (default 100)"},
                           watch_option()},
               .examples = {{"", "elbctl events"},
                            {"members that come and go", "elbctl events --kind member --watch"},
                            {"for a program, for a minute", "elbctl events --watch -o json --timeout 60"}},
               .run = run}}};
}

}  // namespace elb::cli
