// SPDX-License-Identifier: Apache-2.0
// From the words of the command line to a command with its arguments. The only user of CLI11.
// Thread rule: pure function of its input.
#pragma once

#include <string>
#include <vector>

#include "cli/args.h"
#include "cli/command.h"
#include "cli/failure.h"

namespace elb::cli {

struct Invocation {
  const Noun* noun = nullptr;        // null: elbctl alone
  const Command* command = nullptr;  // null: a noun alone
  bool help = false;                 // --help was given: show it instead of running
  Args args{};                       // global options included
};

/// `words` are the arguments without the program's name. Usage failures say what is wrong and where help is.
Outcome<Invocation> parse_command_line(std::vector<std::string> words);

}  // namespace elb::cli
