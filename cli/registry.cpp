// SPDX-License-Identifier: Apache-2.0
// The table of commands and the look-ups in it.
#include <algorithm>

#include "cli/command.h"
#include "cli/nouns/access.h"
#include "cli/nouns/all.h"
#include "cli/nouns/configuration.h"
#include "cli/render.h"

namespace elb::cli {

const std::vector<Noun>& nouns() {
  static const std::vector<Noun> kNouns = {
      load_balancer_noun(), listener_noun(), pool_noun(),   member_noun(),    health_monitor_noun(), whitelist_noun(),
      certificate_noun(),   l7policy_noun(), l7rule_noun(), eip_noun(),       subnet_noun(),         apply_noun(),
      diff_noun(),          validate_noun(), export_noun(), revision_noun(),  rollback_noun(),       status_noun(),
      explain_noun(),       events_noun(),   logs_noun(),   accesslog_noun(), flows_noun(),          drops_noun(),
      top_noun(),           metrics_noun(),  alarm_noun(),  trace_noun(),     doctor_noun(),         version_noun(),
      token_noun(),         project_noun(),  quota_noun(),  audit_noun(),     context_noun(),        completion_noun(),
      complete_noun(),      manual_noun(),
  };
  return kNouns;
}

const std::vector<Option>& global_options() {
  static const std::vector<Option> kOptions = {
      {"--endpoint", "URL",
       "the agent's address: unix:PATH, http://HOST:PORT or https://HOST:PORT (ELB_ENDPOINT; default "
       "unix:/run/elb/api.sock, without such a socket http://127.0.0.1:9876)"},
      {"--token", "TOKEN", "what to show to the agent (ELB_TOKEN); others can see it in the list of processes"},
      {"--token-file", "FILE", "a file, mode 0600, that has the token (ELB_TOKEN_FILE)"},
      {"--ca-file", "FILE", "certificates to trust with https (ELB_CA_FILE; default those of the system)"},
      {"--context", "NAME", "the context to take these from (ELB_CONTEXT; default the current one of elbctl context)"},
      {"--project", "ID", "work in this project (ELB_PROJECT): new objects get it, lists show only its objects"},
      {"--timeout", "SECONDS", "give up after this time, --wait included (ELB_TIMEOUT; default 30)"},
      {.names = "--output,-o", .placeholder = "FORMAT", .help = "how to print data", .choices = format_names()},
      {"--quiet,-q", "", "no messages, only data and errors", Kind::kFlag},
      {"--version", "", "the same as elbctl version", Kind::kFlag},
  };
  return kOptions;
}

const Noun* find_noun(std::string_view word) {
  for (const Noun& noun : nouns()) {
    if (noun.name == word || std::find(noun.aliases.begin(), noun.aliases.end(), word) != noun.aliases.end()) {
      return &noun;
    }
  }
  return nullptr;
}

const Command* find_command(const Noun& noun, std::string_view word) {
  for (const Command& command : noun.commands) {
    const auto& aliases = command.aliases;
    if (command.verb == word || std::find(aliases.begin(), aliases.end(), word) != aliases.end()) return &command;
  }
  return nullptr;
}

std::vector<std::string> spellings(const Option& option) {
  std::vector<std::string> names;
  std::string_view rest = option.names;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(','), rest.size());
    names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return names;
}

std::string key_of(const Option& option) { return spellings(option).front().substr(2); }

}  // namespace elb::cli
