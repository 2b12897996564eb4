// SPDX-License-Identifier: Apache-2.0
// Shows: LS-16, LS-19, S3. Members that refuse, close, stay silent; clients that are slow or go away; and whether a
// request is sent again.
#include "harness/loopback.h"
#include "unit/proxy/engine/engine_fixture.h"

namespace elb::test {
namespace {

class Failure : public EngineFixture {
 protected:
  /// All time-outs 1 s, or as given.
  void serve_with(const std::vector<Endpoint>& members, model::HttpTimeouts timeouts) {
    if (!engine_) start();
    model::Snapshot value = snapshot(members);
    http_of(value).timeouts = timeouts;
    apply(value);
  }
  static model::HttpTimeouts one_second() { return {1, 1, 1, 1, 1, 1}; }
  Endpoint nobody() const {
    LoopbackMember member;
    const Endpoint endpoint = member.endpoint();
    member.close();
    return endpoint;
  }
  double seconds_until(Peer& client, Message& answer) {
    const auto from = clock_.steady();
    answer = client.read_response();
    return std::chrono::duration<double>(clock_.steady() - from).count();
  }
};

TEST_F(Failure, ls16_no_pool_or_no_usable_member_is_a_503) {
  start();
  model::Snapshot value = snapshot({nobody()});
  value.pools[0].members[0].usable = false;
  apply(value);
  Peer client = connect();
  EXPECT_EQ(client.ask(get("/")).status(), 503);
  value.listeners[0].pool.reset();
  apply(value);
  const Message answer = client.ask(get("/"));  // the connection was kept
  EXPECT_EQ(answer.status(), 503);
  EXPECT_TRUE(answer.header("Date"));
  EXPECT_TRUE(eventually([&] { return counts().status_5xx == 2; }));
}

TEST_F(Failure, ls16_a_member_that_refuses_is_a_502) {
  serve({nobody()});
  Peer client = connect();
  EXPECT_EQ(client.ask(get("/")).status(), 502);
  EXPECT_EQ(client.ask(post("x")).status(), 502);
  EXPECT_TRUE(eventually([&] { return counts().status_502 == 2; }));
}

TEST_F(Failure, ls19_a_dead_member_is_passed_over) {
  HttpMember alive(echo);
  serve({nobody(), alive.endpoint()});
  Peer client = connect();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.ask(post(fmt::format("body {}", i))).body, fmt::format("body {}", i));
  EXPECT_EQ(alive.requests().size(), 20U);
  EXPECT_GE(counts().retries, 1U);
  EXPECT_LE(counts().retries, 3U);  // then it is left in peace for a while
}

TEST_F(Failure, ls19_a_member_that_does_not_answer_connections_is_passed_over_in_time) {
  LoopbackMember silent;
  silent.stop_answering();
  HttpMember alive(echo);
  serve_with({silent.endpoint(), alive.endpoint()}, one_second());
  for (int i = 0; i < 4; ++i) {
    Peer client = connect();
    EXPECT_EQ(client.ask(get("/")).status(), 200);
  }
  EXPECT_EQ(counts().retries, 1U);
}

TEST_F(Failure, nobody_accepts_in_time_is_a_504) {
  LoopbackMember silent;
  silent.stop_answering();
  serve_with({silent.endpoint()}, one_second());
  Peer client = connect();
  client.send(get("/"));
  Message answer;
  const double waited = seconds_until(client, answer);
  EXPECT_EQ(answer.status(), 504);
  EXPECT_GE(waited, 0.9);
  EXPECT_LE(waited, 2.5);
}

TEST_F(Failure, no_response_in_time_is_a_504_and_is_not_sent_again) {
  MemberServer first([](Peer& peer) { peer.read_all(); });
  HttpMember second(echo);
  serve_with({first.endpoint(), second.endpoint()}, one_second());
  int late = 0;
  for (int i = 0; i < 2; ++i) {
    Peer client = connect();
    client.send(get("/"));
    Message answer;
    const double waited = seconds_until(client, answer);
    if (answer.status() != 504) continue;
    ++late;
    EXPECT_GE(waited, 0.9);
    EXPECT_LE(waited, 2.5);
  }
  EXPECT_EQ(late, 1);
  EXPECT_EQ(second.requests().size(), 1U);
}

TEST_F(Failure, ls19_what_may_be_done_twice_is_sent_again_when_the_member_closes_without_an_answer) {
  HttpMember first([](const Message&) { return std::string(); });
  HttpMember second(echo);
  serve({first.endpoint(), second.endpoint()});
  for (int i = 0; i < 4; ++i) {
    Peer client = connect();
    EXPECT_EQ(client.ask(get("/")).status(), 200);
    EXPECT_EQ(client.ask("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody").body, "body");
  }
  EXPECT_GE(first.requests().size(), 2U);
  EXPECT_EQ(second.requests().size(), 8U);
}

TEST_F(Failure, ls19_what_must_not_be_done_twice_is_a_502) {
  HttpMember first([](const Message&) { return std::string(); });
  HttpMember second([](const Message&) { return std::string(); });
  serve({first.endpoint(), second.endpoint()});
  Peer client = connect();
  EXPECT_EQ(client.ask(post("once")).status(), 502);
  EXPECT_EQ(first.requests().size() + second.requests().size(), 1U);
}

TEST_F(Failure, a_kept_connection_that_the_member_closed_costs_no_request) {
  // The member closes each connection a moment after its answer, as if its idle time were over.
  MemberServer member([](Peer& peer) {
    if (peer.read_request().whole) peer.send(response(200, "ok"));
  });
  serve({member.endpoint()});
  Peer client = connect();
  for (int i = 0; i < 50; ++i) ASSERT_EQ(client.ask(get("/")).status(), 200) << i;
  EXPECT_EQ(counts().status_5xx, 0U);
}

TEST_F(Failure, a_kept_connection_is_not_used_for_a_post_when_it_was_idle_for_long) {
  HttpMember member(echo);
  proxy::EngineOptions options;
  options.member_idle_unsafe = std::chrono::seconds(1);
  start(options);
  serve({member.endpoint()});
  Peer client = connect();
  EXPECT_EQ(client.ask(post("1")).body, "1");
  EXPECT_EQ(client.ask(post("2")).body, "2");
  EXPECT_EQ(member.connections(), 1U);
  usleep(1'200'000);
  EXPECT_EQ(client.ask(get("/")).status(), 200);
  EXPECT_EQ(member.connections(), 1U);
  usleep(1'200'000);
  EXPECT_EQ(client.ask(post("3")).body, "3");
  EXPECT_EQ(member.connections(), 2U);
}

TEST_F(Failure, s3_a_slow_head_is_a_408) {
  HttpMember member(echo);
  serve_with({member.endpoint()}, {5, 1, 5, 5, 5, 5});
  Peer client = connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  const auto from = clock_.steady();
  std::thread drip([&] {  // each byte comes in time, the head does not
    for (int i = 0; i < 12; ++i) {
      client.send("x");
      usleep(100'000);
    }
  });
  Message answer;
  seconds_until(client, answer);
  const double waited = std::chrono::duration<double>(clock_.steady() - from).count();
  drip.join();
  EXPECT_EQ(answer.status(), 408);
  EXPECT_GE(waited, 0.9);
  EXPECT_LE(waited, 2.5);
  EXPECT_EQ(member.bytes(), 0U);
}

TEST_F(Failure, s3_a_body_that_does_not_go_on_is_a_408) {
  HttpMember member(echo);
  serve_with({member.endpoint()}, {5, 5, 1, 5, 5, 5});
  Peer client = connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  Message answer;
  const double waited = seconds_until(client, answer);
  EXPECT_EQ(answer.status(), 408);
  EXPECT_GE(waited, 0.9);
  EXPECT_LE(waited, 2.5);
  EXPECT_TRUE(eventually([&] { return member.requests().empty(); }));
}

TEST_F(Failure, a_response_that_does_not_go_on_is_broken_off) {
  MemberServer member([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    peer.read_all();
  });
  serve_with({member.endpoint()}, {5, 5, 1, 5, 5, 5});
  Peer client = connect();
  const Message answer = client.ask(get("/"));
  EXPECT_EQ(answer.status(), 200);
  EXPECT_FALSE(answer.whole);
}

TEST_F(Failure, a_client_that_goes_is_a_499_and_ends_the_members_work) {
  std::atomic<bool> ended = false;
  MemberServer member([&](Peer& peer) {
    peer.read_request();
    peer.read_all();
    ended = true;
  });
  serve({member.endpoint()});
  Peer client = connect();
  client.send(get("/"));
  ASSERT_TRUE(eventually([&] { return member.bytes() > 0; }));
  client.reset();
  EXPECT_TRUE(eventually([&] { return counts().status_499 == 1; }));
  EXPECT_TRUE(eventually([&] { return ended.load(); }));
}

TEST_F(Failure, a_client_that_only_ends_its_side_gets_its_answer) {
  HttpMember member([](const Message&) {
    usleep(50'000);
    return response(200, "late");
  });
  serve({member.endpoint()});
  Peer client = connect();
  client.send(get("/"));
  client.end_writing();
  EXPECT_EQ(client.read_response().body, "late");
  EXPECT_TRUE(client.ended());
}

TEST_F(Failure, an_early_answer_of_a_member_that_closes_reaches_the_client) {
  MemberServer member([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.send(response(413, "too much", "Connection: close\r\n"));
  });
  serve({member.endpoint()});
  for (int i = 0; i < 5; ++i) {
    Peer client = connect();
    std::thread sender([&] {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n" + std::string(3'000'000, 'x'));
    });
    const Message answer = client.read_response();
    sender.join();
    EXPECT_EQ(answer.status(), 413);
    EXPECT_EQ(answer.body, "too much");
  }
}

}  // namespace
}  // namespace elb::test
