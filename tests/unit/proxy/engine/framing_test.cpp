// SPDX-License-Identifier: Apache-2.0
// Shows: LS-16, S1. How bodies are framed on each side: lengths, chunks, none, until the end.
#include "unit/proxy/engine/engine_fixture.h"

namespace elb::test {
namespace {

using Framing = EngineFixture;

TEST_F(Framing, chunked_requests_arrive_as_chunks_of_ours) {
  HttpMember member(echo);
  serve({member.endpoint()});
  Peer client = connect();
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(client.ask(head + "5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n").body, "hello world");
  EXPECT_EQ(member.requests()[0].body, "hello world");
  EXPECT_EQ(member.requests()[0].header("Transfer-Encoding"), "chunked");
  // Extensions were dropped, trailers went on, so the next request begins where it should.
  EXPECT_EQ(client.ask(head + "1\r\nx\r\n0\r\n\r\n").body, "x");
  EXPECT_EQ(client.ask(head + "0\r\n\r\n").body, "hello");
  EXPECT_EQ(member.connections(), 1U);
}

TEST_F(Framing, a_chunked_body_in_single_bytes) {
  HttpMember member(echo);
  serve({member.endpoint()});
  Peer client = connect();
  for (const char c : std::string("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "a\r\n0123456789\r\n3\r\nabc\r\n0\r\n\r\n"))
    client.send({&c, 1});
  EXPECT_EQ(client.read_response().body, "0123456789abc");
}

TEST_F(Framing, chunked_responses_reach_new_clients_in_chunks_and_old_ones_until_the_end) {
  std::vector<std::string> pieces;
  std::string whole;
  for (int i = 0; i < 300; ++i) {
    pieces.push_back(std::string(static_cast<size_t>(i * 7 % 1000 + 1), static_cast<char>('a' + i % 26)));
    whole += pieces.back();
  }
  HttpMember member([&](const Message&) { return chunked_response(pieces); });
  serve({member.endpoint()});
  Peer client = connect();
  const Message answer = client.ask(get("/"));
  EXPECT_EQ(answer.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(answer.body, whole);
  Peer old = connect();
  const Message plain = old.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(plain.header("Transfer-Encoding"));
  EXPECT_EQ(plain.header("Connection"), "close");
  EXPECT_EQ(plain.body, whole);
  EXPECT_EQ(member.connections(), 1U);
}

TEST_F(Framing, a_response_that_ends_with_its_connection_is_chunked_for_the_client) {
  HttpMember member([](const Message&) { return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end"; });
  serve({member.endpoint()});
  Peer client = connect();
  for (int i = 0; i < 3; ++i) {
    const Message answer = client.ask(get("/"));
    EXPECT_TRUE(answer.whole);
    EXPECT_EQ(answer.header("Transfer-Encoding"), "chunked");
    EXPECT_EQ(answer.body, "until the end");
  }
  EXPECT_EQ(member.connections(), 3U);
}

TEST_F(Framing, head_gets_the_length_and_no_body) {
  HttpMember member([](const Message&) { return "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"; });
  serve({member.endpoint()});
  Peer client = connect();
  for (int i = 0; i < 3; ++i) {
    const Message answer = client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", true);
    EXPECT_EQ(answer.status(), 200);
    EXPECT_EQ(answer.header("Content-Length"), "1234");
  }
  EXPECT_EQ(member.connections(), 1U);
}

TEST_F(Framing, responses_without_body_end_with_their_head) {
  std::atomic<int> number = 0;
  HttpMember member([&](const Message&) -> std::string {
    return number++ % 2 == 0 ? "HTTP/1.1 204 No Content\r\n\r\n"
                             : "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: \"1\"\r\n\r\n";
  });
  serve({member.endpoint()});
  Peer client = connect();
  for (int i = 0; i < 3; ++i) {
    const Message nothing = client.ask(get("/"));
    EXPECT_EQ(nothing.status(), 204);
    EXPECT_FALSE(nothing.header("Content-Length"));
    const Message same = client.ask(get("/"));
    EXPECT_EQ(same.status(), 304);
    EXPECT_EQ(same.header("Content-Length"), "99");
  }
  EXPECT_EQ(member.connections(), 1U);
}

TEST_F(Framing, the_member_decides_whether_a_body_is_wanted) {
  MemberServer member([](Peer& peer) {
    const std::string head = peer.read_until("\r\n\r\n");
    EXPECT_NE(head.find("Expect: 100-continue\r\n"), std::string::npos);
    usleep(30'000);
    peer.send("HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(peer.read_exactly(4), "data");
    peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + response(201, "made"));
    EXPECT_NE(peer.read_until("\r\n\r\n").find("Expect"), std::string::npos);
    peer.send(response(417, "no"));
    peer.read_all();
  });
  serve({member.endpoint()});
  Peer client = connect();
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(client.ask(head).status(), 100);
  client.send("data");
  const Message hints = client.read_response();
  EXPECT_EQ(hints.status(), 103);
  EXPECT_EQ(hints.header("Link"), "</a>");
  EXPECT_EQ(client.read_response().body, "made");
  // The second body is refused before it was sent: what the client would send next could be it or a request.
  const Message refused = client.ask(head);
  EXPECT_EQ(refused.status(), 417);
  EXPECT_EQ(refused.header("Connection"), "close");
}

TEST_F(Framing, a_member_that_answers_before_the_body_is_there_is_not_used_again) {
  MemberServer member([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.send(response(200, "early"));
    peer.read_all();
  });
  serve({member.endpoint()});
  Peer client = connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbegin");
  const Message answer = client.read_response();
  EXPECT_EQ(answer.body, "early");
  EXPECT_EQ(answer.header("Connection"), "close");
  client.send(std::string(99995, 'x'));  // lingering close: the response was not destroyed by these
  EXPECT_TRUE(client.ended());
  Peer second = connect();
  EXPECT_EQ(second.ask(get("/")).body, "early");
  EXPECT_EQ(member.connections(), 2U);
}

TEST_F(Framing, a_response_that_breaks_off_does_not_look_whole) {
  std::atomic<int> number = 0;
  HttpMember member([&](const Message&) -> std::string {
    return number++ == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf"
                         : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nhalf\r\n";
  });
  serve({member.endpoint()});
  for (int i = 0; i < 2; ++i) {
    Peer client = connect();
    EXPECT_FALSE(client.ask(get("/")).whole);
  }
  EXPECT_TRUE(eventually([&] { return engine_->connections() == 0; }));
}

TEST_F(Framing, s1_a_response_that_is_ambiguous_is_a_502) {
  const std::vector<std::string> bad = {
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "HTTP/1.1 200 OK\nContent-Length: 1\n\na",
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
      "nonsense\r\n\r\n",
  };
  std::atomic<size_t> number = 0;
  HttpMember member([&](const Message&) { return bad[number++]; });
  serve({member.endpoint()});
  Peer client = connect();
  for (size_t i = 0; i < bad.size(); ++i) EXPECT_EQ(client.ask(get("/")).status(), 502) << bad[i];
  EXPECT_EQ(member.connections(), bad.size());
}

}  // namespace
}  // namespace elb::test
