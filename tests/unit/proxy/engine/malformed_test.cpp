// SPDX-License-Identifier: Apache-2.0
// Shows: LS-18, S1, S4. Requests that no member may see a byte of: every row on which common proxies differ, and the
// limits. Each is refused by the proxy itself and counted.
#include "unit/proxy/engine/engine_fixture.h"

namespace elb::test {
namespace {

struct Case {
  std::string_view name;
  std::string bytes;
  int status = 400;
};

std::string fields(const std::string& text) { return "POST / HTTP/1.1\r\nHost: a\r\n" + text + "\r\n"; }
std::string chunks(const std::string& body) { return fields("Transfer-Encoding: chunked\r\n") + body; }

std::vector<Case> matrix() {
  return {
      {"length and coding", fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n"},
      {"coding xchunked", fields("Transfer-Encoding: xchunked\r\n")},
      {"chunked twice", fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
      {"coding on 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"blank before the colon", fields("Transfer-Encoding : chunked\r\n")},
      {"two lengths", fields("Content-Length: 3\r\nContent-Length: 4\r\n") + "abcd"},
      {"empty length and length", fields("Content-Length:\r\nContent-Length: 3\r\n") + "abc"},
      {"length with plus", fields("Content-Length: +3\r\n") + "abc"},
      {"length too large", fields("Content-Length: 18446744073709551619\r\n") + "abc"},
      {"bare LF", "GET / HTTP/1.1\nHost: a\n\n"},
      {"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"},
      {"obs-fold", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"},
      {"LF in an extension", chunks("5;a\nhello\r\n0\r\n\r\n")},
      {"chunk size with a blank", chunks("5 \r\nhello\r\n0\r\n\r\n")},
      {"chunk lines that end with LF", chunks("5\nhello\n0\n\n")},
      {"chunk size with 0x", chunks("0x5\r\nhello\r\n0\r\n\r\n")},
      {"empty name", "GET / HTTP/1.1\r\nHost: a\r\n: a\r\n\r\n"},
      {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a" + std::string(1, '\0') + "b\r\n\r\n"},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {"absolute target, other Host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no Host", "GET / HTTP/1.1\r\n\r\n"},
      {"chunk size overflow", chunks("ffffffffffffffff0\r\nhello\r\n0\r\n\r\n")},
  };
}

std::vector<Case> limits() {
  std::string many;
  for (int i = 0; i < 100; ++i) many += fmt::format("X-{}: 1\r\n", i);
  return {
      {"long target", "GET /" + std::string(8192, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"large head", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(40000, 'a') + "\r\n\r\n", 431},
      {"many headers", "GET / HTTP/1.1\r\nHost: a\r\n" + many + "\r\n", 431},
      {"large body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000001\r\n\r\n", 413},
      {"large chunk", chunks("f4241\r\nhello"), 413},
      {"version", "GET / HTTP/1.7\r\nHost: a\r\n\r\n", 505},
      {"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501},
      {"above the root", "GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"NUL in the path", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"TLS to a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"},
  };
}

class Malformed : public EngineFixture {
 protected:
  void refused(const std::vector<Case>& cases) {
    HttpMember member(echo);
    proxy::EngineOptions options;
    options.head.body_bytes = options.body.body_bytes = 1000000;
    options.linger = std::chrono::milliseconds(100);
    start(options);
    serve({member.endpoint()});
    for (const Case& each : cases) {
      Peer client = connect();
      client.send(each.bytes);
      const Message answer = client.read_response();
      EXPECT_EQ(answer.status(), each.status) << each.name;
      EXPECT_EQ(answer.header("Server"), "elb") << each.name;
      client.end_writing();
      EXPECT_TRUE(client.ended()) << each.name;
    }
    EXPECT_EQ(member.bytes(), 0U);
    EXPECT_EQ(member.requests().size(), 0U);
    EXPECT_TRUE(eventually([&] { return counts().malformed == cases.size(); })) << counts().malformed;
    // And what is well-formed still gets through.
    Peer client = connect();
    EXPECT_EQ(client.ask(get("/")).status(), 200);
  }
};

TEST_F(Malformed, ls18_no_member_sees_a_byte_of_the_matrix) { refused(matrix()); }
TEST_F(Malformed, s4_limits_are_answered_by_their_status) { refused(limits()); }

TEST_F(Malformed, a_request_behind_a_refused_one_is_not_served) {
  HttpMember member(echo);
  serve({member.endpoint()});
  Peer client = connect();
  client.send(fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n" + get("/smuggled"));
  EXPECT_EQ(client.read_response().status(), 400);
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(member.bytes(), 0U);
}

TEST_F(Malformed, a_chunk_that_is_bad_later_ends_both_sides) {
  HttpMember member(echo);
  serve({member.endpoint()});
  Peer client = connect();
  client.send(chunks("5\r\nhello\r\n"));
  ASSERT_TRUE(eventually([&] { return member.bytes() > 0; }));
  client.send("x\r\n");
  EXPECT_EQ(client.read_response().status(), 400);
  EXPECT_EQ(member.requests().size(), 0U);  // the member never saw a whole request
}

}  // namespace
}  // namespace elb::test
