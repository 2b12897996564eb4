// SPDX-License-Identifier: Apache-2.0
#include "toa/means.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string_view>

namespace elb::test {
namespace {

Means& instance() {
  static Means means;
  return means;
}
bool is_loaded = false;

int change(const std::string& command, bool to) {
  if (is_loaded == to || command.empty()) return 0;
  const Outcome outcome = shell(command);
  EXPECT_EQ(outcome.status, 0) << command << "\n" << outcome.output;
  if (outcome.status == 0) is_loaded = to;
  return outcome.status;
}

[[noreturn]] void usage(std::string_view problem) {
  std::fprintf(stderr,
               "toa_harness: %.*s\nusage: toa_harness [--expect module|twin|none] [--load COMMAND] [--unload COMMAND]\n"
               "  [--stats COMMAND] [--connections N] [--strangers N] [--cycles N] [--gtest_...]\n",
               static_cast<int>(problem.size()), problem.data());
  std::exit(2);
}

}  // namespace

Means Means::from(int argc, char** argv) {
  Means result;
  const std::map<std::string_view, std::string*> texts = {
      {"--expect", &result.expect}, {"--load", &result.load}, {"--unload", &result.unload}, {"--stats", &result.stats}};
  const std::map<std::string_view, unsigned*> numbers = {
      {"--connections", &result.connections}, {"--strangers", &result.strangers}, {"--cycles", &result.cycles}};
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) usage(std::string(argv[i]) + " needs a value");
    if (const auto text = texts.find(argv[i]); text != texts.end()) {
      *text->second = argv[i + 1];
    } else if (const auto number = numbers.find(argv[i]); number != numbers.end()) {
      *number->second = static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10));
    } else {
      usage(std::string("what is ") + argv[i] + "?");
    }
  }
  if (result.expect != "module" && result.expect != "twin" && result.expect != "none")
    usage("--expect " + result.expect);
  if (result.honours() && (result.load.empty() || result.unload.empty())) usage("--load and --unload are needed");
  return result;
}

const Means& means() { return instance(); }
void set_means(Means means) { instance() = std::move(means); }

int load() { return change(means().load, true); }
int unload() { return change(means().unload, false); }
bool loaded() { return is_loaded; }

std::map<std::string, uint64_t> stats() {
  std::map<std::string, uint64_t> result;
  if (means().stats.empty()) return result;
  std::istringstream lines(shell(means().stats).output);
  std::string name;
  uint64_t value = 0;
  while (lines >> name >> value) result[name] = value;
  return result;
}

Outcome shell(const std::string& command) {
  Outcome outcome{-1, {}};
  FILE* pipe = popen((command + " 2>&1").c_str(), "re");  // NOLINT(cert-env33-c): the means are commands
  if (!pipe) return outcome;
  char chunk[4096];
  while (size_t got = std::fread(chunk, 1, sizeof chunk, pipe)) outcome.output.append(chunk, got);
  const int status = pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

}  // namespace elb::test
