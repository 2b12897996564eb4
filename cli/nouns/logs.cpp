// SPDX-License-Identifier: Apache-2.0
// elbctl logs: lines of access logs, searched, or followed as they come.
#include <fmt/core.h>

#include <charconv>

#include "cli/crud.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

constexpr std::chrono::milliseconds kFollowEvery{500};

/// "90", "30m", "2h", "7d" as milliseconds.
Outcome<int64_t> span_of(const std::string& text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(at, static_cast<size_t>(end - at));
  const int64_t factor = unit == "m"                   ? 60
                         : unit == "h"                 ? 3600
                         : unit == "d"                 ? 86400
                         : unit.empty() || unit == "s" ? 1
                                                       : 0;
  if (error != std::errc{} || factor == 0 || number < 1 || number > 3650 * 86400LL / factor)
    return usage_error(fmt::format("--last '{}' is not a time such as 30m, 2h or 7d", harmless(text)));
  return number * factor * 1000;
}

Done add_objects(Context& context, const Args& args, Query& query) {
  if (const auto name = args.get("LB")) {
    const auto id = find_id(context, load_balancers(), *name);
    if (!id) return pass_on(id.error());
    query.emplace_back("loadbalancer_id", *id);
  }
  if (const auto name = args.get("listener")) {
    const auto id = find_id(context, listeners(), *name);
    if (!id) return pass_on(id.error());
    query.emplace_back("listener_id", *id);
  }
  for (const char* key : {"status", "client", "text", "termination", "limit"})
    if (const auto value = args.get(key)) query.emplace_back(key, *value);
  return {};
}

/// For people: one line, everything from the wire made harmless.
std::string plain(const Value& line) {
  const std::string end = line.get("termination").text();
  const std::string member = line.get("upstream_addr_priv").text();
  const std::string agent = line.get("http_user_agent").text();
  return harmless(
      fmt::format("{}  {}  {}  {}s  {} bytes  \"{}\"{}{}{}", line.get("time_iso8601").text(),
                  line.get("remote_addr").text(), line.get("status").text(), line.get("request_time").text(),
                  line.get("bytes_sent").text(), line.get("request").text(), member.empty() ? "" : "  to " + member,
                  end.empty() || end == "done" ? "" : "  " + end, agent.empty() ? "" : "  (" + agent + ")"));
}

void print(const Context& context, const Value& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    const Value line = list.at(i);
    if (context.format == Format::kTable || context.format == Format::kWide) {
      context.out() << plain(line) << "\n";
    } else {
      context.out() << line.dump() << "\n";
    }
  }
  context.out() << std::flush;
}

Done follow(Context& context, const Query& filters) {
  Value next(-1);
  for (;;) {
    context.api.restart_deadline();
    Query query = filters;
    query.emplace_back("after", next.text());
    const auto answer = context.api.get("/v1/logs", query);
    if (!answer) return pass_on(answer.error());
    print(context, answer->get("logs"));
    if (!context.out()) return {};  // whoever reads has gone
    // a full page may have more behind it
    if (answer->get("logs").size() == 0 || next == answer->get("next")) context.env.sleep(kFollowEvery);
    next = answer->get("next");
  }
}

Done run(Context& context, const Command&, const Args& args) {
  Query query;
  if (const Done done = add_objects(context, args, query); !done) return done;
  const bool table = context.format == Format::kTable || context.format == Format::kWide;
  if (!table && context.format != Format::kJson)
    return usage_error("logs are lines of text, or with -o json lines of JSON");
  if (args.has("follow")) return follow(context, query);
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(context.env.clock.wall().time_since_epoch());
  if (const auto last = args.get("last")) {
    const auto span = span_of(*last);
    if (!span) return pass_on(span.error());
    query.emplace_back("from", std::to_string(now.count() - *span));
  }
  const auto answer = context.api.get("/v1/logs", query);
  if (!answer) return pass_on(answer.error());
  print(context, answer->get("logs"));
  return {};
}

}  // namespace

Noun logs_noun() {
  return {
      .name = "logs",
      .aliases = {"log"},
      .summary = "search access logs, or follow them",
      .commands = {
          {.verb = "",
           .summary = "search access logs, or follow them",
           .description =
               "One line for each request, the newest last; -o json writes all fields, an object a line. What is "
               "searched are the files of load balancers whose log is on (elbctl accesslog enable), renamed and "
               "compressed ones too; without a directory for files, the newest lines in the agent's memory. Why a "
               "request ended (--termination) is known of followed lines and of files of the forms extended and json.",
           .positionals = {{"LB", "of this load balancer; of all without it", "loadbalancer", "", false}},
           .options =
               {{"--follow,-f", "", "show what comes from now on, until interrupted", Kind::kFlag},
                {.names = "--listener", .placeholder = "LISTENER", .help = "of this listener", .noun = "listener"},
                {"--last", "TIME", "how far back, such as 30m, 2h or 7d (default: as far as there is any)"},
                {"--status", "STATUS", "a status such as 404, or a class such as 5xx"},
                {"--client", "ADDRESS", "of this client"},
                {.names = "--termination",
                 .placeholder = "WORD",
                 .help = "that ended so; docs/monitoring.md says what each means",
                 .choices = {"done", "retried", "redirected", "rejected", "malformed", "request_timeout", "rate_limit",
                             "wrong_host", "no_listener", "no_member", "connect_failed", "connect_timeout",
                             "member_reset", "member_timeout", "member_malformed", "client_left", "stalled"}},
                {"--text", "TEXT", "with this text anywhere in the line, in any case"},
                {"--limit,-n", "N", "the newest so many lines, 1 to 10000 (default 100)"}},
           .examples = {{"", "elbctl logs web --last 10m"},
                        {"errors as they happen", "elbctl logs web -f --status 5xx"},
                        {"one client's requests, for a program", "elbctl logs --client 203.0.113.7 -o json"}},
           .run = run}}};
}

}  // namespace elb::cli
