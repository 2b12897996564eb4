// SPDX-License-Identifier: Apache-2.0
// The proxy's engine with one loop and a fixed configuration, for suite/proxy.py:
//   proxy_serve MEMBER_PORT HTTP_PORT [HTTPS_PORT CERTIFICATE KEY POLICIES_PORT]
// Everything on 127.0.0.1; a listener with 500 policies is at the last one. Ends at SIGTERM.
#include <arpa/inet.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/socket.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/clock.h"
#include "base/random.h"
#include "proxy/engine.h"

namespace elb::bench {
namespace {

std::string read_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Fd listen_at(uint16_t port) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int one = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || listen(fd.get(), 4096) != 0) return {};
  return fd;
}

model::SnapshotListener listener(const char* id, uint16_t port) {
  model::SnapshotListener made;
  made.id = id;
  made.protocol = model::Protocol::kHttp;
  made.vip = {*IpAddress::parse("127.0.0.1"), port};
  made.pool = 0;
  made.http.emplace();
  made.http->timeouts.idle_s = 300;  // the peers' too
  return made;
}

// Of each kind of rule that a request has to be looked up among; none is for the bench's.
std::vector<model::SnapshotPolicy> policies() {
  using model::RuleCompare;
  using model::RuleType;
  std::vector<model::SnapshotPolicy> made(500);
  for (size_t i = 0; i < made.size(); ++i) {
    made[i].id = fmt::format("policy-{}", i);
    made[i].position = static_cast<int>(i) + 1;
    made[i].action = model::PolicyAction::kReject;
    if (i % 5 == 0)
      made[i].rules.push_back(
          {RuleType::kHostName, RuleCompare::kEqualTo, false, "", fmt::format("h{}.example.com", i)});
    if (i % 5 == 1)
      made[i].rules.push_back({RuleType::kPath, RuleCompare::kEqualTo, false, "", fmt::format("/exact/{}", i)});
    if (i % 5 == 2 || i % 5 == 3)
      made[i].rules.push_back({RuleType::kPath, RuleCompare::kStartsWith, false, "", fmt::format("/prefix/{}", i)});
    if (i % 5 == 4)
      made[i].rules.push_back({RuleType::kPath, RuleCompare::kRegex, false, "", fmt::format("/items/{}/[0-9]+", i)});
  }
  return made;
}

model::SnapshotPtr snapshot(int argc, char** argv) {
  auto made = std::make_shared<model::Snapshot>();
  made->generation = 1;
  model::SnapshotMember member;
  member.id = "member";
  member.endpoint = {*IpAddress::parse("127.0.0.1"), static_cast<uint16_t>(std::atoi(argv[1]))};
  member.usable = true;
  model::SnapshotPool pool;
  pool.id = "pool";
  pool.protocol = model::Protocol::kHttp;
  pool.members.push_back(member);
  made->pools.push_back(pool);
  made->listeners.push_back(listener("http", static_cast<uint16_t>(std::atoi(argv[2]))));
  if (argc > 5) {
    made->listeners.push_back(listener("https", static_cast<uint16_t>(std::atoi(argv[3]))));
    made->listeners.back().protocol = model::Protocol::kHttps;
    made->listeners.back().http->tls.emplace().http2 = true;
    made->certificates.push_back({"certificate", read_file(argv[4]), read_file(argv[5])});
    made->listeners.push_back(listener("policies", static_cast<uint16_t>(std::atoi(argv[6]))));
    made->listeners.back().http->policies = policies();
  }
  return made;
}

int serve(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  SystemClock clock;
  SystemRandom random;
  auto engine = proxy::Engine::start({}, clock, random);
  Status status = engine ? (*engine)->apply(snapshot(argc, argv)) : Status(pass_on(engine.error()));
  for (const int i : {2, 3, 6})
    if (status && i < argc)
      status = (*engine)->adopt_listening_socket(listen_at(static_cast<uint16_t>(std::atoi(argv[i]))));
  if (!status) {
    fmt::print(stderr, "proxy_serve: {}\n", status.error().to_string());
    return 1;
  }
  int received = 0;
  sigwait(&signals, &received);
  (*engine)->stop();
  return 0;
}

}  // namespace
}  // namespace elb::bench

int main(int argc, char** argv) {
  if (argc != 3 && argc != 7) {
    fmt::print(stderr, "usage: proxy_serve MEMBER_PORT HTTP_PORT [HTTPS_PORT CERTIFICATE KEY POLICIES_PORT]\n");
    return 2;
  }
  return elb::bench::serve(argc, argv);
}
