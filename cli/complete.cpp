// SPDX-License-Identifier: Apache-2.0
#include "cli/complete.h"

#include <algorithm>

#include "cli/command.h"
#include "cli/resolve.h"
#include "cli/spelling.h"
#include "cli/text.h"

namespace elb::cli {
namespace {

using Words = std::vector<std::string>;

std::vector<Candidate> noun_candidates() {
  std::vector<Candidate> list;
  for (const Noun& noun : nouns()) {
    if (noun.hidden) continue;
    list.push_back({noun.name, noun.summary});
    if (noun.name == "loadbalancer" || noun.name == "healthmonitor")
      list.push_back({noun.aliases.front(), noun.summary});
  }
  return list;
}

std::vector<Candidate> verb_candidates(const Noun& noun) {
  std::vector<Candidate> list;
  for (const Command& command : noun.commands) {
    if (!command.hidden && !command.verb.empty()) list.push_back({command.verb, command.summary});
  }
  return list;
}

/// The names of all objects of a kind; ids for those without a name, addresses for members.
std::vector<Candidate> live_names(Context& context, const std::string& noun, const Words& positionals) {
  std::vector<Candidate> list;
  Resource resource;
  if (noun == "member") {
    if (positionals.empty()) return list;
    const auto pool = find_id(context, pools(), positionals.front());
    if (!pool) return list;
    resource = members_of(*pool);
  } else if (const Resource* found = find_resource(noun)) {
    resource = *found;
  } else {
    return list;
  }
  const auto objects = context.api.list(resource.path, resource.plural);
  if (!objects) return list;
  for (const codec::Value& object : *objects) {
    std::string name = object.get("name").text();
    const std::string address = object.get("address").text();
    if (name.empty() && !address.empty()) {
      const bool six = address.find(':') != std::string::npos;
      const std::string port = object.get("protocol_port").text();
      name = noun != "member" ? address : (six ? "[" + address + "]" : address) + ":" + port;
    }
    if (name.empty()) name = object.get("id").text();
    list.push_back({harmless(name), address.empty() ? resource.title : harmless(address)});
  }
  return list;
}

const Option* find_option(const std::string& word, const Command* command) {
  const auto search = [&](const std::vector<Option>& options) -> const Option* {
    for (const Option& option : options) {
      const Words names = spellings(option);
      if (std::find(names.begin(), names.end(), word) != names.end()) return &option;
    }
    return nullptr;
  };
  const Option* found = command == nullptr ? nullptr : search(command->options);
  return found == nullptr ? search(global_options()) : found;
}

std::vector<Candidate> option_candidates(const Command* command) {
  std::vector<Candidate> list;
  const auto add = [&](const std::vector<Option>& options) {
    for (const Option& option : options) list.push_back({spellings(option).front(), option.help});
  };
  if (command != nullptr) add(command->options);
  add(global_options());
  list.push_back({"--help", "say what this command does"});
  return list;
}

std::vector<Candidate> value_candidates(Context& context, const Option& option, const Words& positionals) {
  std::vector<Candidate> list;
  for (const std::string& choice : option.choices) list.push_back({choice, ""});
  return option.noun.empty() ? list : live_names(context, option.noun, positionals);
}

std::vector<Candidate> all_candidates(Context& context, const Words& words, const std::string& last) {
  const Noun* noun = nullptr;
  const Command* command = nullptr;
  Words positionals;
  const Option* open = nullptr;  // the option whose value comes next
  for (const std::string& word : words) {
    if (open != nullptr) {
      open = nullptr;
    } else if (word.starts_with('-') && word.size() > 1) {
      const Option* option = find_option(word, command);
      if (option != nullptr && option->kind != Kind::kFlag) open = option;
    } else if (noun == nullptr) {
      noun = find_noun(word);
      if (noun == nullptr) return {};
      if (noun->commands.front().verb.empty()) command = &noun->commands.front();
    } else if (command == nullptr) {
      command = find_command(*noun, word);
      if (command == nullptr) return {};
    } else {
      positionals.push_back(word);
    }
  }
  if (open != nullptr) return value_candidates(context, *open, positionals);
  if (last.starts_with('-')) return option_candidates(command);
  if (noun == nullptr) return noun_candidates();
  if (command == nullptr) return verb_candidates(*noun);
  for (size_t i = 0; i < command->positionals.size(); ++i) {
    const Positional& positional = command->positionals[i];
    if (i < positionals.size() && !positional.repeated) continue;
    if (noun->name == "completion") return {{"bash", ""}, {"zsh", ""}, {"fish", ""}};
    return positional.noun.empty() ? std::vector<Candidate>{} : live_names(context, positional.noun, positionals);
  }
  return {};
}

}  // namespace

std::vector<Candidate> complete(Context& context, Words words) {
  if (words.empty()) words.emplace_back();
  std::string last = std::move(words.back());
  words.pop_back();
  std::string given;  // "--output=" is kept in front of its values
  if (const size_t equals = last.find('='); last.starts_with("--") && equals != std::string::npos) {
    words.push_back(last.substr(0, equals));
    given = last.substr(0, equals + 1);
    last.erase(0, equals + 1);
  }
  // "get lb <TAB>": the same positionals as "lb list" or "lb show"; show takes what list takes and more.
  if (words.size() >= 2 && words[0] == "get" && find_noun(words[1]) != nullptr) words[0] = "describe";
  std::vector<Candidate> list;
  for (Candidate& candidate : all_candidates(context, noun_first(std::move(words)), last)) {
    if (!candidate.word.starts_with(last)) continue;
    candidate.word.insert(0, given);
    list.push_back(std::move(candidate));
  }
  return list;
}

}  // namespace elb::cli
