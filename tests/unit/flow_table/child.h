// SPDX-License-Identifier: Apache-2.0
// Runs one of the programs of build/bin/stress, echoes what it says, and returns its exit status and output.
#pragma once

#include <sys/wait.h>

#include <cstdio>
#include <string>

#ifndef ELB_STRESS_DIR
#define ELB_STRESS_DIR "."  // CMake says where they are
#endif

namespace elb::test {

struct ChildResult {
  int status = -1;  // -1: did not start or was killed
  std::string output;
};

inline ChildResult run_variant(const std::string& variant, const std::string& arguments) {
  ChildResult result;
  const std::string command = std::string(ELB_STRESS_DIR) + "/flow_stress_" + variant + " " + arguments;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return result;
  char line[512];
  while (std::fgets(line, sizeof(line), pipe) != nullptr) {
    result.output += line;
    std::fputs(line, stdout);
    std::fflush(stdout);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
  return result;
}

}  // namespace elb::test
