// SPDX-License-Identifier: Apache-2.0
// Shows: LS-13. WebSocket without configuration: the upgrade passes, then bytes pass in both directions until one side
// ends, with a time-out of its own.
#include "unit/proxy/engine/tls_fixture.h"

namespace elb::test {
namespace {

constexpr const char* kUpgrade =
    "GET /chat HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
constexpr const char* kSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

class WebSocket : public TlsFixture {
 protected:
  /// Says "first" with the upgrade, then echoes.
  MemberServer member_{[this](Peer& peer) {
    const Message request = peer.read_request();
    asked_ = request.header("Upgrade").value_or("") + "/" + request.header("Connection").value_or("");
    if (!peer.send(std::string(kSwitch) + "first")) return;
    for (;;) {
      const std::string frame = peer.read_exactly(4);
      if (frame.size() < 4) break;
      peer.send(frame);
    }
    peer.send("bye");
  }};
  std::string asked_;

  void talk(Peer& client) {
    const Message answer = client.ask(kUpgrade);
    EXPECT_EQ(answer.status(), 101);
    EXPECT_EQ(answer.header("Upgrade"), "websocket");
    EXPECT_EQ(answer.header("Connection"), "upgrade");
    EXPECT_EQ(answer.header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(client.read_exactly(5), "first");
    for (int i = 0; i < 100; ++i) {
      const std::string frame = fmt::format("{:04}", i);
      client.send(frame);
      ASSERT_EQ(client.read_exactly(4), frame);
    }
    EXPECT_EQ(asked_, "websocket/upgrade");
  }
};

TEST_F(WebSocket, ls13_echo_over_http) {
  serve({member_.endpoint()});
  Peer client = connect();
  talk(client);
  client.end_writing();
  EXPECT_EQ(client.read_all(), "bye");  // what the member says after the client's end still arrives
  EXPECT_TRUE(eventually([&] { return engine_->connections() == 0; }));
}

TEST_F(WebSocket, ls13_echo_over_https) {
  start();
  apply(secure_snapshot({member_.endpoint()}));
  Peer client = connect_tls({});
  talk(client);
}

TEST_F(WebSocket, frames_sent_along_with_the_upgrade_are_not_lost) {
  serve({member_.endpoint()});
  Peer client = connect();
  client.send(std::string(kUpgrade) + "soon");
  EXPECT_EQ(client.read_response().status(), 101);
  EXPECT_EQ(client.read_exactly(9), "firstsoon");
}

TEST_F(WebSocket, ls13_outlives_the_response_time_out_and_has_one_of_its_own) {
  start();
  model::Snapshot value = snapshot({member_.endpoint()});
  http_of(value).timeouts = {1, 1, 1, 1, 1, 3};
  apply(value);
  Peer client = connect();
  EXPECT_EQ(client.ask(kUpgrade).status(), 101);
  EXPECT_EQ(client.read_exactly(5), "first");
  for (int i = 0; i < 2; ++i) {
    usleep(2'000'000);
    client.send("ping");
    ASSERT_EQ(client.read_exactly(4), "ping");
  }
  const auto from = clock_.steady();
  client.read_all();
  const double waited = std::chrono::duration<double>(clock_.steady() - from).count();
  EXPECT_GE(waited, 2.9);
  EXPECT_LE(waited, 5.0);
}

TEST_F(WebSocket, a_member_that_refuses_the_upgrade_answers_as_usual) {
  HttpMember plain([](const Message&) { return response(426, "no"); });
  serve({plain.endpoint()});
  Peer client = connect();
  EXPECT_EQ(client.ask(kUpgrade).status(), 426);
  EXPECT_EQ(client.ask(get("/")).status(), 426);  // the connection speaks HTTP still
}

TEST_F(WebSocket, other_protocols_are_not_passed_on) {
  HttpMember plain(echo);
  serve({plain.endpoint()});
  Peer client = connect();
  client.ask(get("/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"));
  EXPECT_FALSE(plain.requests()[0].header("Upgrade"));
  EXPECT_FALSE(plain.requests()[0].header("Connection"));
  EXPECT_FALSE(plain.requests()[0].header("HTTP2-Settings"));
}

TEST_F(WebSocket, the_end_of_the_member_is_the_end_of_the_client) {
  MemberServer member([](Peer& peer) {
    peer.read_request();
    peer.send(kSwitch + std::string(300'000, 'x'));
  });
  serve({member.endpoint()});
  Peer client = connect();
  EXPECT_EQ(client.ask(kUpgrade).status(), 101);
  EXPECT_EQ(client.read_all().size(), 300'000U);
  client.close();
  EXPECT_TRUE(eventually([&] { return engine_->connections() == 0; }));
}

TEST_F(WebSocket, a_client_that_does_not_end_what_the_member_has_ended_is_not_waited_for_long) {
  std::atomic<bool> ended = false;
  MemberServer member([&](Peer& peer) {
    peer.read_request();
    peer.send(kSwitch);
    peer.end_writing();
    peer.read_all();
    ended = true;
  });
  start();
  model::Snapshot value = snapshot({member.endpoint()});
  http_of(value).timeouts = {60, 60, 1, 60, 60, 60};
  apply(value);
  Peer client = connect();
  EXPECT_EQ(client.ask(kUpgrade).status(), 101);
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(eventually([&] { return ended.load(); }));
}

}  // namespace
}  // namespace elb::test
