// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "cli/parse.h"
#include "unit/cli/support.h"

namespace elb::cli {
namespace {

const std::string kNowhere = "http://127.0.0.1:1";

TEST(Help, EachCommandHasHelpWithAnExample) {
  for (const Noun& noun : nouns()) {
    for (const Command& command : noun.commands) {
      std::vector<std::string> words = {noun.name};
      if (!command.verb.empty()) words.push_back(command.verb);
      words.push_back("--help");
      const Ran ran = run_elbctl(words, kNowhere);
      EXPECT_EQ(ran.exit, Exit::kOk) << noun.name << " " << command.verb;
      EXPECT_NE(ran.out.find("examples:\n"), std::string::npos) << ran.out;
      EXPECT_EQ(ran.err, "");
      for (const Option& option : command.options) {
        EXPECT_NE(ran.out.find(spellings(option).front()), std::string::npos) << option.names;
      }
    }
  }
}

TEST(Help, ProgramAndNouns) {
  const Ran program = run_elbctl({"--help"}, kNowhere);
  EXPECT_EQ(program.exit, Exit::kOk);
  EXPECT_EQ(run_elbctl({"help"}, kNowhere).out, program.out);
  for (const Noun& noun : nouns()) {
    if (noun.hidden) continue;
    EXPECT_NE(program.out.find("\n  " + noun.name + " "), std::string::npos) << noun.name;
    const Ran ran = run_elbctl({noun.name, "--help"}, kNowhere);
    EXPECT_EQ(ran.exit, Exit::kOk);
    for (const Command& command : noun.commands) {
      EXPECT_NE(ran.out.find(command.verb), std::string::npos) << noun.name << " " << command.verb;
    }
  }
  for (const char* status : {"  0  ", "  1  ", "  2  ", "  3  ", "  4  ", "  5  "}) {
    EXPECT_NE(program.out.find(status), std::string::npos) << status;
  }
  EXPECT_EQ(run_elbctl({"help", "lb", "create"}, kNowhere).out, run_elbctl({"lb", "create", "-h"}, kNowhere).out);
}

TEST(Help, LinesFitATerminal) {
  for (const Noun& noun : nouns()) {
    for (const Command& command : noun.commands) {
      const std::string help = command_help(noun, command);
      const size_t examples = help.find("examples:");
      size_t begin = 0;
      for (size_t end = help.find('\n'); end < examples; begin = end + 1, end = help.find('\n', begin)) {
        EXPECT_LE(end - begin, 110U) << help.substr(begin, end - begin);
      }
    }
  }
}

// Every example in the help is a command line that elbctl takes.
TEST(Help, ExamplesAreValidCommandLines) {
  int checked = 0;
  for (const Noun& noun : nouns()) {
    for (const Command& command : noun.commands) {
      for (const Example& example : command.examples) {
        for (size_t at = example.line.find("elbctl "); at != std::string::npos;
             at = example.line.find("elbctl ", at + 1)) {
          if (at > 0 && example.line[at - 1] == '/') continue;  // a file's name
          const size_t end = example.line.find_first_of(";&|)>", at);
          const auto words = shell_words(example.line.substr(at + 7, end == std::string::npos ? end : end - at - 7));
          const auto parsed = parse_command_line(words);
          EXPECT_TRUE(parsed) << example.line << ": " << (parsed ? "" : parsed.error().message);
          ++checked;
        }
      }
    }
  }
  EXPECT_GT(checked, 50);
}

TEST(Manual, IsMadeFromTheTableAndUpToDate) {
  std::ifstream file(ELB_SOURCE_DIR "/docs/man/elbctl.1");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(page, manual_page()) << "renew it: build/bin/elbctl __manual > docs/man/elbctl.1";
  for (const Noun& noun : nouns()) {
    for (const Command& command : noun.commands) {
      const std::string name = "elbctl " + noun.name + (command.verb.empty() ? "" : " " + command.verb);
      EXPECT_EQ(page.find(".Ss \"" + name) != std::string::npos, !noun.hidden) << name;
    }
  }
}

}  // namespace
}  // namespace elb::cli
