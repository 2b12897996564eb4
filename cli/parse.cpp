// SPDX-License-Identifier: Apache-2.0
#include "cli/parse.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/spelling.h"

namespace elb::cli {
namespace {

using Words = std::vector<std::string>;
using Difference = Words::difference_type;

Failure usage_failure(std::string message, const std::string& where) {
  return {Exit::kUsage, std::move(message), fmt::format("see: elbctl{} --help", where)};
}

bool asks_help(const std::string& word) { return word == "--help" || word == "-h"; }

/// CLI11 takes the next word as the value of "--name="; an empty value has to be a word of its own.
void split_empty_values(Words& words) {
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i].size() < 4 || !words[i].starts_with("--") || words[i].find('=') != words[i].size() - 1) continue;
    words[i].pop_back();
    words.insert(words.begin() + static_cast<Difference>(i) + 1, "");
  }
}

CLI::Option* declare(CLI::App& app, const Option& option) {
  if (option.kind == Kind::kFlag) return app.add_flag(option.names);
  CLI::Option* made = app.add_option(option.names)->expected(1)->allow_extra_args(false);
  made->multi_option_policy(option.repeated ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::Throw);
  return made;
}

Words names_of(const std::vector<const Option*>& options) {
  Words names;
  for (const Option* option : options) {
    for (std::string& name : spellings(*option)) names.push_back(std::move(name));
  }
  return names;
}

Done assign(const Words& words, const std::vector<Positional>& positionals, const std::string& where, Args& args) {
  size_t at = 0;
  for (const Positional& positional : positionals) {
    if (at == words.size() && positional.required) {
      return pass_on(usage_failure(fmt::format("{} is missing", positional.name), where));
    }
    const size_t end = positional.repeated ? words.size() : std::min(at + 1, words.size());
    for (; at < end; ++at) args.add(positional.name, words[at]);
  }
  if (at == words.size()) return {};
  return pass_on(usage_failure(fmt::format("'{}' is one argument too many", words[at]), where));
}

/// Reads `words` as values of the options and positionals into `args`. True when they ask for help instead.
Outcome<bool> read_words(Words words, const std::vector<const Option*>& options,
                         const std::vector<Positional>& positionals, const std::string& where, Args& args) {
  CLI::App app;
  app.set_help_flag("-h,--help");
  // Positionals are what is left over: CLI11's own would split values such as "[a,b]".
  app.allow_extras();
  std::vector<CLI::Option*> made;
  made.reserve(options.size());
  for (const Option* option : options) made.push_back(declare(app, *option));
  const auto mark = std::find(words.begin(), words.end(), "--");
  const Words literal(mark == words.end() ? mark : mark + 1, words.end());
  words.erase(mark, words.end());
  split_empty_values(words);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    return true;
  } catch (const CLI::Error& error) {
    return pass_on(usage_failure(error.what(), where));
  }
  Words others = app.remaining();
  for (const std::string& word : others) {
    if (!word.starts_with('-') || word.size() == 1) continue;
    const std::string name = word.substr(0, word.find('='));
    return pass_on(
        usage_failure(fmt::format("unknown option '{}'{}", name, did_you_mean(name, names_of(options))), where));
  }
  others.insert(others.end(), literal.begin(), literal.end());
  if (const Done done = assign(others, positionals, where, args); !done) return pass_on(done.error());
  for (size_t i = 0; i < options.size(); ++i) {
    const Option& option = *options[i];
    if (made[i]->count() == 0) {
      if (!option.required) continue;
      return pass_on(
          usage_failure(fmt::format("{} {} is required", spellings(option).front(), option.placeholder), where));
    }
    if (option.kind == Kind::kFlag) {
      args.add_flag(key_of(option));
    } else {
      for (const std::string& value : made[i]->results()) args.add(key_of(option), value);
    }
  }
  return false;
}

/// The command's own options, then the global ones that it does not spell otherwise ("hm create --timeout").
std::vector<const Option*> visible_options(const Command& command) {
  std::vector<const Option*> options;
  for (const Option& option : command.options) options.push_back(&option);
  const Words taken = names_of(options);
  for (const Option& option : global_options()) {
    const Words names = spellings(option);
    const auto is_taken = [&](const std::string& name) {
      return std::find(taken.begin(), taken.end(), name) != taken.end();
    };
    if (std::none_of(names.begin(), names.end(), is_taken)) options.push_back(&option);
  }
  return options;
}

template <class Range, class Name>
Words collect(const Range& range, Name name) {
  Words words;
  for (const auto& one : range) words.push_back(name(one));
  return words;
}

/// `words` begin with the noun.
Outcome<Invocation> read_command(Words words, Invocation invocation) {
  words = noun_first(std::move(words));
  const Noun* noun = find_noun(words.front());
  if (noun == nullptr) {
    Words known = collect(nouns(), [](const Noun& one) { return one.name; });
    for (const Noun& one : nouns()) known.insert(known.end(), one.aliases.begin(), one.aliases.end());
    return pass_on(
        usage_failure(fmt::format("unknown command '{}'{}", words.front(), did_you_mean(words.front(), known)), ""));
  }
  invocation.noun = noun;
  words.erase(words.begin());
  const Command* command = &noun->commands.front();
  std::string where = " " + noun->name;
  if (!command->verb.empty()) {
    if (words.empty() || words.front().starts_with('-')) {
      invocation.help = invocation.help || std::any_of(words.begin(), words.end(), asks_help);
      if (invocation.help) return invocation;
      return pass_on(usage_failure(fmt::format("{} needs a verb", noun->name), where));
    }
    command = find_command(*noun, words.front());
    if (command == nullptr) {
      const Words known = collect(noun->commands, [](const Command& one) { return one.verb; });
      return pass_on(usage_failure(
          fmt::format("{} has no verb '{}'{}", noun->name, words.front(), did_you_mean(words.front(), known)), where));
    }
    where += " " + command->verb;
    words.erase(words.begin());
  }
  invocation.command = command;
  const auto help =
      read_words(std::move(words), visible_options(*command), command->positionals, where, invocation.args);
  if (!help) return pass_on(help.error());
  invocation.help = invocation.help || *help;
  return invocation;
}

}  // namespace

Outcome<Invocation> parse_command_line(Words words) {
  // Global options may stand before the noun. They are read on their own, since a command may use the same spelling.
  size_t at = 0;
  while (at < words.size() && words[at].starts_with('-') && words[at].size() > 1) {
    at += takes_next_word(words[at], global_options()) ? 2 : 1;
  }
  at = std::min(at, words.size());
  const Words before(words.begin(), words.begin() + static_cast<Difference>(at));
  words.erase(words.begin(), words.begin() + static_cast<Difference>(at));
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    Invocation asked;
    asked.help = true;
    if (words.empty()) return asked;
    words.push_back("--help");
    return read_command(std::move(words), std::move(asked));
  }
  Invocation invocation;
  std::vector<const Option*> options;
  for (const Option& option : global_options()) options.push_back(&option);
  const auto help = read_words(before, options, {}, "", invocation.args);
  if (!help) return pass_on(help.error());
  invocation.help = *help;
  if (!words.empty()) return read_command(std::move(words), std::move(invocation));
  if (invocation.args.has("version")) {
    invocation.noun = find_noun("version");
    invocation.command = &invocation.noun->commands.front();
  } else if (!invocation.help) {
    return pass_on(usage_failure("no command given", ""));
  }
  return invocation;
}

}  // namespace elb::cli
