// SPDX-License-Identifier: Apache-2.0
// elb-proxy as the agent runs it: client and member in network namespaces of their own, a VIP that no interface has.
// Shows: LS-16, FP-12, FP-13, RD-03, LOG-04.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <map>
#include <thread>

#include "bpf_dataplane/lab.h"
#include "harness/seeded_random.h"
#include "proxy/proxy_sink.h"
#include "steer/steer.h"
#include "unit/store/temp_dir.h"

namespace elb {
namespace {

using namespace std::chrono_literals;

const IpAddress kVip = *IpAddress::parse("10.9.0.1");

class ProxyProcessTest : public testing::Test {
 protected:
  ProxyProcessTest() {
    ::chmod(dir.path().c_str(), 0777);  // the worker is nobody
    lab.add_host("client", 1);
    lab.add_host("member", 2);
    std::ofstream(dir.file("index.html")) << "from the member";
    start_member();
    proxy::ProxySinkOptions options;
    options.command = {ELB_PROXY, "--user", "nobody", "--access-log", dir.file("access.log")};
    options.loops = 2;
    options.stop_timeout = 1s;
    sink = std::move(*proxy::ProxySink::start(options, clock));
    auto started = steer::Steer::start("/sys/fs/bpf/elb-steer", random);
    EXPECT_TRUE(started) << started.error().to_string();
    steer = std::move(*started);
    std::vector<steer::LoopSockets> sockets;
    for (const proxy::ListenPair& pair : sink->sockets()) sockets.push_back({pair.v4.get(), pair.v6.get()});
    EXPECT_TRUE(steer->set_sockets(sockets));
  }

  ~ProxyProcessTest() override { ::kill(member, SIGKILL); }

  void start_member() {
    std::ofstream(dir.file("index.html")) << "from the member";
    lab.run_in("member", "cd " + dir.path() + " && (python3 -m http.server 8080 >/dev/null 2>&1 & echo $! > pid)");
    std::ifstream(dir.file("pid")) >> member;
    lab.run("until curl -s -o /dev/null http://10.1.2.2:8080/; do sleep 0.05; done");
  }
  /// HTTP on port 80 to the member, a redirect on 81, nobody on 82; policy /no is refused.
  void apply() {
    auto snapshot = std::make_shared<model::Snapshot>();
    snapshot->generation = ++generation;
    model::SnapshotPool pool{.id = "pool"};
    model::SnapshotMember server{.id = "member", .endpoint = {lab.address("member"), 8080}};
    server.usable = true;
    pool.members.push_back(server);
    pool.protocol = model::Protocol::kHttp;
    snapshot->pools.push_back(pool);
    for (const uint16_t port : {80, 81, 82}) {
      model::SnapshotListener listener;
      listener.id = "listener" + std::to_string(port);
      listener.protocol = model::Protocol::kHttp;
      listener.vip = {kVip, port};
      if (port == 80) listener.pool = 0;
      model::SnapshotHttp& http = listener.http.emplace();
      if (port == 81) http.redirect_https_port = 443;
      model::SnapshotPolicy policy{.id = "no", .action = model::PolicyAction::kReject};
      policy.rules.push_back({.compare = model::RuleCompare::kStartsWith, .value = "/no"});
      http.policies.push_back(policy);
      snapshot->listeners.push_back(listener);
    }
    const auto applied = sink->apply(snapshot);
    ASSERT_TRUE(applied) << applied.error().to_string();
    ASSERT_TRUE(steer->apply(snapshot));
  }
  std::string get(const std::string& target, const std::string& options = "") {
    return lab.run_in("client", "curl -s -m 5 " + options + " \"http://10.9.0.1" + target + "\"");
  }
  std::string status_of(const std::string& target) {
    return get(target, "-o /dev/null -w \"%{http_code} %{redirect_url}\"");
  }

  test::Lab lab;
  test::TempDir dir;
  SystemClock clock;
  test::SeededRandom random{1};
  std::unique_ptr<proxy::ProxySink> sink;
  std::unique_ptr<steer::Steer> steer;
  uint64_t generation = 0;
  pid_t member = -1;
};

TEST_F(ProxyProcessTest, RequestsReachTheMemberThroughAVipWithoutSocket_LS16_FP12_RD03) {
  apply();
  ASSERT_EQ(get(":80/"), "from the member");
  EXPECT_EQ(status_of(":80/no/x"), "403 ");
  EXPECT_EQ(status_of(":80/missing"), "404 ") << "the member's, FP-13";
  EXPECT_EQ(status_of(":81/a?b=c"), "301 https://10.9.0.1/a?b=c");
  EXPECT_EQ(status_of(":82/"), "503 ");
}

TEST_F(ProxyProcessTest, TheWorkerHasNoPrivileges) {
  apply();
  std::ifstream status("/proc/" + std::to_string(sink->state().pid) + "/status");
  std::map<std::string, std::string> facts;
  for (std::string line; std::getline(status, line);)
    facts[line.substr(0, line.find(':'))] = line.substr(line.find(':') + 2);
  EXPECT_EQ(facts["CapPrm"], "0000000000000000");
  EXPECT_EQ(facts["CapEff"], "0000000000000000");
  EXPECT_EQ(facts["CapAmb"], "0000000000000000");
  EXPECT_EQ(facts["NoNewPrivs"], "1");
  EXPECT_NE(facts["Uid"].substr(0, 2), "0\t");
  EXPECT_EQ(facts["Groups"].find_first_not_of(' '), std::string::npos) << "no further groups";
}

TEST_F(ProxyProcessTest, AKilledWorkerIsReplacedAndServesTheSame) {
  apply();
  ASSERT_EQ(get(":80/"), "from the member");
  const pid_t before = sink->state().pid;
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  EXPECT_EQ(get(":80/"), "from the member") << "waits in the socket until the next worker is there";
  EXPECT_NE(sink->state().pid, before);
  EXPECT_EQ(sink->state().starts, 2);
}

TEST_F(ProxyProcessTest, AccessLogIsWrittenAndFollowsRotation_LOG04) {
  apply();
  get(":80/first");
  const auto lines_in = [](const std::string& path) {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string log = dir.file("access.log");
  for (int i = 0; i < 100 && lines_in(log).empty(); ++i) std::this_thread::sleep_for(20ms);
  EXPECT_NE(lines_in(log).find("\"GET http://10.9.0.1/first HTTP/1.1\""), std::string::npos) << lines_in(log);
  ASSERT_EQ(::rename(log.c_str(), (log + ".1").c_str()), 0);
  ASSERT_EQ(::kill(sink->state().pid, SIGHUP), 0);
  for (int i = 0; i < 100 && lines_in(log).find("/second") == std::string::npos; ++i) {
    get(":80/second");
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_NE(lines_in(log).find("/second"), std::string::npos);
}

}  // namespace
}  // namespace elb
