// SPDX-License-Identifier: Apache-2.0
// elbctl audit ...
#include <charconv>

#include "base/clock.h"
#include "cli/crud.h"
#include "cli/nouns/access.h"
#include "cli/url.h"

namespace elb::cli {
namespace {

using codec::Value;

std::string time_of(const Value& trace) {
  const std::string text = trace.get("time").as_string();
  int64_t ms = 0;
  std::from_chars(text.data(), text.data() + text.size(), ms);
  return format_utc(WallTime(std::chrono::milliseconds(ms)));
}

const std::vector<Column>& columns() {
  static const std::vector<Column> kColumns = {
      {"TIME", "time", false, time_of},
      {"TRACE", "trace_title"},
      {"RATING", "trace_rating"},
      {"CODE", "code"},
      {"RESOURCE", "resource_name"},
      {"USER", "user", false, [](const Value& trace) { return trace.get("user").get("name").text(); }},
      {"SOURCE", "source_ip"},
      {"ID", "trace_id"},
      {"NAME", "trace_name", true},
      {"TYPE", "resource_type", true},
      {"RESOURCE ID", "resource_id", true},
      {"PROJECT", "project_id", true}};
  return kColumns;
}

Done list(Context& context, const Command&, const Args& args) {
  Query query;
  const std::pair<const char*, const char*> kFilters[] = {{"rating", "trace_rating"},
                                                          {"type", "resource_type"},
                                                          {"trace", "trace_name"},
                                                          {"resource", "resource_name"},
                                                          {"resource-id", "resource_id"},
                                                          {"user", "user"},
                                                          {"from", "from"},
                                                          {"to", "to"},
                                                          {"limit", "limit"}};
  for (const auto& [option, key] : kFilters)
    if (const auto value = args.get(option)) query.emplace_back(key, *value);
  const auto traces = context.api.list("/v1/traces", "traces", query);
  if (!traces) return pass_on(traces.error());
  context.out() << render_list(context.format, columns(), *traces, context.env.terminal ? context.env.width : 0);
  return {};
}

Done show(Context& context, const Command&, const Args& args) {
  const auto document = context.api.get("/v1/traces/" + percent_encode(args.text("ID")));
  if (!document) return pass_on(document.error());
  context.out() << render_object(context.format, columns(), document->get("trace"));
  return {};
}

}  // namespace

Noun audit_noun() {
  return {.name = "audit",
          .aliases = {"traces"},
          .summary = "traces: who changed what, or tried to",
          .commands = {{.verb = "list",
                        .aliases = {"ls"},
                        .summary = "list traces, newest first",
                        .options = {{.names = "--rating",
                                     .placeholder = "RATING",
                                     .help = "only those",
                                     .choices = {"all", "normal", "warning", "incident"}},
                                    {"--type", "TYPE", "only of this kind of object, such as listener"},
                                    {"--trace", "NAME", "only with this name or title, such as deleteMember"},
                                    {"--resource", "NAME", "only of objects with this name"},
                                    {"--resource-id", "ID", "only of this object"},
                                    {"--user", "USER", "only of this token, by name or id"},
                                    {"--from", "TIME", "not before, YYYY-MM-DDTHH:MM:SS in UTC"},
                                    {"--to", "TIME", "before this time"},
                                    {"--limit", "NUMBER", "at most so many, up to 1000 (default 100)"}},
                        .examples = {{"what failed", "elbctl audit list --rating warning"}},
                        .run = list},
                       {.verb = "show",
                        .aliases = {"get"},
                        .summary = "show one trace, with request and response",
                        .positionals = {{"ID", "id of the trace"}},
                        .examples = {{"", "elbctl audit show 7d0c4a80-cc5b-11f0-8001-01a2b3c4d5e6 -o json"}},
                        .run = show}}};
}

}  // namespace elb::cli
