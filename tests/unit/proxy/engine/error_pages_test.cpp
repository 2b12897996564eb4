// SPDX-License-Identifier: Apache-2.0
// Pages of a listener's own instead of the load balancer's lines of text; never instead of what a member said.
#include "unit/proxy/engine/http2_fixture.h"

namespace elb::test {
namespace {

class ErrorPages : public Http2Fixture {
 protected:
  void serve_pages(model::Snapshot value) {
    http_of(value).error_pages = {{"404", "text/plain", "not here"}, {"5xx", "text/html", "<p>later</p>"}};
    apply(std::move(value));
  }
  static Endpoint nobody() {
    uint16_t port = 0;
    const Fd closed = listen_on_loopback(port);
    return {*IpAddress::parse("127.0.0.1"), port};
  }
};

TEST_F(ErrorPages, are_sent_for_their_status_or_class) {
  start();
  serve_pages(snapshot({nobody()}));
  Peer client = connect();
  const Message answer = client.ask(get("/"));
  EXPECT_EQ(answer.status(), 502);
  EXPECT_EQ(answer.body, "<p>later</p>");
  EXPECT_EQ(answer.header("Content-Type"), "text/html");
  EXPECT_EQ(answer.header("Content-Length"), "12");
  const Message head = client.ask("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n", true);
  EXPECT_EQ(head.header("Content-Length"), "12");
  EXPECT_TRUE(head.body.empty());
  // No page for it: as without pages.
  Peer malformed = connect();
  EXPECT_EQ(malformed.ask("GET / HTTP/1.1\r\n\r\n").body, "400 Bad Request\n");
}

TEST_F(ErrorPages, reach_clients_of_HTTP2_too) {
  start();
  serve_pages(http2_snapshot({nobody()}));
  Http2Peer client = connect_http2();
  const Http2Answer answer = client.ask({});
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(answer.body, "<p>later</p>");
  EXPECT_EQ(answer.field("content-type"), "text/html");
  const Http2Answer head = client.ask({.method = "HEAD"});
  EXPECT_EQ(head.field("content-length"), "12");
  EXPECT_TRUE(head.body.empty());
}

TEST_F(ErrorPages, leave_alone_what_a_member_says) {
  HttpMember member([](const Message& request) {
    return request.head.starts_with("GET /503") ? response(503, "member's") : response(404, "also");
  });
  start();
  serve_pages(snapshot({member.endpoint()}));
  Peer client = connect();
  EXPECT_EQ(client.ask(get("/503")).body, "member's");
  EXPECT_EQ(client.ask(get("/404")).body, "also");
}

}  // namespace
}  // namespace elb::test
