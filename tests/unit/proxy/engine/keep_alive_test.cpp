// SPDX-License-Identifier: Apache-2.0
// Shows: LS-14, LS-16, LS-20, CA-01. Requests one after the other on kept connections, towards both sides.
#include "unit/proxy/engine/engine_fixture.h"

namespace elb::test {
namespace {

using KeepAlive = EngineFixture;

TEST_F(KeepAlive, ls14_many_requests_use_one_connection_on_each_side) {
  HttpMember member(echo);
  serve({member.endpoint()});
  Peer client = connect();
  for (int i = 0; i < 20; ++i) {
    const Message answer = client.ask(get(fmt::format("/{}", i)));
    ASSERT_TRUE(answer.whole) << i;
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_FALSE(answer.header("Connection"));
  }
  EXPECT_EQ(member.connections(), 1U);
  EXPECT_EQ(member.requests().size(), 20U);
  EXPECT_EQ(member.requests()[7].head.substr(0, 15), "GET /7 HTTP/1.1");
  EXPECT_TRUE(eventually([&] { return counts().status_2xx == 20; }));
  EXPECT_EQ(counts().connections, 1U);
}

TEST_F(KeepAlive, ls14_connection_close_is_honoured) {
  HttpMember member(echo);
  serve({member.endpoint()});
  Peer client = connect();
  const Message answer = client.ask(get("/", "Connection: close\r\n"));
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(client.ended());
  // The member's connection is not the client's business: the next client's request goes over it.
  Peer second = connect();
  EXPECT_EQ(second.ask(get("/")).status(), 200);
  EXPECT_EQ(member.connections(), 1U);
  EXPECT_TRUE(eventually([&] { return engine_->connections() == 1; }));
}

TEST_F(KeepAlive, http10_closes_unless_asked) {
  HttpMember member(echo);
  serve({member.endpoint()});
  Peer once = connect();
  EXPECT_EQ(once.ask("GET / HTTP/1.0\r\n\r\n").body, "hello");
  EXPECT_TRUE(once.ended());
  Peer kept = connect();
  const Message answer = kept.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(answer.header("Connection"), "keep-alive");
  EXPECT_EQ(kept.ask("GET / HTTP/1.0\r\n\r\n").status(), 200);
  const std::string host = fmt::format("\r\nHost: 127.0.0.1:{}\r\n", port_);
  EXPECT_NE(member.requests()[0].head.find(host), std::string::npos) << member.requests()[0].head;
}

TEST_F(KeepAlive, pipelined_requests_are_answered_in_order) {
  HttpMember member([](const Message& request) {
    const size_t at = request.head.find('/');
    const std::string path = request.head.substr(at, request.head.find(' ', at) - at);
    if (path == "/0") usleep(50'000);
    return response(200, path + request.body);
  });
  serve({member.endpoint()});
  Peer client = connect();
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += i % 5 == 3 ? fmt::format("POST /{} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz", i)
                      : get(fmt::format("/{}", i));
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    const Message answer = client.read_response();
    ASSERT_EQ(answer.body, fmt::format("/{}{}", i, i % 5 == 3 ? "xyz" : ""));
  }
  EXPECT_EQ(member.connections(), 1U);
}

TEST_F(KeepAlive, a_head_in_single_bytes_is_one_request) {
  HttpMember member(echo);
  serve({member.endpoint()});
  Peer client = connect();
  const std::string request = post("abc", "X-Long: " + std::string(300, 'x') + "\r\n");
  for (const char c : request) ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(client.read_response().body, "abc");
  EXPECT_EQ(member.requests().size(), 1U);
}

TEST_F(KeepAlive, ca01_members_learn_the_way_the_request_came) {
  HttpMember member(echo);
  serve({member.endpoint()});
  Peer client = connect();
  client.ask(get("/",
                 "X-Forwarded-For: 10.9.8.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\n"
                 "X_Forwarded_For: 6.6.6.6\r\nConnection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 3\r\n"));
  const Message seen = member.requests()[0];
  EXPECT_EQ(seen.header("X-Forwarded-For"), "10.9.8.7, 127.0.0.1");
  EXPECT_EQ(seen.header("X-Forwarded-Proto"), "http");
  EXPECT_EQ(seen.header("X-Forwarded-Port"), fmt::format("{}", port_));
  EXPECT_EQ(seen.head.find("Forwarded_For"), std::string::npos);
  EXPECT_EQ(seen.head.find("X-Secret"), std::string::npos);
  EXPECT_EQ(seen.head.find("Keep-Alive"), std::string::npos);

  model::Snapshot other = snapshot({member.endpoint()});
  http_of(other).forwarded_for = model::ForwardedFor::kReplace;
  http_of(other).forwarded_port = http_of(other).forwarded_proto = false;
  apply(other);
  client.ask(get("/", "X-Forwarded-For: 10.9.8.7\r\n"));
  EXPECT_EQ(member.requests()[1].header("X-Forwarded-For"), "127.0.0.1");
  EXPECT_FALSE(member.requests()[1].header("X-Forwarded-Port"));
  EXPECT_FALSE(member.requests()[1].header("X-Forwarded-Proto"));

  http_of(other).forwarded_for = model::ForwardedFor::kRemove;
  apply(other);
  client.ask(get("/", "X-Forwarded-For: 10.9.8.7\r\n"));
  EXPECT_FALSE(member.requests()[2].header("X-Forwarded-For"));
}

TEST_F(KeepAlive, ls20_the_server_header_is_ours_unless_switched_off) {
  HttpMember member([](const Message&) { return response(200, "x", "Server: theirs\r\n"); });
  serve({member.endpoint()});
  Peer client = connect();
  EXPECT_EQ(client.ask(get("/")).header("Server"), "elb");
  model::Snapshot other = snapshot({member.endpoint()});
  http_of(other).server_header = false;
  apply(other);
  EXPECT_EQ(client.ask(get("/")).header("Server"), "theirs");
}

TEST_F(KeepAlive, a_member_that_speaks_unasked_is_not_used_again) {
  std::atomic<int> number = 0;
  HttpMember member([&](const Message&) {
    // A second response, which a careless proxy would take for the answer to the next request.
    return response(200, "first") + (++number == 1 ? response(200, "poison") : "");
  });
  serve({member.endpoint()});
  Peer client = connect();
  EXPECT_EQ(client.ask(get("/")).body, "first");
  EXPECT_EQ(client.ask(get("/")).body, "first");
  EXPECT_EQ(member.connections(), 2U);
}

TEST_F(KeepAlive, an_idle_connection_is_closed_after_its_time) {
  HttpMember member(echo);
  start();
  model::Snapshot value = snapshot({member.endpoint()});
  http_of(value).timeouts.idle_s = 1;
  apply(value);
  Peer client = connect();
  EXPECT_EQ(client.ask(get("/")).status(), 200);
  const auto from = clock_.steady();
  EXPECT_TRUE(client.ended());
  const auto waited = clock_.steady() - from;
  EXPECT_GE(waited, std::chrono::milliseconds(900));
  EXPECT_LE(waited, std::chrono::milliseconds(2500));
}

}  // namespace
}  // namespace elb::test
