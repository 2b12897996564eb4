// SPDX-License-Identifier: Apache-2.0
// Shell completion: the candidates for the last of the words typed so far, from the table of commands and, for names of
// objects, from the agent. The shells' scripts only ask and show. Thread rule: as Api.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace elb::cli {

struct Candidate {
  std::string word;
  std::string help;  // one line, may be empty
};

/// `words` as typed after "elbctl"; the last one, possibly empty, is being completed. Never fails: where the agent does
/// not answer there are no names.
std::vector<Candidate> complete(Context& context, std::vector<std::string> words);

/// The script for "bash", "zsh" or "fish"; empty for any other shell.
std::string completion_script(const std::string& shell);

}  // namespace elb::cli
