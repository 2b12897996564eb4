// SPDX-License-Identifier: Apache-2.0
// Exit statuses and what is said: a part of the contract with scripts.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/cli/support.h"

namespace elb::cli {
namespace {

const std::string kLb = "/v2.0/lbaas/loadbalancers";

TEST(Exit, UnreachableAgentIsExplained) {
  std::string endpoint;
  {
    const ScriptedAgent gone;
    endpoint = gone.endpoint();
  }
  const Ran ran = run_elbctl({"lb", "list"}, endpoint);
  EXPECT_EQ(ran.exit, Exit::kTimeout);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "elbctl: cannot reach " + endpoint +
                         ": connection refused; is elb-agent running? try: systemctl status elb-agent\n");
}

TEST(Exit, AnswersMapToStatuses) {
  const struct {
    int http;
    Exit exit;
  } kCases[] = {{400, Exit::kError}, {403, Exit::kError},   {404, Exit::kNotFound}, {409, Exit::kConflict},
                {413, Exit::kError}, {500, Exit::kError},   {501, Exit::kError},    {503, Exit::kTimeout},
                {507, Exit::kError}, {504, Exit::kTimeout}, {302, Exit::kError}};
  for (const auto& one : kCases) {
    ScriptedAgent agent;
    agent.on("GET " + kLb, {{one.http, R"({"faultstring":"limit: no","request_id":"req-1"})"}});
    const Ran ran = run_elbctl({"lb", "list"}, agent);
    EXPECT_EQ(ran.exit, one.exit) << one.http;
    EXPECT_EQ(ran.err.find("elbctl: limit: no"), 0U) << ran.err;
    EXPECT_EQ(ran.out, "") << one.http;
  }
}

TEST(Exit, TheApisWordsAreShownWithTheField) {
  ScriptedAgent agent;
  const auto said = [&](std::string body, int status = 400) {
    agent.on("GET " + kLb, {{status, std::move(body)}});
    return run_elbctl({"lb", "list"}, agent).err;
  };
  EXPECT_EQ(said(R"({"faultstring":"must be 1 to 9","field":"weight"})"), "elbctl: weight: must be 1 to 9\n");
  EXPECT_EQ(said(R"({"faultstring":"weight: must be 1 to 9","field":"weight"})"), "elbctl: weight: must be 1 to 9\n");
  EXPECT_EQ(said(R"({"error_msg":"quota"})", 403), "elbctl: quota\n");
  EXPECT_EQ(said(R"({"NeutronError":{"message":"old"}})"), "elbctl: old\n");
  EXPECT_EQ(said("<html>"), "elbctl: " + agent.endpoint() + " answered with HTTP status 400\n");
  EXPECT_EQ(said(R"({"faultstring":"boom","request_id":"req-7"})", 500),
            "elbctl: boom; look at: journalctl -u elb-agent (request req-7)\n");
}

TEST(Exit, AnAnswerThatIsNotJsonIsNotOurAgent) {
  ScriptedAgent agent;
  agent.on("GET " + kLb, "<html>");
  const Ran ran = run_elbctl({"lb", "list"}, agent);
  EXPECT_EQ(ran.exit, Exit::kError);
  EXPECT_NE(ran.err.find("is this the endpoint of elb-agent?"), std::string::npos) << ran.err;
}

TEST(Exit, UnknownNameIsNotFound) {
  ScriptedAgent agent;
  agent.on("GET " + kLb + "?name=web", R"({"loadbalancers":[]})")
      .on("GET " + kLb + "?id=web", R"({"loadbalancers":[]})");
  const Ran ran = run_elbctl({"lb", "show", "web"}, agent);
  EXPECT_EQ(ran.exit, Exit::kNotFound);
  EXPECT_EQ(ran.err, "elbctl: no load balancer has the name or id 'web'; see: elbctl loadbalancer list\n");
  EXPECT_EQ(run_elbctl({"lb", "delete", "web"}, agent).exit, Exit::kNotFound);
  const Ran ignored = run_elbctl({"lb", "delete", "web", "--if-exists"}, agent);
  EXPECT_EQ(ignored.exit, Exit::kOk);
  EXPECT_EQ(ignored.err, "load balancer web does not exist\n");
}

TEST(Exit, AmbiguousNameShowsTheCandidatesAndDoesNothing) {
  ScriptedAgent agent;
  agent.on(
      "GET " + kLb + "?name=web",
      R"({"loadbalancers":[{"id":"a","name":"web","vip_address":"10.0.0.1"},{"id":"b","name":"web","vip_address":"10.0.0.2"}]})");
  const Ran ran = run_elbctl({"lb", "delete", "web", "--cascade"}, agent);
  EXPECT_EQ(ran.exit, Exit::kConflict);
  EXPECT_EQ(ran.err,
            "elbctl: 2 load balancers have the name 'web'; give the id of one of them:\n"
            "  a  10.0.0.1\n"
            "  b  10.0.0.2\n");
  EXPECT_EQ(agent.requests().size(), 1U);
}

// LB-15: deleting a load balancer with children is refused, and the way out is named.
TEST(Exit, DeletingALoadBalancerWithChildrenNamesCascade) {
  ScriptedAgent agent;
  agent.on("GET " + kLb + "/" + kId1, R"({"loadbalancer":{"id":")" + kId1 + R"(","name":"web"}})");
  agent.on("DELETE " + kLb + "/" + kId1, {{400, R"({"faultstring":"it has children"})"}});
  const Ran ran = run_elbctl({"lb", "delete", kId1}, agent);
  EXPECT_EQ(ran.exit, Exit::kConflict);
  EXPECT_EQ(ran.err, "elbctl: it has children; delete what it holds first, or everything at once with --cascade\n");
}

TEST(Exit, UsageErrorsSayWhereHelpIs) {
  const struct {
    const char* line;
    const char* message;
  } kCases[] = {
      {"", "no command given; see: elbctl --help"},
      {"lb", "loadbalancer needs a verb; see: elbctl loadbalancer --help"},
      {"lbb list", "unknown command 'lbb', did you mean 'lb'?"},
      {"lb lst", "loadbalancer has no verb 'lst', did you mean 'list'?; see: elbctl loadbalancer --help"},
      {"lb show", "LB is missing; see: elbctl loadbalancer show --help"},
      {"lb show a b", "'b' is one argument too many; see: elbctl loadbalancer show --help"},
      {"lb list --fliter a=b", "unknown option '--fliter', did you mean '--filter'?"},
      {"lb list --filter ab", "--filter 'ab' is not FIELD=VALUE"},
      {"lb create web", "--vip-address, --vip-subnet or --vip-network is required"},
      {"lb set web", "nothing to change was given; see: elbctl loadbalancer set --help"},
      {"lb set web --enable --disable", "--enable and --disable exclude each other"},
      {"listener create l --protocol TCP --port 80", "--lb LB is required; see: elbctl listener create --help"},
      {"pool create p", "one of --listener and --lb is required"},
      {"pool create p --lb "
       "11111111-1111-4111-8111-111111111111",
       "--protocol is required with --lb"},
      {"member add p 10.1.0.1", "'10.1.0.1' is not ADDRESS:PORT; write it as 10.1.0.1:80"},
      {"member add p", "ADDRESS:PORT is missing; see: elbctl member add --help"},
      {"member add p 10.1.0.1:80 --weight x", "--weight 'x' is not a whole number"},
      {"member batch p", "no member was given; to remove all members say --empty"},
      {"member batch p -f /nowhere", "cannot read /nowhere: No such file or directory"},
      {"flows --client web", "--client 'web' is not ADDRESS, ADDRESS:PORT or :PORT"},
      {"flows --limit 0", "--limit '0' is not a number above 0"},
      {"flows --watch x", "--watch 'x' is not a number of seconds above 0"},
      {"lb list -o jsn", "unknown output format 'jsn', did you mean 'json'?"},
      {"lb list --timeout 0", "--timeout '0' is not a number of seconds up to 86400"},
      {"lb list --endpoint 127.0.0.1", "endpoint '127.0.0.1': does not begin with http://"},
      {"completion tcsh", "no completion for the shell 'tcsh'; there is bash, zsh and fish"},
  };
  for (const auto& one : kCases) {
    const ScriptedAgent agent;
    const Ran ran = run_elbctl(shell_words(one.line), agent);
    EXPECT_EQ(ran.exit, Exit::kUsage) << one.line;
    EXPECT_NE(ran.err.find(one.message), std::string::npos) << one.line << "\n" << ran.err;
    EXPECT_EQ(ran.out, "") << one.line;
    EXPECT_TRUE(agent.requests().empty()) << one.line;
  }
}

TEST(Exit, MessagesStayOffStandardOutput) {
  ScriptedAgent agent;
  agent.on("GET " + kLb, R"({"loadbalancers":[]})").on("GET /v2.0/lbaas/listeners", R"({"listeners":[]})");
  const Ran ran = run_elbctl({"lb", "list"}, agent);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "no load balancers\n");
  EXPECT_EQ(run_elbctl({"lb", "list", "-q"}, agent).err, "");
  EXPECT_EQ(run_elbctl({"lb", "list", "-o", "json"}, agent).out, "[]\n");
  EXPECT_EQ(run_elbctl({"lb", "list", "-o", "csv"}, agent).out.substr(0, 8), "name,vip");
}

TEST(Exit, ASilentAgentIsATimeout) {
  // A socket that listens and never answers.
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(fd, 1), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string endpoint = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  const Ran ran = run_elbctl({"lb", "list", "--timeout", "0.2"}, endpoint);
  close(fd);
  EXPECT_EQ(ran.exit, Exit::kTimeout);
  EXPECT_NE(ran.err.find("gave no full answer within 200 ms"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace elb::cli
