// SPDX-License-Identifier: Apache-2.0
#include "toa/command.h"

#include <elb/toa_member.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace elb::toa {
namespace {

struct Outcome {
  int status = 0;
  std::string out, err;
};

Outcome command(std::vector<const char*> words) {
  words.insert(words.begin(), "elb-toa");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.status = run(static_cast<int>(words.size()), words.data());
  std::fflush(stdout);
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

/// Options and commands that a text names: what begins with two dashes, and the four verbs.
std::set<std::string> options_in(const std::string& text) {
  std::set<std::string> found;
  for (size_t at = text.find("--"); at != std::string::npos; at = text.find("--", at + 2)) {
    const size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at + 2);
    found.insert(text.substr(at, end - at));
  }
  return found;
}

std::string manual() {
  std::ifstream file(ELB_SOURCE_DIR "/docs/man/elb-toa.8");
  std::string page(std::istreambuf_iterator<char>(file), {});
  std::erase(page, '\\');
  return page;
}

TEST(Command, HelpIsComplete) {
  const Outcome help = command({"--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* word : {"load", "unload", "status", "stats", "--trusted", "--cgroup", "--pin-dir", "--verbose",
                           "--version", "ELB_TOA_TRUSTED", "ELB_TOA_CGROUP", "ELB_TOA_PIN_DIR", "100.125.0.0/16"})
    EXPECT_NE(help.out.find(word), std::string::npos) << word << " is missing in\n" << help.out;
}

TEST(Command, TheManualHasTheOptionsOfTheHelpAndTheNamesOfTheStatistics) {
  const auto options = options_in(command({"--help"}).out);
  EXPECT_EQ(options_in(manual()), options);
#define X(name, text) EXPECT_NE(manual().find(".It Sy " text), std::string::npos) << text;
  ELB_TOA_STATS(X)
#undef X
}

TEST(Command, WrongWordsAreWrongUsage) {
  EXPECT_EQ(command({}).status, 2);
  EXPECT_EQ(command({"start"}).status, 2);
  EXPECT_EQ(command({"load", "--trusted"}).status, 2);
  const Outcome refused = command({"load", "--trusted", "100.125.0.0/16,100.126.0.0/40"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("trusted[1]"), std::string::npos) << refused.err;
}

TEST(Command, NothingPinnedIsNotLoaded) {
  for (const char* verb : {"status", "stats", "unload"}) {
    const Outcome outcome = command({verb, "--pin-dir", "/nonexistent/elb-toa"});
    EXPECT_EQ(outcome.status, 3) << verb;
    EXPECT_NE(outcome.err.find("not loaded"), std::string::npos) << outcome.err;
  }
}

}  // namespace
}  // namespace elb::toa
