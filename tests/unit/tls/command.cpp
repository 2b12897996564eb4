// SPDX-License-Identifier: Apache-2.0
#include "unit/tls/command.h"

#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace elb::test {

CommandResult run_command(const std::string& directory, const std::string& command) {
  CommandResult result;
  const std::string script = directory + "/.command";
  write_file(script, command);
  const std::string line = "cd '" + directory + "' && timeout 30 sh ./.command 2>&1 < /dev/null";
  std::FILE* pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) return result;
  char buffer[4096];
  size_t count = 0;
  while ((count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0) result.output.append(buffer, count);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
  return result;
}

void write_file(const std::string& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary) << contents;
}

std::string read_file(const std::string& path) {
  std::ostringstream contents;
  contents << std::ifstream(path, std::ios::binary).rdbuf();
  return contents.str();
}

}  // namespace elb::test
