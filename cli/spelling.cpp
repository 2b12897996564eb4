// SPDX-License-Identifier: Apache-2.0
#include "cli/spelling.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

namespace elb::cli {
namespace {

/// Levenshtein's distance.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

size_t count_positionals(const std::vector<std::string>& words, size_t from, const Noun& noun) {
  size_t count = 0;
  for (size_t i = from; i < words.size(); ++i) {
    if (!words[i].starts_with('-')) {
      ++count;
      continue;
    }
    bool takes = takes_next_word(words[i], global_options());
    for (const Command& command : noun.commands) takes = takes || takes_next_word(words[i], command.options);
    if (takes) ++i;
  }
  return count;
}

}  // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  size_t best = std::max<size_t>(word.size() / 3, 1) + 1;
  std::string found;
  for (const std::string& candidate : known) {
    size_t d = distance(word, candidate);
    if (word.size() > 2 && candidate.starts_with(word)) d = 1;
    if (d < best) {
      best = d;
      found = candidate;
    }
  }
  return found.empty() ? std::string() : fmt::format(", did you mean '{}'?", found);
}

bool takes_next_word(std::string_view word, const std::vector<Option>& options) {
  for (const Option& option : options) {
    if (option.kind == Kind::kFlag) continue;
    for (const std::string& name : spellings(option)) {
      if (name == word) return true;
    }
  }
  return false;
}

std::vector<std::string> noun_first(std::vector<std::string> words) {
  if (words.size() < 2 || find_noun(words[0]) != nullptr) return words;
  const Noun* noun = find_noun(words[1]);
  if (noun == nullptr) return words;
  std::string verb = words[0];
  if (verb == "describe") verb = "show";
  if (verb == "get") {
    const Command* list = find_command(*noun, "list");
    const size_t needed = list == nullptr ? 0 : list->positionals.size();
    verb = count_positionals(words, 2, *noun) > needed ? "show" : "list";
  }
  const Command* command = find_command(*noun, verb);
  if (command == nullptr || command->verb.empty()) return words;
  words[0] = noun->name;
  words[1] = command->verb;
  return words;
}

}  // namespace elb::cli
