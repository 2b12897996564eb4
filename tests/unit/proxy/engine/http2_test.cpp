// SPDX-License-Identifier: Apache-2.0
// Shows: LS-07, S1, S4. Requests over HTTP/2 and the members' HTTP/1.1.
#include "unit/proxy/engine/http2_fixture.h"

namespace elb::test {
namespace {

using Http2 = Http2Fixture;

TEST_F(Http2, LS07_is_spoken_where_the_listener_says_so) {
  HttpMember member(echo);
  start();
  apply(secure_snapshot({member.endpoint()}));
  Peer old = connect_tls({.sni = "www.example.com", .alpn = "h2,http/1.1"});
  EXPECT_EQ(last_client().alpn(), "http/1.1");
  apply(http2_snapshot({member.endpoint()}));
  Http2Peer client = connect_http2();
  EXPECT_EQ(client.ask({}).body, "hello");
  // Who has agreed on something stays with it.
  EXPECT_EQ(old.ask("GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n").body, "hello");
  apply(secure_snapshot({member.endpoint()}));
  EXPECT_EQ(client.ask({}).body, "hello");
  const Peer fresh = connect_tls({.sni = "www.example.com", .alpn = "h2,http/1.1"});
  EXPECT_EQ(last_client().alpn(), "http/1.1");
}

TEST_F(Http2, members_get_requests_of_HTTP1) {
  HttpMember member(echo);
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2();
  const Http2Answer answer = client.ask({.path = "/a/./b?c",
                                         .fields = {{"cookie", "a=1"},
                                                    {"x-one", "1"},
                                                    {"cookie", "b=2"},
                                                    {"te", "trailers"},
                                                    {"x-forwarded-for", "9.9.9.9"},
                                                    {"x-forwarded-proto", "http"}}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("server"), "elb");
  EXPECT_EQ(answer.field("content-length"), "5");
  EXPECT_EQ(answer.field("connection"), "");
  const Message seen = member.requests()[0];
  EXPECT_TRUE(seen.head.starts_with("GET /a/b?c HTTP/1.1\r\nHost: www.example.com\r\n")) << seen.head;
  EXPECT_EQ(seen.header("cookie"), "a=1; b=2");
  EXPECT_EQ(seen.header("x-one"), "1");
  EXPECT_EQ(seen.header("X-Forwarded-For"), "9.9.9.9, 127.0.0.1");
  EXPECT_EQ(seen.header("X-Forwarded-Proto"), "https");
  EXPECT_FALSE(seen.header("Transfer-Encoding"));
}

TEST_F(Http2, bodies_in_both_directions) {
  HttpMember member(echo);
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2();
  const std::string large(3'000'000, 'b');
  const Http2Answer chunked = client.ask({.method = "POST", .body = large});
  EXPECT_EQ(chunked.body, large);
  EXPECT_EQ(member.requests()[0].header("Transfer-Encoding"), "chunked");
  const Http2Answer sized = client.ask({.method = "POST", .fields = {{"content-length", "3000000"}}, .body = large});
  EXPECT_EQ(sized.body, large);
  EXPECT_EQ(member.requests()[1].header("Content-Length"), "3000000");
  EXPECT_EQ(member.connections(), 1U);
}

TEST_F(Http2, responses_without_body) {
  HttpMember member([](const Message& request) -> std::string {
    if (request.head.starts_with("HEAD")) return "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n";
    if (request.head.starts_with("GET /204")) return "HTTP/1.1 204 No Content\r\n\r\n";
    if (request.head.starts_with("GET /304")) return "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n";
    return response(200, "");
  });
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2();
  const Http2Answer head = client.ask({.method = "HEAD"});
  EXPECT_EQ(head.field("content-length"), "77");
  EXPECT_TRUE(head.whole);
  EXPECT_EQ(client.ask({.path = "/204"}).status, 204);
  EXPECT_EQ(client.ask({.path = "/304"}).status, 304);
  const Http2Answer empty = client.ask({});
  EXPECT_EQ(empty.field("content-length"), "0");
  EXPECT_TRUE(empty.whole);
  EXPECT_EQ(member.connections(), 1U);
}

TEST_F(Http2, chunks_and_closed_connections_become_bare_bodies) {
  HttpMember member([](const Message& request) -> std::string {
    if (request.head.starts_with("GET /close")) return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end";
    return chunked_response({"one ", "two ", "three"});
  });
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2();
  const Http2Answer chunked = client.ask({});
  EXPECT_EQ(chunked.body, "one two three");
  EXPECT_EQ(chunked.field("transfer-encoding"), "");
  const Http2Answer until = client.ask({.path = "/close"});
  EXPECT_EQ(until.body, "until the end");
  EXPECT_TRUE(until.whole);
  EXPECT_EQ(client.ask({}).status, 200);
}

TEST_F(Http2, trailers_in_both_directions) {
  HttpMember member([](const Message&) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\ngrpc-status: 0\r\nSet-Cookie: "
           "a=b\r\n\r\n";
  });
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2();
  const Http2Answer answer =
      client.ask({.method = "POST", .body = "request", .trailers = {{"x-sum", "7"}, {"authorization", "no"}}});
  EXPECT_EQ(answer.body, "abc");
  EXPECT_EQ(answer.trailers, (Http2Fields{{"grpc-status", "0"}}));
  EXPECT_EQ(member.requests()[0].body, "request");
  EXPECT_EQ(member.requests()[0].trailers, "x-sum: 7\r\n");
}

TEST_F(Http2, interim_responses_go_on) {
  MemberServer member([](Peer& peer) {
    while (!peer.read_until("\r\n\r\n").empty()) {
      peer.send("HTTP/1.1 100 Continue\r\n\r\n");
      if (peer.read_exactly(5) != "hello") return;
      peer.send(response(201, "made"));
    }
  });
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2();
  const int32_t id =
      client.submit({.method = "POST", .fields = {{"expect", "100-continue"}, {"content-length", "5"}}, .open = true});
  while (client.answer(id).status == 0 && client.turn()) {
  }
  EXPECT_EQ(client.answer(id).status, 100);
  client.send_body(id, "hello", true);
  const Http2Answer answer = client.wait(id);
  EXPECT_EQ(answer.interim, std::vector<int>{100});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "made");
}

TEST_F(Http2, a_hundred_streams_over_all_members) {
  std::vector<std::unique_ptr<HttpMember>> members;
  std::vector<Endpoint> endpoints;
  for (int i = 0; i < 4; ++i) {
    members.push_back(std::make_unique<HttpMember>(echo));
    endpoints.push_back(members.back()->endpoint());
  }
  serve_http2(endpoints);
  Http2Peer client = connect_http2();
  std::vector<int32_t> streams;
  for (int i = 0; i < 100; ++i) streams.push_back(client.submit({.method = "POST", .body = fmt::format("body {}", i)}));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.wait(streams[static_cast<size_t>(i)]).body, fmt::format("body {}", i));
  for (const auto& member : members) EXPECT_EQ(member->requests().size(), 25U);
  EXPECT_EQ(counts().requests, 100U);
  EXPECT_EQ(counts().status_2xx, 100U);
  EXPECT_EQ(counts().connections, 1U);
}

TEST_F(Http2, refusals_are_answers_and_the_connection_goes_on) {
  HttpMember member(echo);
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2();
  EXPECT_EQ(client.ask({.authority = "other.example"}).status, 421);
  EXPECT_EQ(client.ask({.path = "/a/%00"}).status, 400);
  EXPECT_EQ(client.ask({.path = "/" + std::string(9000, 'a')}).status, 414);
  EXPECT_EQ(client.ask({.fields = {{"x", std::string(33000, 'h')}}}).status, 431);
  EXPECT_EQ(client.ask({.fields = {{"host", "else.example"}}}).status, 400);
  EXPECT_EQ(member.bytes(), 0U) << "S1";
  EXPECT_EQ(client.ask({}).status, 200);
  EXPECT_GE(counts().malformed, 4U);
}

TEST_F(Http2, a_dead_member_is_passed_over_and_a_broken_response_is_reset) {
  MemberServer broken([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  });
  serve_http2({broken.endpoint()});
  Http2Peer client = connect_http2();
  const Http2Answer cut = client.ask({});
  EXPECT_FALSE(cut.whole);
  EXPECT_NE(cut.error, 0U);
  HttpMember member(echo);
  uint16_t port = 0;
  listen_on_loopback(port).reset();
  apply(http2_snapshot({{*IpAddress::parse("127.0.0.1"), port}, member.endpoint()}));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.ask({}).status, 200);
  EXPECT_GE(counts().retries, 1U);
}

TEST_F(Http2, an_early_answer_leaves_the_connection_to_others) {
  MemberServer member([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.send(response(403, "no", "Connection: close\r\n"));
    peer.read_all();
  });
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2();
  const int32_t upload = client.submit({.method = "POST", .body = std::string(30'000, 'x'), .open = true});
  EXPECT_EQ(client.wait(upload).status, 403);
  EXPECT_EQ(client.answer(upload).body, "no");
  EXPECT_EQ(client.ask({}).status, 403);
}

TEST_F(Http2, a_request_that_the_client_resets_leaves_its_member) {
  std::atomic<int> left = 0;
  MemberServer member([&](Peer& peer) {
    if (peer.read_until("\r\n\r\n").starts_with("GET /slow")) {
      peer.read_all();
      ++left;
    } else {
      peer.send(response(200, "ok"));
    }
  });
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2();
  const int32_t slow = client.submit({.path = "/slow"});
  ASSERT_TRUE(eventually([&] { return member.connections() == 1; }));
  client.reset(slow);
  EXPECT_TRUE(eventually([&] { return left == 1; }));
  EXPECT_EQ(client.ask({}).body, "ok");
  EXPECT_EQ(counts().status_499, 1U);
}

TEST_F(Http2, a_slow_member_holds_back_its_upload_and_no_other) {
  std::atomic<bool> go = false;
  MemberServer member([&](Peer& peer) {
    const std::string head = peer.read_until("\r\n\r\n");
    if (head.starts_with("POST")) {
      while (!go) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      peer.read_exactly(40'000'000);
    }
    peer.send(response(200, "ok"));
  });
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2();
  const int32_t upload = client.submit({.method = "POST", .fields = {{"content-length", "40000000"}}, .open = true});
  client.send_body(upload, std::string(40'000'000, 'u'), true);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.ask({}).body, "ok");
  EXPECT_LT(client.sent(upload), 25'000'000U) << "the rest is not in our hands, nor in the kernel's";
  go = true;
  EXPECT_EQ(client.wait(upload).body, "ok");
}

TEST_F(Http2, draining_lets_streams_end) {
  std::atomic<bool> go = false;
  MemberServer member([&](Peer& peer) {
    while (!peer.read_until("\r\n\r\n").empty()) {
      while (!go) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      peer.send(response(200, "ok"));
    }
  });
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2();
  Http2Peer idle = connect_http2();
  idle.ping();
  idle.turn();
  const int32_t id = client.submit({});
  ASSERT_TRUE(eventually([&] { return member.connections() == 1; }));
  std::thread drain([&] { EXPECT_TRUE(engine_->drain(std::chrono::seconds(8))); });
  while (client.goaways().empty() && client.turn()) {
  }
  go = true;
  EXPECT_EQ(client.wait(id).body, "ok");
  while (client.turn()) {
  }
  while (idle.turn()) {
  }
  drain.join();
  // A client without requests does not listen to the second one.
  for (const Http2Peer* each : {&client, &idle}) {
    ASSERT_FALSE(each->goaways().empty());
    EXPECT_EQ(each->goaways().front(), 0U);
  }
}

TEST_F(Http2, idle_connections_and_incomplete_ones_end) {
  HttpMember member(echo);
  start();
  model::Snapshot value = http2_snapshot({member.endpoint()});
  http_of(value).timeouts.idle_s = 1;
  http_of(value).timeouts.head_s = 1;
  apply(value);
  Http2Peer client = connect_http2();
  EXPECT_EQ(client.ask({}).body, "hello");
  while (client.turn()) {
  }
  EXPECT_EQ(client.goaways(), std::vector<uint32_t>{0});
  Peer silent = connect_tls({.sni = "www.example.com", .alpn = "h2"});
  silent.send("PRI * HTTP");
  EXPECT_TRUE(eventually([&] { return engine_->connections() == 0; }));
}

TEST_F(Http2, response_timeouts_are_of_streams) {
  MemberServer member([](Peer& peer) {
    if (peer.read_until("\r\n\r\n").starts_with("GET /slow")) {
      peer.read_all();
    } else {
      peer.send(response(200, "ok"));
    }
  });
  start();
  model::Snapshot value = http2_snapshot({member.endpoint()});
  http_of(value).timeouts.response_s = 1;
  apply(value);
  Http2Peer client = connect_http2();
  EXPECT_EQ(client.ask({.path = "/slow"}).status, 504);
  EXPECT_EQ(client.ask({}).body, "ok");
}

TEST_F(Http2, S2_rapid_reset_is_cut_and_counted) {
  MemberServer member([](Peer& peer) { peer.read_all(); });
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2();
  bool up = true;
  for (int i = 0; i < 3000 && up; ++i) {
    client.reset(client.submit({}));
    up = client.flush();
  }
  while (client.turn()) {
  }
  EXPECT_EQ(client.goaways(), std::vector<uint32_t>{11});
  EXPECT_EQ(counts().floods, 1U);
  EXPECT_LE(engine_->counters().member_sums("member-1").requests, 220U);
  EXPECT_TRUE(eventually([&] { return engine_->connections() == 0; }));
}

TEST_F(Http2, R9_a_client_without_windows_holds_little) {
  const std::string large(4'000'000, 'l');
  HttpMember member([&](const Message&) { return response(200, large); });
  serve_http2({member.endpoint()});
  Http2Peer client = connect_http2(false);
  std::vector<int32_t> streams;
  for (int i = 0; i < 50; ++i) streams.push_back(client.submit({}));
  EXPECT_TRUE(eventually([&] { return member.requests().size() == 50; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const uint64_t taken = engine_->counters().member_sums("member-1").bytes_in;
  EXPECT_LT(taken, 65536U + (1U << 20)) << "what the client has, and what is kept for it";
}

}  // namespace
}  // namespace elb::test
