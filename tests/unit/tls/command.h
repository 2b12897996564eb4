// SPDX-License-Identifier: Apache-2.0
// Runs a command line in a directory and returns what it says. Thread rule: any thread.
#pragma once

#include <string>

namespace elb::test {

struct CommandResult {
  int status = -1;     // -1: did not start or was killed
  std::string output;  // stdout and stderr
};

/// By /bin/sh in `directory`, at most 30 s; standard input is empty.
CommandResult run_command(const std::string& directory, const std::string& command);

void write_file(const std::string& path, const std::string& contents);
std::string read_file(const std::string& path);

}  // namespace elb::test
