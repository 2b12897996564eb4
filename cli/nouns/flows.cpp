// SPDX-License-Identifier: Apache-2.0
// elbctl flows
#include <fmt/core.h>

#include <charconv>

#include "cli/args.h"
#include "cli/context.h"
#include "cli/member_spec.h"
#include "cli/nouns/all.h"
#include "cli/resolve.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using codec::Value;

const std::vector<Column>& columns() {
  static const auto bytes = [](const char* field) {
    return [field](const Value& flow) { return human_bytes(flow.get(field).as_int()); };
  };
  static const std::vector<Column> kColumns = {
      {"PROTOCOL", "protocol"},
      {"CLIENT", "client"},
      {"VIP", "vip"},
      {"LOCAL", "local"},
      {"MEMBER", "member"},
      {"STATE", "state"},
      {"IDLE", "idle_s", false, [](const Value& flow) { return human_seconds(flow.get("idle_s").as_int()); }},
      {"IN", "bytes_in", false, bytes("bytes_in")},
      {"OUT", "bytes_out", false, bytes("bytes_out")},
      {"PACKETS IN", "packets_in", true},
      {"PACKETS OUT", "packets_out", true},
      {"LISTENER", "listener_id", true},
      {"MEMBER ID", "member_id", true}};
  return kColumns;
}

/// CSV is for programs: plain numbers.
std::vector<Column> plain_columns() {
  std::vector<Column> plain = columns();
  for (Column& column : plain) column.text = nullptr;
  return plain;
}

std::optional<int> positive(const std::string& text) {
  int number = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || at != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

/// ADDRESS or ADDRESS:PORT, or :PORT alone, into two parameters.
Done add_endpoint(const Args& args, const std::string& key, Query& query) {
  const auto text = args.get(key);
  if (!text) return {};
  if (const auto endpoint = parse_member_address(*text)) {
    query.emplace_back(key, endpoint->address.to_string());
    query.emplace_back(key + "_port", std::to_string(endpoint->port));
  } else if (const auto address = IpAddress::parse(*text)) {
    query.emplace_back(key, address->to_string());
  } else if (const auto port = text->starts_with(':') ? positive(text->substr(1)) : std::nullopt) {
    query.emplace_back(key + "_port", std::to_string(*port));
  } else {
    return usage_error(fmt::format("--{} '{}' is not ADDRESS, ADDRESS:PORT or :PORT", key, harmless(*text)));
  }
  return {};
}

Outcome<Query> query_of(Context& context, const Args& args) {
  Query query;
  if (auto protocol = args.get("protocol")) {
    for (char& c : *protocol) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    query.emplace_back("protocol", *protocol);
  }
  for (const char* key : {"client", "vip", "member"}) {
    if (const Done done = add_endpoint(args, key, query); !done) return pass_on(done.error());
  }
  if (const auto name = args.get("listener")) {
    const auto id = find_id(context, listeners(), *name);
    if (!id) return pass_on(id.error());
    query.emplace_back("listener_id", *id);
  }
  std::string states;
  for (const std::string& state : args.all("state")) states += (states.empty() ? "" : ",") + state;
  if (!states.empty()) query.emplace_back("state", states);
  if (const auto id = args.get("member-id")) query.emplace_back("member_id", *id);
  if (const auto limit = args.get("limit")) {
    if (!positive(*limit)) return usage_error(fmt::format("--limit '{}' is not a number above 0", *limit));
    query.emplace_back("limit", *limit);
  }
  return query;
}

Done print_once(Context& context, const Query& query, bool count_only) {
  const auto document = context.api.get("/v1/flows", query);
  if (!document) return pass_on(document.error());
  if (count_only) {
    context.out() << document->get("matched").text() << "\n";
    return {};
  }
  std::vector<Value> flows;
  const Value list = document->get("flows");
  for (size_t i = 0; i < list.size(); ++i) flows.push_back(list.at(i));
  const bool for_people = context.format == Format::kTable || context.format == Format::kWide;
  if (!flows.empty() || !for_people) {
    context.out() << render_list(context.format, for_people ? columns() : plain_columns(), flows);
  }
  if (for_people) {
    context.say(fmt::format("{} of {} flows shown; {} of {} slots of the flow table used",
                            grouped(static_cast<int64_t>(flows.size())), grouped(document->get("matched").as_int()),
                            grouped(document->get("used").as_int()), grouped(document->get("capacity").as_int())));
  }
  return {};
}

Done run(Context& context, const Command&, const Args& args) {
  const auto query = query_of(context, args);
  if (!query) return pass_on(query.error());
  int interval = 0;
  if (const auto text = args.get("watch")) {
    const auto seconds = positive(*text);
    if (!seconds) return usage_error(fmt::format("--watch '{}' is not a number of seconds above 0", *text));
    interval = *seconds;
  }
  int rounds = interval == 0 ? 1 : -1;  // -1: until interrupted
  if (const auto text = args.get("rounds")) {
    const auto number = positive(*text);
    if (!number || interval == 0) return usage_error("--rounds takes a number above 0 and needs --watch");
    rounds = *number;
  }
  for (int round = 0; round != rounds; ++round) {
    if (round > 0) context.env.sleep(std::chrono::seconds(interval));
    context.api.restart_deadline();
    if (interval > 0 && context.env.terminal) context.out() << "\x1b[H\x1b[2J";
    if (const Done done = print_once(context, *query, args.has("count")); !done) return done;
    context.out().flush();
  }
  return {};
}

}  // namespace

Noun flows_noun() {
  return {
      .name = "flows",
      .aliases = {"flow", "connections"},
      .summary = "show the live flow table",
      .commands = {
          {.verb = "",
           .summary = "show the live flow table",
           .description = "A flow is a TCP connection or a UDP conversation: the client's address, the VIP it came "
                          "to, the local address that the member sees, and the member.",
           .options =
               {{.names = "--protocol",
                 .placeholder = "PROTOCOL",
                 .help = "only this protocol",
                 .choices = {"TCP", "UDP"}},
                {"--client", "ADDRESS[:PORT]", "only from this client; :PORT for any address"},
                {"--vip", "ADDRESS[:PORT]", "only to this virtual address"},
                {"--member", "ADDRESS[:PORT]", "only to this member"},
                {.names = "--listener", .placeholder = "LISTENER", .help = "only of this listener", .noun = "listener"},
                {"--member-id", "ID", "only to the member with this id"},
                {.names = "--state",
                 .placeholder = "STATE",
                 .help = "only in this state; closed ones are kept for a while for late packets",
                 .choices = {"opening", "established", "closing", "closed"},
                 .repeated = true},
                {"--limit", "N", "show at most so many (default: the agent's, 1000)"},
                {"--count", "", "print only how many there are", Kind::kFlag},
                {"--watch", "SECONDS", "again every so often, until interrupted"},
                {"--rounds", "N", "with --watch: end after so many times"}},
           .examples =
               {{"of one client", "elbctl flows --client 192.0.2.7"},
                {"how many connections a member has", "elbctl flows --member 10.1.0.1:80 --state established --count"},
                {"UDP flows of one listener, every 2 seconds", "elbctl flows --protocol udp --listener dns --watch 2"}},
           .run = run}}};
}

}  // namespace elb::cli
