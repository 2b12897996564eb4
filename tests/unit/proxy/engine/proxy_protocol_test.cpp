// SPDX-License-Identifier: Apache-2.0
// Shows: AC-02, CA-01.
// The PROXY protocol from clients' balancers and to members.
#include "http/proxy_protocol.h"
#include "unit/proxy/engine/tls_fixture.h"

namespace elb::test {
namespace {

const char* const kTold = "PROXY TCP4 203.0.113.9 192.0.2.1 4711 80\r\n";

class ProxyProtocol : public TlsFixture {
 protected:
  model::Snapshot trusting(const char* block, const Endpoint& member, bool secure = false) {
    model::Snapshot value = secure ? secure_snapshot({member}) : snapshot({member});
    http_of(value).proxy_trusted = {*Cidr::parse(block)};
    return value;
  }
  static std::optional<std::string> forwarded(const HttpMember& member) {
    return member.requests().back().header("X-Forwarded-For");
  }
  bool counted(uint64_t bad) {
    return eventually([&] { return counts().bad_proxy_headers == bad && counts().open_connections == 0; });
  }
};

TEST_F(ProxyProtocol, the_client_is_who_the_header_tells) {
  HttpMember member(echo);
  start();
  apply(trusting("127.0.0.0/8", member.endpoint()));
  Peer client = connect();
  EXPECT_EQ(client.ask(kTold + get("/")).status(), 200);
  EXPECT_EQ(forwarded(member), "203.0.113.9");
  EXPECT_EQ(client.ask(get("/again")).status(), 200) << "a header for each connection, not for each request";
  EXPECT_EQ(forwarded(member), "203.0.113.9");
  const Endpoint told{*IpAddress::parse("2001:db8::7"), 9};
  EXPECT_EQ(connect().ask(http::write_proxy_header(true, told, front()) + get("/")).status(), 200);
  EXPECT_EQ(forwarded(member), "2001:db8::7");
  EXPECT_EQ(connect().ask(http::write_local_proxy_header(true) + get("/")).status(), 200);
  EXPECT_EQ(forwarded(member), "127.0.0.1") << "a check of the sender's own";
}

TEST_F(ProxyProtocol, a_header_in_pieces) {
  HttpMember member(echo);
  start();
  apply(trusting("127.0.0.1/32", member.endpoint()));
  Peer client = connect();
  for (const char byte : kTold + get("/")) {
    client.send({&byte, 1});
    usleep(1000);
  }
  EXPECT_EQ(client.read_response().status(), 200);
  EXPECT_EQ(forwarded(member), "203.0.113.9");
}

TEST_F(ProxyProtocol, trusted_senders_have_to_tell) {
  HttpMember member(echo);
  start();
  apply(trusting("127.0.0.0/8", member.endpoint()));
  EXPECT_EQ(connect().ask(get("/")).head, "");
  EXPECT_TRUE(counted(1));
  for (const char* bad : {"PROXY TCP4 203.0.113.9 192.0.2.1 4711\r\n", "PROXY TCP4 2001:db8::1 ::1 1 2\r\n"})
    EXPECT_EQ(connect().ask(bad + get("/")).head, "");
  EXPECT_TRUE(counted(3));
  EXPECT_EQ(member.connections(), 0U);
}

TEST_F(ProxyProtocol, others_must_not_tell) {
  HttpMember member(echo);
  start();
  apply(trusting("10.0.0.0/8", member.endpoint()));
  EXPECT_EQ(connect().ask(kTold + get("/")).head, "");
  EXPECT_TRUE(counted(1));
  EXPECT_EQ(connect().ask(http::write_local_proxy_header(true) + get("/")).head, "");
  EXPECT_TRUE(counted(2));
  EXPECT_EQ(member.connections(), 0U);
  EXPECT_EQ(connect().ask(get("/")).status(), 200) << "they are clients of their own";
  EXPECT_EQ(forwarded(member), "127.0.0.1");
}

TEST_F(ProxyProtocol, without_trust_a_header_is_no_request) {
  HttpMember member(echo);
  serve({member.endpoint()});
  EXPECT_EQ(connect().ask(kTold + get("/")).status(), 400);
  EXPECT_EQ(counts().bad_proxy_headers, 0U);
}

TEST_F(ProxyProtocol, ac02_the_whitelist_is_about_clients) {
  HttpMember member(echo);
  start();
  model::Snapshot value = trusting("127.0.0.0/8", member.endpoint());
  http_of(value).whitelist = std::vector<Cidr>{*Cidr::parse("203.0.113.0/24")};
  apply(value);
  EXPECT_EQ(connect().ask(kTold + get("/")).status(), 200);
  EXPECT_EQ(connect().ask("PROXY TCP4 198.51.100.1 192.0.2.1 1 80\r\n" + get("/")).head, "");
  EXPECT_TRUE(eventually([&] { return counts().refused_connections == 1; }));
}

TEST_F(ProxyProtocol, before_the_handshake) {
  HttpMember member(echo);
  start();
  apply(trusting("127.0.0.0/8", member.endpoint(), true));
  Fd socket = connect_to(front());
  ASSERT_TRUE(send_all(socket.get(), kTold));
  Peer client(std::make_unique<TlsChannel>(std::move(socket), ClientOptions{}));
  EXPECT_EQ(client.ask(get("/")).status(), 200);
  EXPECT_EQ(forwarded(member), "203.0.113.9");
  Fd silent = connect_to(front());
  ASSERT_TRUE(send_all(silent.get(), std::string("\x16\x03\x01\x00\x05\x01\x00", 7)));
  EXPECT_TRUE(eventually([&] { return counts().bad_proxy_headers == 1; })) << "a handshake without a header";
}

TEST_F(ProxyProtocol, members_are_told) {
  for (const auto version : {model::ProxyProtocol::kV1, model::ProxyProtocol::kV2}) {
    std::mutex mutex;
    std::vector<std::string> told;
    MemberServer member([&](Peer& peer) {
      std::string header = version == model::ProxyProtocol::kV1 ? peer.read_until("\r\n") : peer.read_exactly(28);
      const Message request = peer.read_request();
      {
        const std::lock_guard lock(mutex);
        told.push_back(std::move(header));
      }
      peer.send(response(200, request.body.empty() ? "hello" : request.body));
      peer.read_request();  // nothing comes: the connection was this client's
    });
    if (!engine_) start();
    model::Snapshot value = snapshot({member.endpoint()});
    value.pools[0].proxy_protocol = version;
    apply(value);
    Peer client = connect();
    EXPECT_EQ(client.ask(get("/")).body, "hello");
    EXPECT_EQ(client.ask(post("body")).body, "body") << "on a connection of its own to the member";
    const std::lock_guard lock(mutex);
    ASSERT_EQ(told.size(), 2U);
    http::ProxyHeader header;
    ASSERT_EQ(http::parse_proxy_header(told[0], header), http::ProxyOutcome::kDone) << told[0];
    EXPECT_EQ(header.client->address.to_string(), "127.0.0.1");
    EXPECT_NE(header.client->port, 0);
    EXPECT_EQ(told[0], told[1]) << "the same client";
  }
}

}  // namespace
}  // namespace elb::test
