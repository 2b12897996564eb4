// SPDX-License-Identifier: Apache-2.0
// The engine: bytes in, bytes out, whatever pieces they come in.
#include <gmock/gmock.h>

#include "unit/tls/server_fixture.h"

namespace elb::test {
namespace {

using tls::Progress;

class ConnectionTest : public ServerFixture {
 protected:
  static std::string pattern(size_t size) {
    std::string text(size, '\0');
    for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 + i / 251);
    return text;
  }
};

TEST_F(ConnectionTest, HandshakeInAnyPieces) {
  const auto context = this->context(settings());
  for (const size_t room : {1U, 7U, 100U, 1400U}) {
    TestClient client({.sni = "www.example.com"});
    const auto server = accept(context);
    const Outcome outcome = shake_hands(client, *server, room);
    EXPECT_TRUE(outcome.ok) << room << ": " << outcome.server_error;
    EXPECT_TRUE(server->handshake_done());
  }
}

TEST_F(ConnectionTest, BytesOneByOne) {
  const auto context = this->context(settings());
  TestClient client;
  const auto server = accept(context);
  std::vector<char> room(8192);
  Progress progress = Progress::kWantRead;
  for (int round = 0; round < 4 && progress != Progress::kDone; ++round) {
    client.advance();
    for (const char byte : client.take_output()) {
      tls::Wire wire{{&byte, 1}, room};
      progress = server->handshake(wire).progress;
      EXPECT_TRUE(wire.in.empty());
      client.feed(wire.output());
    }
  }
  ASSERT_EQ(progress, Progress::kDone);
  client.write("hello");
  std::string got;
  std::vector<char> plain(100);
  for (const char byte : client.take_output()) {
    tls::Wire wire{{&byte, 1}, room};
    const auto step = server->read(wire, plain);
    EXPECT_EQ(step.progress, Progress::kWantRead);
    got.append(plain.data(), step.bytes);
  }
  EXPECT_EQ(got, "hello");
}

TEST_F(ConnectionTest, RequestThatComesWithTheFinishedMessage) {
  TestClient client;
  const auto server = accept(context(settings()));
  std::vector<char> room(8192);
  client.advance();
  std::string flight = client.take_output();
  tls::Wire hello{flight, room};
  EXPECT_EQ(server->handshake(hello).progress, Progress::kWantRead);
  client.feed(hello.output());
  client.advance();
  client.write("GET /");
  flight = client.take_output();
  tls::Wire wire{flight, room};
  ASSERT_EQ(server->handshake(wire).progress, Progress::kDone);
  EXPECT_FALSE(wire.in.empty());
  std::vector<char> plain(100);
  const auto step = server->read(wire, plain);
  EXPECT_EQ(step.progress, Progress::kWantRead);
  EXPECT_EQ(std::string(plain.data(), step.bytes), "GET /");
}

TEST_F(ConnectionTest, LargeBodiesInBothDirections) {
  const auto context = this->context(settings());
  for (const char* protocol : {"TLSv1.2", "TLSv1.3"}) {
    TestClient client({.max_protocol = protocol});
    const auto server = accept(context);
    ASSERT_TRUE(shake_hands(client, *server).ok);
    const std::string body = pattern(1'000'000);
    ASSERT_TRUE(client.write(body));
    EXPECT_EQ(exchange(client, *server), body);

    for (const size_t capacity : {100U, 16384U, 20000U, 300000U}) {  // a slow client's room, several records' room
      std::string_view rest = body;
      std::string got;
      std::vector<char> room(capacity);
      int rounds = 0;
      while (!rest.empty()) {
        ASSERT_LT(++rounds, 20000);
        tls::Wire wire{{}, room};
        const auto step = server->write(wire, rest);
        EXPECT_EQ(step.progress, step.bytes == rest.size() ? Progress::kDone : Progress::kWantWrite);
        rest.remove_prefix(step.bytes);
        client.feed(wire.output());
        got += client.read();
      }
      EXPECT_EQ(got, body) << capacity;
    }
  }
}

TEST_F(ConnectionTest, ReadsIntoShortBuffers) {
  TestClient client;
  const auto server = accept(context(settings()));
  ASSERT_TRUE(shake_hands(client, *server).ok);
  client.write("0123456789");
  const std::string sent = client.take_output();
  std::vector<char> room(4096);
  std::vector<char> plain(4);
  tls::Wire wire{sent, room};
  auto step = server->read(wire, plain);
  EXPECT_EQ(step.progress, Progress::kDone);
  EXPECT_EQ(std::string(plain.data(), step.bytes), "0123");
  EXPECT_EQ(server->pending(), 6U);
  step = server->read(wire, plain);
  EXPECT_EQ(std::string(plain.data(), step.bytes), "4567");
  step = server->read(wire, plain);
  EXPECT_EQ(step.progress, Progress::kWantRead);
  EXPECT_EQ(std::string(plain.data(), step.bytes), "89");
  EXPECT_EQ(server->pending(), 0U);
}

TEST_F(ConnectionTest, RecordOverheadIsEnough) {
  const auto context = this->context(settings());
  for (const char* protocol : {"TLSv1.2", "TLSv1.3"}) {
    TestClient client({.max_protocol = protocol});
    const auto server = accept(context);
    ASSERT_TRUE(shake_hands(client, *server).ok);
    std::vector<char> room(tls::kRecordBytes + tls::kRecordOverhead);
    tls::Wire wire{{}, room};
    const auto step = server->write(wire, pattern(tls::kRecordBytes));
    EXPECT_EQ(step.progress, Progress::kDone);
    EXPECT_EQ(step.bytes, tls::kRecordBytes);
  }
}

TEST_F(ConnectionTest, CloseIsSaidAndHeard) {
  const auto context = this->context(settings());
  for (const char* protocol : {"TLSv1.2", "TLSv1.3"}) {
    TestClient client({.max_protocol = protocol});
    const auto server = accept(context);
    ASSERT_TRUE(shake_hands(client, *server).ok);
    std::vector<char> room(4096);
    std::vector<char> plain(100);
    tls::Wire out{{}, room};
    EXPECT_EQ(server->close(out).progress, Progress::kDone);
    client.feed(out.output());
    client.read();
    EXPECT_TRUE(client.closed());
    client.write("last");
    client.close();
    const std::string sent = client.take_output();
    tls::Wire in{sent, room};
    const auto step = server->read(in, plain);
    EXPECT_EQ(step.progress, Progress::kClosed);
    EXPECT_EQ(std::string(plain.data(), step.bytes), "last") << "bytes before the end are not lost";
  }
}

TEST_F(ConnectionTest, ATamperedRecordKillsTheConnection) {
  TestClient client;
  const auto server = accept(context(settings()));
  ASSERT_TRUE(shake_hands(client, *server).ok);
  client.write("hello");
  std::string sent = client.take_output();
  sent.back() = static_cast<char>(sent.back() ^ 1);
  std::vector<char> room(4096);
  std::vector<char> plain(100);
  tls::Wire wire{sent, room};
  const auto step = server->read(wire, plain);
  EXPECT_EQ(step.progress, Progress::kFailed);
  EXPECT_EQ(step.bytes, 0U);
  EXPECT_EQ(server->error(), "decryption failed or bad record mac");
  EXPECT_NE(wire.produced, 0U) << "an alert tells the client";
  tls::Wire later{{}, room};
  EXPECT_EQ(server->read(later, plain).progress, Progress::kFailed);
}

TEST_F(ConnectionTest, CloseBeforeTheHandshakeFails) {
  const auto server = accept(context(settings()));
  std::vector<char> room(4096);
  tls::Wire wire{{}, room};
  EXPECT_EQ(server->close(wire).progress, Progress::kFailed);
}

// A connection outlives its worker and its context's other owners.
TEST_F(ConnectionTest, KeepsAliveWhatItNeeds) {
  auto context = this->context(settings());
  TestClient client;
  const auto server = accept(context);
  context.reset();
  worker_.reset();
  ASSERT_TRUE(shake_hands(client, *server).ok);
  client.write("ping");
  EXPECT_EQ(exchange(client, *server, "pong"), "ping");
  EXPECT_EQ(client.read(), "pong");
  EXPECT_EQ(server->facts().certificate_id, "cert-default");
}

// TLS-10: a table is swapped; old connections live on, new handshakes see the new certificate.
TEST_F(ConnectionTest, RotationReachesNewHandshakesOnly) {
  const auto old_certificate = issue_for("www.example.com");
  const auto new_certificate = issue_for("www.example.com");
  auto before = settings();
  before.certificates = {credential("cert", old_certificate)};
  auto after = before;
  after.certificates = {credential("cert", new_certificate)};
  auto current = context(before);

  TestClient early;
  const auto early_server = accept(current);
  ASSERT_TRUE(shake_hands(early, *early_server).ok);
  TestClient halfway;
  const auto halfway_server = accept(current);
  halfway.advance();

  before.certificates.clear();
  current = context(after);
  TestClient late;
  const auto late_server = accept(current);
  ASSERT_TRUE(shake_hands(late, *late_server).ok);
  EXPECT_EQ(late.server_serial(), new_certificate.serial);

  ASSERT_TRUE(shake_hands(halfway, *halfway_server).ok);
  EXPECT_EQ(halfway.server_serial(), old_certificate.serial);
  EXPECT_EQ(early.server_serial(), old_certificate.serial);
  early.write("still there");
  EXPECT_EQ(exchange(early, *early_server), "still there");
  EXPECT_EQ(early_server->facts().certificate_id, "cert");
}

TEST_F(ConnectionTest, CertificatesOfForgottenTablesAreDropped) {
  auto sni = settings();
  sni.sni = {{"a.example.com", credential("a", issue_for("a.example.com"))}};
  auto table = context(sni);
  sni.sni.clear();
  TestClient client({.sni = "a.example.com"});
  EXPECT_EQ(connect(table, client).certificate_id, "a");
  EXPECT_EQ(worker_->loaded_certificates(), 1U);
  table = context(sni);  // replaces the old table only after it was made
  TestClient other;
  connect(table, other);
  EXPECT_EQ(worker_->loaded_certificates(), 2U);
  const auto next = context(sni);
  EXPECT_EQ(worker_->loaded_certificates(), 1U);
}

}  // namespace
}  // namespace elb::test
