// SPDX-License-Identifier: Apache-2.0
// Shows: LS-13. WebSocket over HTTP/2 (RFC 8441): an extended CONNECT, and for the member an upgrade of HTTP/1.1.
#include "tls/websocket_accept.h"
#include "unit/proxy/engine/http2_fixture.h"

namespace elb::test {
namespace {

class WebSocketHttp2 : public Http2Fixture {
 protected:
  /// Proves that it read the key, echoes four bytes at a time, says "bye" when the client has ended.
  MemberServer member_{[this](Peer& peer) {
    const Message request = peer.read_request();
    asked_ = request.head;
    const std::string key = request.header("Sec-WebSocket-Key").value_or("");
    const std::string proof = lies_ ? "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" : tls::websocket_accept(key);
    if (refuses_ != 0) {
      peer.send(response(refuses_, "no"));
      return;
    }
    peer.send(
        fmt::format("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Accept: {}\r\n\r\nfirst",
                    proof));
    for (;;) {
      const std::string frame = peer.read_exactly(4);
      if (frame.size() < 4 || frame == "quit") break;
      peer.send(frame);
    }
    peer.send("bye");
  }};
  std::string asked_;
  int refuses_ = 0;
  bool lies_ = false;

  static Http2Request connect_request() {
    return {.method = "CONNECT",
            .path = "/chat",
            .fields = {{":protocol", "websocket"}, {"sec-websocket-version", "13"}, {"sec-websocket-protocol", "chat"}},
            .open = true};
  }
  /// Until so many bytes of body are there.
  static std::string& body(Http2Peer& client, int32_t stream, size_t size) {
    while (client.answer(stream).body.size() < size && !client.answer(stream).closed && client.turn()) continue;
    return client.answer(stream).body;
  }
};

TEST_F(WebSocketHttp2, ls13_bytes_pass_in_both_directions_until_the_client_ends) {
  serve_http2({member_.endpoint()});
  Http2Peer client = connect_http2();
  const int32_t stream = client.submit(connect_request());
  EXPECT_EQ(body(client, stream, 5), "first");
  EXPECT_EQ(client.answer(stream).status, 200);
  EXPECT_EQ(client.answer(stream).field("sec-websocket-protocol"), "chat");
  EXPECT_EQ(client.answer(stream).field("sec-websocket-accept"), "");
  EXPECT_EQ(client.answer(stream).field("upgrade"), "");
  EXPECT_TRUE(asked_.starts_with("GET /chat HTTP/1.1\r\nHost: www.example.com\r\n")) << asked_;
  EXPECT_NE(asked_.find("Upgrade: websocket\r\n"), std::string::npos);
  EXPECT_NE(asked_.find("Connection: upgrade\r\n"), std::string::npos);
  for (int i = 0; i < 50; ++i) {
    client.send_body(stream, fmt::format("{:04}", i), false);
    const std::string& all = body(client, stream, 5 + 4 * static_cast<size_t>(i + 1));
    ASSERT_EQ(all.substr(all.size() - 4), fmt::format("{:04}", i));
  }
  client.send_body(stream, {}, true);
  const std::string said = client.wait(stream).body;
  EXPECT_EQ(said.substr(said.size() - 3), "bye");
  EXPECT_TRUE(client.answer(stream).whole);
}

TEST_F(WebSocketHttp2, ls13_the_member_ends) {
  serve_http2({member_.endpoint()});
  Http2Peer client = connect_http2();
  const int32_t stream = client.submit(connect_request());
  client.send_body(stream, "quit", false);
  EXPECT_EQ(client.wait(stream).body, "firstbye");
  EXPECT_TRUE(client.answer(stream).whole);
}

TEST_F(WebSocketHttp2, ls13_a_refusal_of_the_member_passes) {
  refuses_ = 403;
  serve_http2({member_.endpoint()});
  Http2Peer client = connect_http2();
  EXPECT_EQ(client.wait(client.submit(connect_request())).status, 403);
}

TEST_F(WebSocketHttp2, a_success_that_switched_nothing_is_none) {
  refuses_ = 200;
  serve_http2({member_.endpoint()});
  Http2Peer client = connect_http2();
  EXPECT_EQ(client.wait(client.submit(connect_request())).status, 502);
}

TEST_F(WebSocketHttp2, a_member_that_did_not_read_the_key_is_no_server_of_sockets) {
  lies_ = true;
  serve_http2({member_.endpoint()});
  Http2Peer client = connect_http2();
  EXPECT_EQ(client.wait(client.submit(connect_request())).status, 502);
}

TEST_F(WebSocketHttp2, other_protocols_are_refused) {
  serve_http2({member_.endpoint()});
  Http2Peer client = connect_http2();
  Http2Request request = connect_request();
  request.fields[0].second = "connect-udp";
  EXPECT_EQ(client.wait(client.submit(request)).status, 501);
}

TEST_F(WebSocketHttp2, ls13_has_a_time_out_of_its_own) {
  start();
  model::Snapshot value = http2_snapshot({member_.endpoint()});
  http_of(value).timeouts.tunnel_s = 1;
  apply(value);
  Http2Peer client = connect_http2();
  const int32_t stream = client.submit(connect_request());
  EXPECT_EQ(body(client, stream, 5), "first");
  const auto began = clock_.steady();
  client.wait(stream);
  EXPECT_TRUE(client.answer(stream).closed);
  EXPECT_GE(clock_.steady() - began, std::chrono::milliseconds(800));
}

}  // namespace
}  // namespace elb::test
