// SPDX-License-Identifier: Apache-2.0
// Shows: R7, LS-16, AC-01. What is served changes while requests run: no connection is touched, no request fails.
#include "unit/proxy/engine/engine_fixture.h"

namespace elb::test {
namespace {

using Swap = EngineFixture;

TEST_F(Swap, r7_a_hundred_changes_under_load_fail_no_request) {
  HttpMember first(echo);
  HttpMember second(echo);
  proxy::EngineOptions options;
  options.loops = 2;
  start(options);
  serve({first.endpoint(), second.endpoint()});
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0;
  std::atomic<int> done = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&, i] {
      Peer client = connect();
      while (!stop) {
        const Message answer = i % 2 == 0 ? client.ask(get("/")) : client.ask(post("some body"));
        if (answer.status() != 200 || !answer.whole) ++failed;
        ++done;
      }
    });
  for (int i = 0; i < 100; ++i) {
    switch (i % 3) {
      case 0:
        apply(snapshot({first.endpoint()}));
        break;
      case 1:
        apply(snapshot({second.endpoint()}));
        break;
      default:
        apply(snapshot({first.endpoint(), second.endpoint()}));
    }
    usleep(5'000);
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0);
  EXPECT_GT(done, 100);
  EXPECT_EQ(counts().connections, 4U);
}

TEST_F(Swap, an_exchange_ends_with_what_it_began_with) {
  std::atomic<bool> go = false;
  HttpMember slow([&](const Message&) {
    eventually([&] { return go.load(); });
    return response(200, "old");
  });
  HttpMember fresh([](const Message&) { return response(200, "new"); });
  serve({slow.endpoint()});
  Peer client = connect();
  client.send(get("/"));
  ASSERT_TRUE(eventually([&] { return slow.bytes() > 0; }));
  apply(snapshot({fresh.endpoint()}));
  go = true;
  EXPECT_EQ(client.read_response().body, "old");
  EXPECT_EQ(client.ask(get("/")).body, "new");
}

TEST_F(Swap, a_listener_that_goes_answers_its_open_connections_once_more) {
  HttpMember member(echo);
  serve({member.endpoint()});
  Peer client = connect();
  EXPECT_EQ(client.ask(get("/")).status(), 200);
  apply(model::Snapshot{});
  EXPECT_EQ(client.ask(get("/")).status(), 503);
  EXPECT_TRUE(client.ended());
  Peer second = connect();
  EXPECT_EQ(second.ask(get("/")).status(), 0);
}

TEST_F(Swap, idle_connections_to_a_removed_member_are_closed) {
  std::atomic<bool> closed = false;
  MemberServer member([&](Peer& peer) {
    while (peer.read_request().whole) peer.send(response(200, "x"));
    closed = true;
  });
  serve({member.endpoint()});
  Peer client = connect();
  EXPECT_EQ(client.ask(get("/")).status(), 200);
  EXPECT_FALSE(closed);
  serve({});
  EXPECT_TRUE(eventually([&] { return closed.load(); }));
}

TEST_F(Swap, connection_limit_and_whitelist_refuse_connections) {
  HttpMember member(echo);
  start();
  model::Snapshot value = snapshot({member.endpoint()});
  value.listeners[0].connection_limit = 2;
  apply(value);
  Peer one = connect();
  Peer two = connect();
  EXPECT_EQ(one.ask(get("/")).status(), 200);
  EXPECT_EQ(two.ask(get("/")).status(), 200);
  Peer three = connect();
  EXPECT_EQ(three.ask(get("/")).status(), 0);
  EXPECT_EQ(counts().refused_connections, 1U);
  one.close();
  EXPECT_TRUE(eventually([&] { return engine_->connections() == 1; }));
  Peer four = connect();
  EXPECT_EQ(four.ask(get("/")).status(), 200);

  value.listeners[0].connection_limit.reset();
  value.listeners[0].whitelist = std::vector<Cidr>{*Cidr::parse("10.0.0.0/8")};
  apply(value);
  Peer stranger = connect();
  EXPECT_EQ(stranger.ask(get("/")).status(), 0);
  value.listeners[0].whitelist->push_back(*Cidr::parse("127.0.0.0/8"));
  apply(value);
  Peer known = connect();
  EXPECT_EQ(known.ask(get("/")).status(), 200);
}

TEST_F(Swap, drain_ends_each_connection_with_its_next_response) {
  HttpMember member(echo);
  proxy::EngineOptions options;
  options.loops = 2;
  start(options);
  serve({member.endpoint()});
  std::vector<Peer> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(connect());
    EXPECT_EQ(clients.back().ask(get("/")).status(), 200);
  }
  EXPECT_FALSE(engine_->drain(std::chrono::milliseconds(50)));  // they may still send one request each
  for (Peer& client : clients) {
    const Message answer = client.ask(get("/"));
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(client.ended());
  }
  EXPECT_TRUE(engine_->drain(std::chrono::seconds(5)));
}

TEST_F(Swap, rd03_redirects_and_policies_answer_without_a_member) {
  HttpMember member(echo);
  start();
  model::Snapshot value = snapshot({member.endpoint()});
  model::SnapshotPolicy reject;
  reject.id = "policy-1";
  reject.action = model::PolicyAction::kReject;
  reject.rules.push_back({model::RuleType::kPath, model::RuleCompare::kStartsWith, false, "", "/private"});
  http_of(value).policies.push_back(reject);
  apply(value);
  Peer client = connect();
  EXPECT_EQ(client.ask(get("/private/x")).status(), 403);
  EXPECT_EQ(client.ask(get("/public")).status(), 200);
  http_of(value).redirect_https_port = 8443;
  apply(value);
  const Message moved = client.ask(get("/a?b=c"));
  EXPECT_EQ(moved.status(), 301);
  EXPECT_EQ(moved.header("Location"), "https://test:8443/a?b=c");
  EXPECT_EQ(member.requests().size(), 1U);
}

TEST_F(Swap, loops_share_many_connections_evenly) {
  HttpMember member(echo);
  proxy::EngineOptions options;
  options.loops = 2;
  start(options);
  serve({member.endpoint()});
  std::vector<Peer> clients;
  for (int i = 0; i < 120; ++i) {
    clients.push_back(connect());
    ASSERT_EQ(clients.back().ask(get("/")).status(), 200);
  }
  EXPECT_EQ(engine_->connections(), 120U);
  // Whoever accepts more than a quarter above the mean gives the rest away.
  EXPECT_LE(engine_->connections(0), 76U);
  EXPECT_LE(engine_->connections(1), 76U);
}

}  // namespace
}  // namespace elb::test
