// SPDX-License-Identifier: Apache-2.0
// elbctl top
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "cli/args.h"
#include "cli/context.h"
#include "cli/nouns/all.h"
#include "cli/rates.h"
#include "cli/raw_terminal.h"
#include "cli/text.h"
#include "cli/top_screen.h"

namespace elb::cli {
namespace {

using codec::Value;

constexpr double kLongestInterval = 3600;
constexpr size_t kColumns = 80, kLines = 24;  // of a terminal that does not say
constexpr size_t kLeastColumns = 40, kLeastLines = 12;

Outcome<std::chrono::milliseconds> interval_of(const std::string& text) {
  double seconds = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || at != text.data() + text.size() || !(seconds >= 0.1 && seconds <= kLongestInterval))
    return usage_error(
        fmt::format("--interval '{}' is not a number of seconds from 0.1 to {}", harmless(text), kLongestInterval));
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

Outcome<int> rounds_of(const Args& args) {
  if (args.has("once")) return 1;
  const auto text = args.get("rounds");
  if (!text) return -1;  // until interrupted
  int rounds = 0;
  const auto [at, error] = std::from_chars(text->data(), text->data() + text->size(), rounds);
  if (error != std::errc{} || at != text->data() + text->size() || rounds < 1)
    return usage_error(fmt::format("--rounds '{}' is not a number above 0", harmless(*text)));
  return rounds;
}

/// Over what was there before, line by line, so that nothing flickers; the size is asked each time, for it may change.
void redraw(const Context& context, TopScreen& screen, const std::string& title, const Value& rates) {
  size_t width = context.env.width, height = 0;
  if (context.env.size) std::tie(width, height) = context.env.size();
  if (width == 0) width = kColumns;
  if (height == 0) height = kLines;
  std::string out = "\x1b[H";
  const std::vector<std::string> lines = screen.lines(sorted_rates(rates, screen.sort()), title,
                                                      std::max(width, kLeastColumns), std::max(height, kLeastLines));
  for (size_t i = 0; i < lines.size(); ++i) out += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
  context.out() << out << "\x1b[J" << std::flush;
}

std::vector<Value> flat(const Value& rates) {
  std::vector<Value> rows;
  for (const auto& [list, kind] : {std::pair{"listeners", "listener"}, {"members", "member"}}) {
    const Value all = rates.get(list);
    for (size_t i = 0; i < all.size(); ++i)
      rows.push_back(
          Value(all.at(i)).set("kind", kind).set("requests_per_s", all.at(i).get("http").get("requests_per_s")));
  }
  return rows;
}

void print(const Context& context, const Value& rates) {
  static const std::vector<Column> kPlain = {{"KIND", "kind"},
                                             {"NAME", "name"},
                                             {"ID", "id"},
                                             {"CONNECTIONS PER S", "connections_per_s"},
                                             {"ACTIVE", "active"},
                                             {"PACKETS IN PER S", "packets_in_per_s"},
                                             {"PACKETS OUT PER S", "packets_out_per_s"},
                                             {"BYTES IN PER S", "bytes_in_per_s"},
                                             {"BYTES OUT PER S", "bytes_out_per_s"},
                                             {"REFUSED PER S", "refused_per_s"},
                                             {"REQUESTS PER S", "requests_per_s"}};
  switch (context.format) {
    case Format::kJson:
      context.out() << rates.dump() << "\n" << std::flush;
      return;
    case Format::kYaml:
      context.out() << "---\n" << rates.to_yaml() << std::flush;
      return;
    case Format::kTable:
    case Format::kWide:
      context.out() << rates_screen(rates, 0) << std::flush;
      return;
    default:
      context.out() << render_list(context.format, kPlain, flat(rates)) << std::flush;
  }
}

/// Until the next reading, or until somebody wants to end; keys show what they do at once.
bool wait_for_keys(const Context& context, RawTerminal* keys, TopScreen& screen, std::chrono::milliseconds time,
                   const std::function<void()>& show) {
  if (keys == nullptr) {
    context.env.sleep(time);
    return true;
  }
  const SteadyTime until = context.env.clock.steady() + time;
  for (SteadyTime now = context.env.clock.steady(); now < until; now = context.env.clock.steady()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - now);
    if (!screen.press(keys->wait(left + std::chrono::milliseconds(1)))) return false;
    show();
  }
  return true;
}

/// On a terminal, in place.
Done watch(Context& context, Value before, std::chrono::milliseconds interval, int rounds, const std::string& key) {
  TopScreen screen(key);
  const std::string title =
      fmt::format("elbctl top  {}  every {} s", context.api.endpoint(), static_cast<double>(interval.count()) / 1000);
  const auto keys = context.env.keys ? context.env.keys() : nullptr;
  context.out() << "\x1b[2J" << std::flush;
  Value rates = rates_between(before, before);
  const auto show = [&] { redraw(context, screen, title, rates); };
  show();
  for (int round = 0; round != rounds; ++round) {
    if (!wait_for_keys(context, keys.get(), screen, interval, show)) break;
    context.api.restart_deadline();
    auto after = context.api.get("/v1/counters");
    if (!after) return pass_on(after.error());
    rates = rates_between(before, *after);
    show();
    before = std::move(*after);
  }
  context.out() << "\r\n" << std::flush;
  return {};
}

/// For pipes and files, one after the other.
Done list(Context& context, Value before, std::chrono::milliseconds interval, int rounds, const std::string& key) {
  for (int round = 0; round != rounds; ++round) {
    context.env.sleep(interval);
    context.api.restart_deadline();
    auto after = context.api.get("/v1/counters");
    if (!after) return pass_on(after.error());
    if (round > 0 && context.format == Format::kTable) context.out() << "\n";
    print(context, sorted_rates(rates_between(before, *after), key));
    before = std::move(*after);
  }
  return {};
}

Done run(Context& context, const Command&, const Args& args) {
  const auto interval = interval_of(args.get("interval").value_or("1"));
  if (!interval) return pass_on(interval.error());
  const auto rounds = rounds_of(args);
  if (!rounds) return pass_on(rounds.error());
  const std::string key = args.get("sort").value_or("connections");
  if (const auto& keys = rate_sort_keys(); std::find(keys.begin(), keys.end(), key) == keys.end())
    return usage_error(fmt::format("--sort '{}' is none of the keys in 'elbctl top --help'", harmless(key)));
  auto before = context.api.get("/v1/counters");
  if (!before) return pass_on(before.error());
  const bool table = context.format == Format::kTable || context.format == Format::kWide;
  const bool in_place = context.env.terminal && *rounds != 1 && table;
  return (in_place ? watch : list)(context, std::move(*before), *interval, *rounds, key);
}

}  // namespace

Noun top_noun() {
  return {.name = "top",
          .summary = "watch the rates of listeners and members",
          .commands = {
              {.verb = "",
               .summary = "watch the rates of listeners and members",
               .description = "Connections, packets and bytes per second of each listener and member, what is open, "
                              "refused and dropped; of HTTP listeners requests, statuses and how long requests took; "
                              "all of it computed from two readings of the counters and refreshed in place. "
                              "On a terminal the screen is as large as it is, 80 x 24 is enough: q ends, s sorts by "
                              "the next key, Tab changes between listeners and members, Up, Down, Space and b "
                              "scroll. "
                              "Where standard output is no terminal, tables follow each other; -o json writes one "
                              "line for each reading.",
               .options = {{"--interval,-i", "SECONDS", "time between two readings, 0.1 to 3600 (default 1)"},
                           {"--once", "", "one screen, then end", Kind::kFlag},
                           {"--rounds", "N", "end after so many screens"},
                           {.names = "--sort,-s",
                            .placeholder = "KEY",
                            .help = "what to order by, the largest first (default connections)",
                            .choices = rate_sort_keys()}},
               .examples = {{"", "elbctl top"},
                            {"the busiest members by bytes, once", "elbctl top --once --sort bytes"},
                            {"a log of rates, a line every 10 seconds", "elbctl top -i 10 -o json >> rates.jsonl"}},
               .run = run}}};
}

}  // namespace elb::cli
