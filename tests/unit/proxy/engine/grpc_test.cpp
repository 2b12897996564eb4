// SPDX-License-Identifier: Apache-2.0
// Shows: PL-02, LS-07, LS-19. Pools of the protocol GRPC: members that speak HTTP/2 without TLS (docs/adr/0025).
#include "unit/proxy/engine/http2_fixture.h"
#include "unit/proxy/engine/http2_member.h"

namespace elb::test {
namespace {

constexpr uint32_t kRefused = 7;
constexpr uint32_t kCancel = 8;

Http2Reply grpc_echo(const Http2Seen& request) {
  return {.fields = {{"content-type", "application/grpc"}},
          .body = request.body,
          .trailers = {{"grpc-status", "0"}, {"grpc-message", "fine"}}};
}

std::string trailer(const Http2Answer& answer, std::string_view name) {
  for (const auto& each : answer.trailers)
    if (each.first == name) return each.second;
  return {};
}

class Grpc : public Http2Fixture {
 protected:
  void serve_grpc(const std::vector<Endpoint>& members) {
    if (!engine_) start();
    model::Snapshot value = http2_snapshot(members);
    value.pools[0].http2 = true;
    apply(value);
  }
  static Http2Request call(std::string body = "ping") {
    return {.method = "POST",
            .path = "/test.Echo/Say",
            .fields = {{"content-type", "application/grpc"}, {"te", "trailers"}, {"grpc-timeout", "1S"}},
            .body = std::move(body)};
  }
};

TEST_F(Grpc, requests_and_trailers_pass_in_both_directions) {
  Http2Member member(grpc_echo);
  serve_grpc({member.endpoint()});
  Http2Peer client = connect_http2();
  Http2Request request = call();
  request.trailers = {{"x-checksum", "42"}};
  const Http2Answer answer = client.ask(request);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "ping");
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.field("server"), "elb");
  EXPECT_EQ(trailer(answer, "grpc-status"), "0");
  EXPECT_EQ(trailer(answer, "grpc-message"), "fine");
  const Http2Seen seen = member.seen().at(0);
  EXPECT_EQ(seen.field(":method"), "POST");
  EXPECT_EQ(seen.field(":scheme"), "http");
  EXPECT_EQ(seen.field(":authority"), "www.example.com");
  EXPECT_EQ(seen.field(":path"), "/test.Echo/Say");
  EXPECT_EQ(seen.field("te"), "trailers");
  EXPECT_EQ(seen.field("grpc-timeout"), "1S");
  EXPECT_EQ(seen.field("x-forwarded-for"), "127.0.0.1");
  EXPECT_EQ(seen.field("x-forwarded-proto"), "https");
  EXPECT_EQ(seen.trailer("x-checksum"), "42");
}

TEST_F(Grpc, an_answer_of_trailers_only_stays_one) {
  Http2Member member([](const Http2Seen&) {
    return Http2Reply{.fields = {{"content-type", "application/grpc"}, {"grpc-status", "5"}}};
  });
  serve_grpc({member.endpoint()});
  Http2Peer client = connect_http2();
  const Http2Answer answer = client.ask(call());
  EXPECT_EQ(answer.field("grpc-status"), "5");
  EXPECT_EQ(answer.field("content-length"), "");
  EXPECT_TRUE(answer.whole);
}

TEST_F(Grpc, clients_share_a_connection_to_the_member) {
  Http2Member member(grpc_echo);
  serve_grpc({member.endpoint()});
  Http2Peer one = connect_http2();
  Http2Peer two = connect_http2();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(one.ask(call()).body, "ping");
    EXPECT_EQ(two.ask(call()).body, "ping");
  }
  EXPECT_EQ(member.connections(), 1U);
}

TEST_F(Grpc, no_more_at_once_on_a_connection_than_the_member_allows) {
  Http2Member member(grpc_echo, 2);
  serve_grpc({member.endpoint()});
  Http2Peer client = connect_http2();
  std::vector<int32_t> calls;
  calls.reserve(6);
  for (int i = 0; i < 6; ++i) calls.push_back(client.submit(call(fmt::format("{}", i))));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(client.wait(calls[static_cast<size_t>(i)]).body, fmt::format("{}", i));
  EXPECT_LE(member.most_open(), 2U);
}

TEST_F(Grpc, large_bodies_pass_in_both_directions) {
  Http2Member member(grpc_echo);
  serve_grpc({member.endpoint()});
  Http2Peer client = connect_http2();
  const std::string large(1'000'000, 'g');
  const Http2Answer answer = client.ask(call(large));
  EXPECT_EQ(answer.body, large);
  EXPECT_EQ(trailer(answer, "grpc-status"), "0");
}

TEST_F(Grpc, a_stream_that_its_client_stops_does_not_stop_others) {
  const std::string large(5'000'000, 's');
  Http2Member member([&](const Http2Seen& request) {
    Http2Reply reply = grpc_echo(request);
    if (request.body == "large") reply.body = large;
    return reply;
  });
  serve_grpc({member.endpoint()});
  Http2Peer slow = connect_http2(false);  // acknowledges nothing
  const int32_t stopped = slow.submit(call("large"));
  while (slow.answer(stopped).body.size() < 65535 && slow.turn()) continue;
  Http2Peer other = connect_http2();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(other.ask(call()).body, "ping");
  EXPECT_EQ(member.connections(), 1U);
  EXPECT_LT(slow.answer(stopped).body.size(), 70'000U);
}

TEST_F(Grpc, ls19_a_refused_request_is_sent_again_though_it_is_not_idempotent) {
  std::atomic<int> refused = 0;
  Http2Member member([&](const Http2Seen& request) {
    Http2Reply reply = grpc_echo(request);
    if (request.whole && refused++ == 0) reply = {.reset = kRefused};
    return reply;
  });
  serve_grpc({member.endpoint()});
  Http2Peer client = connect_http2();
  EXPECT_EQ(client.ask(call("again")).body, "again");
  const auto seen = member.seen();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_NE(seen[0].connection, seen[1].connection);
}

TEST_F(Grpc, ls19_requests_above_the_last_of_a_goaway_are_sent_again) {
  Http2Member member([](const Http2Seen& request) {
    if (request.connection == 1 && request.stream > 1) return Http2Reply{.goaway = true};
    return grpc_echo(request);
  });
  serve_grpc({member.endpoint()});
  Http2Peer client = connect_http2();
  EXPECT_EQ(client.ask(call("first")).body, "first");
  EXPECT_EQ(client.ask(call("second")).body, "second");
  EXPECT_EQ(member.connections(), 2U);
}

TEST_F(Grpc, a_request_that_may_have_been_done_is_not_sent_again) {
  Http2Member member([](const Http2Seen&) { return Http2Reply{.close = true}; });
  serve_grpc({member.endpoint(), member.endpoint()});
  Http2Peer client = connect_http2();
  const Http2Answer answer = client.ask(call());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("grpc-status"), "14");
  EXPECT_EQ(member.seen().size(), 1U);
}

TEST_F(Grpc, the_member_hears_that_the_client_has_cancelled) {
  Http2Member member([](const Http2Seen&) { return Http2Reply{.hold = true}; });
  serve_grpc({member.endpoint()});
  Http2Peer client = connect_http2();
  const int32_t stream = client.submit(call());
  ASSERT_TRUE(eventually([&] { return !member.seen().empty(); }));
  client.reset(stream);
  EXPECT_TRUE(eventually([&] { return member.seen()[0].reset == kCancel; }));
}

TEST_F(Grpc, the_client_hears_that_the_member_broke_off) {
  Http2Member member([](const Http2Seen&) {
    return Http2Reply{.fields = {{"content-type", "application/grpc"}}, .body = "some", .reset = kCancel};
  });
  serve_grpc({member.endpoint()});
  Http2Peer client = connect_http2();
  const Http2Answer answer = client.ask(call());
  EXPECT_FALSE(answer.whole);
  EXPECT_EQ(answer.error, kCancel);
}

TEST_F(Grpc, streams_in_both_directions_at_once) {
  Http2Member member([](const Http2Seen&) {
    return Http2Reply{.body = "welcome", .trailers = {{"grpc-status", "0"}}, .early = true};
  });
  serve_grpc({member.endpoint()});
  Http2Peer client = connect_http2();
  Http2Request open = call("begin");
  open.open = true;
  const int32_t stream = client.submit(open);
  EXPECT_EQ(client.wait(stream).body, "welcome");
}

TEST_F(Grpc, the_balancers_own_errors_are_in_the_words_of_grpc) {
  uint16_t nobody = 0;
  { const Fd closed = listen_on_loopback(nobody); }
  serve_grpc({{*IpAddress::parse("127.0.0.1"), nobody}});
  Http2Peer client = connect_http2();
  const Http2Answer answer = client.ask(call());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("grpc-status"), "14");
  EXPECT_EQ(answer.field("grpc-message"), "502 Bad Gateway");
  EXPECT_EQ(answer.field("content-type"), "application/grpc");
  EXPECT_TRUE(answer.body.empty());
  const Http2Answer plain = client.ask({});
  EXPECT_EQ(plain.status, 502);  // who does not speak gRPC gets the status itself
}

TEST_F(Grpc, clients_of_HTTP1_reach_such_members_too) {
  Http2Member member([](const Http2Seen& request) {
    if (request.field(":path") == "/empty") return Http2Reply{.status = 204};
    return grpc_echo(request);
  });
  if (!engine_) start();
  model::Snapshot value = snapshot({member.endpoint()});
  value.pools[0].http2 = true;
  apply(value);
  Peer client = connect();
  const Message answer = client.ask(post("over one"));
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, "over one");
  EXPECT_NE(answer.trailers.find("grpc-status: 0"), std::string::npos);
  EXPECT_EQ(client.ask(get("/empty")).status(), 204);
  EXPECT_EQ(member.seen()[0].field("content-length"), "8");
}

TEST_F(Grpc, members_that_are_no_more_lose_their_connection) {
  Http2Member member(grpc_echo);
  Http2Member other(grpc_echo);
  serve_grpc({member.endpoint()});
  Http2Peer client = connect_http2();
  EXPECT_EQ(client.ask(call()).body, "ping");
  serve_grpc({other.endpoint()});
  EXPECT_EQ(client.ask(call()).body, "ping");
  EXPECT_EQ(other.seen().size(), 1U);
  serve_grpc({member.endpoint()});
  EXPECT_EQ(client.ask(call()).body, "ping");
  EXPECT_EQ(member.connections(), 2U);
}

}  // namespace
}  // namespace elb::test
