// SPDX-License-Identifier: Apache-2.0
// Shows: issue 5, trailers in both directions over HTTP/1.1; S4, their limits.
#include "unit/proxy/engine/engine_fixture.h"

namespace elb::test {
namespace {

using Trailers = EngineFixture;

constexpr std::string_view kChunkedPost =
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n";

std::string answer_with(std::string_view trailers) {
  return fmt::format("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n{}\r\n", trailers);
}

TEST_F(Trailers, of_requests_and_responses_go_on) {
  HttpMember member([](const Message&) { return answer_with("grpc-status: 0\r\nX-Checksum: 77\r\n"); });
  serve({member.endpoint()});
  Peer client = connect();
  for (int i = 0; i < 2; ++i) {
    const Message answer = client.ask(std::string(kChunkedPost) + "X-Sum: 5\r\nX-Other: 6\r\n\r\n");
    EXPECT_EQ(answer.body, "abc");
    EXPECT_EQ(answer.trailers, "grpc-status: 0\r\nX-Checksum: 77\r\n");
    EXPECT_EQ(member.requests().back().body, "hello");
    EXPECT_EQ(member.requests().back().trailers, "X-Sum: 5\r\nX-Other: 6\r\n");
  }
  EXPECT_EQ(member.connections(), 1U);
}

TEST_F(Trailers, that_route_or_authenticate_stay_behind) {
  HttpMember member(
      [](const Message&) { return answer_with("Set-Cookie: a=b\r\nX-Stays: 1\r\nConnection: close\r\n"); });
  serve({member.endpoint()});
  Peer client = connect();
  const Message answer = client.ask(std::string(kChunkedPost) +
                                    "Host: b\r\nAuthorization: x\r\nX-Forwarded-For: 1.1.1.1\r\nX_Real_Ip: 1.1.1.1\r\n"
                                    "X-Stays: 2\r\nCookie: a=b\r\n\r\n");
  EXPECT_EQ(answer.trailers, "X-Stays: 1\r\n");
  EXPECT_EQ(member.requests()[0].trailers, "X-Stays: 2\r\n");
}

TEST_F(Trailers, are_dropped_where_the_body_is_not_chunked_any_more) {
  HttpMember member([](const Message&) { return answer_with("X-Sum: 5\r\n"); });
  serve({member.endpoint()});
  Peer old = connect();
  EXPECT_EQ(old.ask("GET / HTTP/1.0\r\n\r\n").body, "abc");
}

TEST_F(Trailers, as_large_as_they_may_be_fit_behind_a_large_body) {
  const std::string field = "X-Large: " + std::string(8192 - 13, 't') + "\r\n";  // with the empty line 8192
  HttpMember member([&](const Message&) {
    std::string body;
    for (int i = 0; i < 400; ++i) body += "200\r\n" + std::string(512, 'b') + "\r\n";
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + "0\r\n" + field + "\r\n";
  });
  serve({member.endpoint()});
  Peer client = connect();
  const Message answer = client.ask(get("/"));
  EXPECT_EQ(answer.body.size(), 400U * 512);
  EXPECT_EQ(answer.trailers, field);
  EXPECT_EQ(client.ask(std::string(kChunkedPost) + field + "\r\n").status(), 200);
  EXPECT_EQ(client.ask(std::string(kChunkedPost) + "Y" + field + "\r\n").status(), 431);
}

}  // namespace
}  // namespace elb::test
