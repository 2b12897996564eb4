// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "unit/cli/support.h"

namespace elb::cli {
namespace {

std::vector<std::string> candidates(std::vector<std::string> words,
                                    const std::string& endpoint = "http://127.0.0.1:1") {
  words.insert(words.begin(), {"__complete", "--"});
  const Ran ran = run_elbctl(words, endpoint);
  EXPECT_EQ(ran.exit, Exit::kOk) << ran.err;
  EXPECT_EQ(ran.err, "");
  std::vector<std::string> found;
  for (size_t begin = 0; begin < ran.out.size();) {
    const size_t end = ran.out.find('\n', begin);
    found.push_back(ran.out.substr(begin, ran.out.find('\t', begin) - begin));
    begin = end + 1;
  }
  return found;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

using Words = std::vector<std::string>;

TEST(Completion, NounsVerbsOptionsAndChoices) {
  EXPECT_TRUE(contains(candidates({""}), "loadbalancer"));
  EXPECT_TRUE(contains(candidates({""}), "hm"));
  EXPECT_FALSE(contains(candidates({""}), "__complete"));
  EXPECT_EQ(candidates({"li"}), (Words{"listener"}));
  EXPECT_EQ(candidates({"lb", "s"}), (Words{"show", "set", "status", "stats"}));
  EXPECT_EQ(candidates({"listener", "create", "x", "--pro"}),
            (Words{"--protocol", "--proxy-protocol-from", "--project"}));
  EXPECT_EQ(candidates({"listener", "create", "--protocol", ""}), (Words{"TCP", "UDP", "HTTP", "HTTPS"}));
  EXPECT_EQ(candidates({"listener", "create", "--protocol=U"}), (Words{"--protocol=UDP"}));
  EXPECT_EQ(candidates({"lb", "list", "-o", "j"}), (Words{"json"}));
  EXPECT_EQ(candidates({"-o", "json", "pool", "l"}), (Words{"list"}));
  EXPECT_EQ(candidates({"completion", ""}), (Words{"bash", "zsh", "fish"}));
  EXPECT_EQ(candidates({"nonsense", ""}), (Words{}));
}

TEST(Completion, NamesComeFromTheAgent) {
  ScriptedAgent agent;
  agent.on("GET /v2.0/lbaas/loadbalancers",
           R"({"loadbalancers":[{"id":"1","name":"web"},{"id":"2","name":"wiki"},{"id":"3","name":""}]})");
  agent.on("GET /v2.0/lbaas/pools?name=p", R"({"pools":[{"id":"2"}]})");
  agent.on(
      "GET /v2.0/lbaas/pools/2/members",
      R"({"members":[{"id":"m","name":"","address":"10.1.0.1","protocol_port":80},{"id":"n","name":"web-2","address":"10.1.0.2","protocol_port":80}]})");
  const std::string endpoint = agent.endpoint();
  EXPECT_EQ(candidates({"lb", "show", ""}, endpoint), (Words{"web", "wiki", "3"}));
  EXPECT_EQ(candidates({"get", "lb", "wi"}, endpoint), (Words{"wiki"}));
  EXPECT_EQ(candidates({"lb", "delete", "web", "wi"}, endpoint), (Words{"wiki"}));
  EXPECT_EQ(candidates({"listener", "create", "x", "--lb", "we"}, endpoint), (Words{"web"}));
  EXPECT_EQ(candidates({"member", "set", "p", ""}, endpoint), (Words{"10.1.0.1:80", "web-2"}));
  EXPECT_EQ(candidates({"get", "member", "p", "w"}, endpoint), (Words{"web-2"}));
}

TEST(Completion, AnAgentThatIsGoneMeansNoNames) { EXPECT_EQ(candidates({"lb", "show", ""}), (Words{})); }

TEST(Completion, ScriptsAskTheHiddenCommand) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Ran ran = run_elbctl({"completion", shell}, "http://127.0.0.1:1");
    EXPECT_EQ(ran.exit, Exit::kOk);
    EXPECT_NE(ran.out.find("elbctl __complete -- "), std::string::npos) << shell;
  }
}

}  // namespace
}  // namespace elb::cli
