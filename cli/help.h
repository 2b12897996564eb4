// SPDX-License-Identifier: Apache-2.0
// Help made from the table of commands: for a terminal, and as the source of elbctl(1).
// Thread rule: pure functions of the table.
#pragma once

#include <string>

#include "cli/command.h"

namespace elb::cli {

std::string program_help();
std::string noun_help(const Noun& noun);
std::string command_help(const Noun& noun, const Command& command);

/// "elbctl listener create [NAME] --lb LB --protocol PROTOCOL --port PORT [options]".
std::string usage_line(const Noun& noun, const Command& command);
/// "-o, --output FORMAT", short names first.
std::string option_title(const Option& option);
/// The help text with the choices behind it.
std::string option_text(const Option& option);

/// elbctl(1) as mdoc source.
std::string manual_page();

struct ExitMeaning {
  int status;
  const char* meaning;
};
extern const ExitMeaning kExitMeanings[6];

}  // namespace elb::cli
