// SPDX-License-Identifier: Apache-2.0
// elbctl completion, and two hidden commands: what the shells ask, and the source of the manual page.
#include <fmt/core.h>

#include "cli/args.h"
#include "cli/complete.h"
#include "cli/context.h"
#include "cli/help.h"
#include "cli/nouns/all.h"

namespace elb::cli {
namespace {

Done completion(Context& context, const Command&, const Args& args) {
  const std::string script = completion_script(args.text("SHELL"));
  if (script.empty()) {
    return usage_error(fmt::format("no completion for the shell '{}'", args.text("SHELL")),
                       "there is bash, zsh and fish");
  }
  context.out() << script;
  return {};
}

Done candidates(Context& context, const Command&, const Args& args) {
  for (const Candidate& candidate : complete(context, args.all("WORD"))) {
    context.out() << candidate.word << "\t" << candidate.help << "\n";
  }
  return {};
}

Done manual(Context& context, const Command&, const Args&) {
  context.out() << manual_page();
  return {};
}

}  // namespace

Noun completion_noun() {
  return {
      .name = "completion",
      .summary = "print the completion script for a shell",
      .commands = {{.verb = "",
                    .summary = "print the completion script for a shell",
                    .description = "Completes commands, options, their values and, by asking the agent, the names of "
                                   "objects.",
                    .positionals = {{"SHELL", "bash, zsh or fish"}},
                    .examples = {{"for this bash", "source <(elbctl completion bash)"},
                                 {"for every bash", "elbctl completion bash > /etc/bash_completion.d/elbctl"},
                                 {"for fish", "elbctl completion fish | source"}},
                    .run = completion}}};
}

Noun complete_noun() {
  return {.name = "__complete",
          .summary = "the candidates for the last word",
          .commands = {{.verb = "",
                        .summary = "the candidates for the last word",
                        .positionals = {{"WORD", "the words of the command line", "", "", false, true}},
                        .examples = {{"", "elbctl __complete -- lb ''"}},
                        .run = candidates,
                        .hidden = true}},
          .hidden = true};
}

Noun manual_noun() {
  return {.name = "__manual",
          .summary = "the manual page as mdoc source",
          .commands = {{.verb = "",
                        .summary = "the manual page as mdoc source",
                        .examples = {{"", "elbctl __manual > docs/man/elbctl.1"}},
                        .run = manual,
                        .hidden = true}},
          .hidden = true};
}

}  // namespace elb::cli
