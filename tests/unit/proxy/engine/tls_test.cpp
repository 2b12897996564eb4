// SPDX-License-Identifier: Apache-2.0
// Shows: TLS-10, TLS-12, TLS-14, LS-14, CA-01. HTTPS listeners: certificates by name, client certificates, kept
// connections, sessions.
#include "unit/proxy/engine/tls_fixture.h"

namespace elb::test {
namespace {

using Https = TlsFixture;

std::string get_from(const std::string& host) { return fmt::format("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", host); }

TEST_F(Https, ls14_many_requests_over_one_connection) {
  HttpMember member(echo);
  start();
  apply(secure_snapshot({member.endpoint()}));
  Peer client = connect_tls({.sni = "www.example.com", .alpn = "h2,http/1.1"});
  ASSERT_TRUE(shaken()) << last_client().error();
  EXPECT_EQ(last_client().alpn(), "http/1.1");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.ask(get_from("www.example.com")).body, "hello");
  EXPECT_EQ(member.connections(), 1U);
  EXPECT_EQ(member.requests()[0].header("X-Forwarded-Proto"), "https");
  EXPECT_EQ(member.requests()[0].header("X-Forwarded-Port"), fmt::format("{}", port_));
  EXPECT_EQ(counts().handshakes, 1U);
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n").status(), 200);
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(last_client().closed());  // close_notify: the end was not forged
}

TEST_F(Https, large_bodies_in_both_directions) {
  HttpMember member(echo);
  start();
  apply(secure_snapshot({member.endpoint()}));
  Peer client = connect_tls({});
  std::string body(5'000'000, '\0');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 >> 3);
  std::thread sender([&] { client.send(post(body)); });
  sender.join();
  const Message answer = client.read_response();
  EXPECT_TRUE(answer.whole);
  EXPECT_TRUE(answer.body == body);
}

TEST_F(Https, tls12_the_name_chooses_the_certificate) {
  HttpMember member(echo);
  start();
  const Issued a = issue_for("a.example.com");
  const Issued star = issue_for("*.wild.example.com");
  model::Snapshot value = secure_snapshot({member.endpoint()});
  value.certificates.push_back(certificate("cert-a", a));
  value.certificates.push_back(certificate("cert-star", star));
  tls_of(value).sni = {{"a.example.com", 1}, {"*.wild.example.com", 2}};
  apply(value);
  const std::vector<std::pair<std::string, long>> expected = {{"a.example.com", a.serial},
                                                              {"x.wild.example.com", star.serial},
                                                              {"other.example.com", default_.serial},
                                                              {"", default_.serial}};
  for (const auto& [name, serial] : expected) {
    Peer client = connect_tls({.sni = name});
    ASSERT_TRUE(shaken()) << name;
    EXPECT_EQ(last_client().server_serial(), serial) << name;
    EXPECT_EQ(client.ask(get_from(name.empty() ? "any" : name)).status(), 200) << name;
  }
}

TEST_F(Https, s5_a_request_for_another_host_than_the_handshakes_is_a_421) {
  HttpMember member(echo);
  start();
  apply(secure_snapshot({member.endpoint()}));
  Peer client = connect_tls({.sni = "www.example.com"});
  EXPECT_EQ(client.ask(get_from("other.example.com")).status(), 421);
  EXPECT_EQ(client.ask(get_from("www.example.com:443")).status(), 200);
  EXPECT_EQ(member.requests().size(), 1U);
}

TEST_F(Https, tls14_only_clients_of_the_authority_get_in) {
  HttpMember member(echo);
  start();
  const Issued authority = issue({.common_name = "ca", .authority = true});
  const Issued good = issue({.common_name = "client"}, &authority);
  const Issued expired = issue({.common_name = "late", .from_days = -10, .to_days = -1}, &authority);
  const Issued stranger = issue_for("stranger");
  model::Snapshot value = secure_snapshot({member.endpoint()});
  tls_of(value).client_ca = authority.certificate;
  apply(value);
  {
    Peer client = connect_tls({.certificate = &good});
    EXPECT_EQ(client.ask(get("/")).status(), 200);
  }
  const std::array<const Issued*, 3> bad{nullptr, &expired, &stranger};
  for (const Issued* certificate : bad) {
    Peer client = connect_tls({.certificate = certificate});
    EXPECT_EQ(client.ask(get("/")).status(), 0);
  }
  EXPECT_EQ(member.requests().size(), 1U);
  EXPECT_TRUE(eventually([&] { return counts().failed_handshakes == 3; })) << counts().failed_handshakes;
}

TEST_F(Https, tls10_a_new_certificate_is_for_new_connections) {
  HttpMember member(echo);
  start();
  apply(secure_snapshot({member.endpoint()}));
  Peer old = connect_tls({});
  EXPECT_EQ(old.ask(get("/")).status(), 200);
  const long before = last_client().server_serial();
  default_ = issue_for("www.example.com");
  apply(secure_snapshot({member.endpoint()}));
  Peer fresh = connect_tls({});
  EXPECT_EQ(fresh.ask(get("/")).status(), 200);
  EXPECT_NE(last_client().server_serial(), before);
  EXPECT_EQ(old.ask(get("/")).status(), 200);
}

TEST_F(Https, sessions_are_resumed_by_any_loop) {
  HttpMember member(echo);
  proxy::EngineOptions options;
  options.loops = 2;
  start(options);
  apply(secure_snapshot({member.endpoint()}));
  std::shared_ptr<void> session;
  {
    Peer first = connect_tls({.sni = "www.example.com"});
    EXPECT_EQ(first.ask(get_from("www.example.com")).status(), 200);
    session = channel_->session();
  }
  for (int i = 0; i < 6; ++i) {
    Peer again = connect_tls({.sni = "www.example.com", .session = session});
    EXPECT_EQ(again.ask(get_from("www.example.com")).status(), 200);
    EXPECT_TRUE(last_client().resumed()) << i;
  }
}

TEST_F(Https, a_certificate_that_cannot_be_read_is_told_and_the_rest_is_served) {
  HttpMember member(echo);
  start();
  model::Snapshot value = secure_snapshot({member.endpoint()});
  value.certificates[0].certificate = "nonsense";
  const auto status = engine_->apply(std::make_shared<const model::Snapshot>(value));
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find(kListener), std::string::npos);
  Peer client = connect_tls({});
  EXPECT_FALSE(shaken());
  apply(secure_snapshot({member.endpoint()}));
  Peer second = connect_tls({});
  EXPECT_EQ(second.ask(get("/")).status(), 200);
}

TEST_F(Https, s3_a_handshake_that_does_not_go_on_is_ended) {
  HttpMember member(echo);
  start();
  model::Snapshot value = secure_snapshot({member.endpoint()});
  http_of(value).timeouts.head_s = 1;
  apply(value);
  Peer client = connect();
  client.send("\x16\x03\x01\x02");
  const auto from = clock_.steady();
  EXPECT_TRUE(client.ended());
  EXPECT_LE(clock_.steady() - from, std::chrono::milliseconds(2500));
}

}  // namespace
}  // namespace elb::test
