// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "cli/text.h"

namespace elb::cli {

const ExitMeaning kExitMeanings[6] = {
    {0, "done"},
    {1, "refused by the agent, or failed"},
    {2, "the command line is wrong"},
    {3, "no such object"},
    {4, "conflict: exists already, is in use, has children, or the name is ambiguous"},
    {5, "the agent was not reachable or busy, or --timeout passed"},
};

namespace {

using Entry = std::pair<std::string, std::string>;

constexpr size_t kLineWidth = 100;
constexpr size_t kWidestTitle = 34;

/// Two columns: what, and what it does.
std::string entries(const std::vector<Entry>& list) {
  size_t width = 0;
  for (const Entry& entry : list) {
    if (display_width(entry.first) <= kWidestTitle) width = std::max(width, display_width(entry.first));
  }
  std::string out;
  for (const auto& [title, text] : list) {
    std::string line = "  " + padded(title, width) + "  ";
    if (display_width(title) > width) {
      out += "  " + title + "\n";
      line = std::string(width + 4, ' ');
    }
    for (const std::string& part : wrapped(text, kLineWidth - width - 4)) {
      out += line + part + "\n";
      line = std::string(width + 4, ' ');
    }
  }
  return out;
}

std::string paragraph(const std::string& text) {
  std::string out;
  for (const std::string& line : wrapped(text, kLineWidth)) out += line + "\n";
  return out + "\n";
}

std::vector<Entry> option_entries(const std::vector<Option>& options) {
  std::vector<Entry> list;
  list.reserve(options.size());
  for (const Option& option : options) list.emplace_back(option_title(option), option_text(option));
  return list;
}

std::string with_aliases(std::string text, const std::vector<std::string>& aliases) {
  for (size_t i = 0; i < aliases.size(); ++i) text += (i == 0 ? " (also: " : ", ") + aliases[i];
  return aliases.empty() ? text : text + ")";
}

}  // namespace

std::string usage_line(const Noun& noun, const Command& command) {
  std::string line = "elbctl " + noun.name + (command.verb.empty() ? "" : " " + command.verb);
  for (const Positional& positional : command.positionals) {
    const std::string name = positional.name + (positional.repeated ? "..." : "");
    line += positional.required ? " " + name : " [" + name + "]";
  }
  bool more = false;
  for (const Option& option : command.options) {
    more = more || !option.required;
    if (option.required) line += " " + spellings(option).front() + " " + option.placeholder;
  }
  return more ? line + " [options]" : line;
}

std::string option_title(const Option& option) {
  std::string out;
  std::vector<std::string> names = spellings(option);
  std::stable_sort(names.begin(), names.end(),
                   [](const std::string& a, const std::string& b) { return a.size() == 2 && b.size() != 2; });
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return option.placeholder.empty() ? out : out + " " + option.placeholder;
}

std::string option_text(const Option& option) {
  std::string text = option.help;
  for (size_t i = 0; i < option.choices.size(); ++i) text += (i == 0 ? ": " : ", ") + option.choices[i];
  if (option.repeated) text += " (may be repeated)";
  return text;
}

std::string program_help() {
  std::string out = "elbctl - manage an elastic load balancer through its agent's REST API\n\n";
  out += "usage: elbctl NOUN VERB [arguments] [options]\n\ncommands:\n";
  std::vector<Entry> list;
  for (const Noun& noun : nouns()) {
    if (!noun.hidden) list.emplace_back(noun.name, with_aliases(noun.summary, noun.aliases));
  }
  out += entries(list);
  out += "\nThe verb may also come first: elbctl get lb, elbctl describe pool web-pool, elbctl delete lb web.\n";
  out += "elbctl NOUN --help and elbctl NOUN VERB --help say more. Objects are given by name or id.\n\n";
  out += "options of every command:\n" + entries(option_entries(global_options()));
  out += "\nexamples:\n";
  for (const char* line :
       {"elbctl lb create web --vip-address 10.0.0.100",
        "elbctl listener create web-80 --lb web --protocol TCP --port 80",
        "elbctl pool create web-pool --listener web-80", "elbctl member add web-pool 10.1.0.1:80 --weight 10",
        "elbctl hm create web-pool --wait", "elbctl status"}) {
    out += fmt::format("  {}\n", line);
  }
  out += "\nexit status:\n";
  for (const ExitMeaning& exit : kExitMeanings) out += fmt::format("  {}  {}\n", exit.status, exit.meaning);
  return out;
}

std::string noun_help(const Noun& noun) {
  std::string out = fmt::format("elbctl {} - {}\n\nusage: elbctl {} VERB [arguments] [options]\n\nverbs:\n", noun.name,
                                noun.summary, noun.name);
  std::vector<Entry> list;
  for (const Command& command : noun.commands) {
    if (!command.hidden) list.emplace_back(command.verb, with_aliases(command.summary, command.aliases));
  }
  out += entries(list);
  if (!noun.aliases.empty()) out += "\n" + with_aliases(noun.name, noun.aliases) + "\n";
  out += "\nexamples:\n";
  for (const Command& command : noun.commands) {
    for (const Example& example : command.examples) out += "  " + example.line + "\n";
  }
  return out;
}

std::string command_help(const Noun& noun, const Command& command) {
  if (command.verb.empty() && noun.commands.size() > 1) return noun_help(noun);
  std::string out = fmt::format("elbctl {}{}{} - {}\n\nusage: {}\n\n", noun.name, command.verb.empty() ? "" : " ",
                                command.verb, command.summary, usage_line(noun, command));
  if (!command.description.empty()) out += paragraph(command.description);
  if (!command.positionals.empty()) {
    std::vector<Entry> list;
    for (const Positional& positional : command.positionals) {
      list.emplace_back(positional.name, positional.help + (positional.repeated ? " (one or more)" : ""));
    }
    out += "arguments:\n" + entries(list) + "\n";
  }
  if (!command.options.empty()) out += "options:\n" + entries(option_entries(command.options)) + "\n";
  out += "options of every command: see elbctl --help\n";
  if (!command.examples.empty()) out += "\nexamples:\n";
  for (const Example& example : command.examples) {
    if (!example.text.empty()) out += "  # " + example.text + "\n";
    out += "  " + example.line + "\n";
  }
  return out;
}

}  // namespace elb::cli
