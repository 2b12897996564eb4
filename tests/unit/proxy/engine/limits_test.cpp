// SPDX-License-Identifier: Apache-2.0
// What a client may ask of a listener: so many requests a second, bodies that get on, handshakes in turn.
#include <unistd.h>

#include <algorithm>

#include "unit/proxy/engine/tls_fixture.h"

namespace elb::test {
namespace {

using namespace std::chrono_literals;

class Limits : public EngineFixture {
 protected:
  /// Bodies have to bring so much a second, but not in their first second.
  void serve_bodies(const Endpoint& member, uint32_t rate) {
    proxy::EngineOptions options;
    options.body_grace = 1s;
    start(options);
    model::Snapshot value = snapshot({member});
    http_of(value).body_rate = rate;
    apply(std::move(value));
  }
  /// `pieces` of so many bytes, one every 100 ms; what the proxy says and how long it took.
  Message drip(size_t bytes, int pieces, double& seconds) {
    Peer client = connect();
    client.send(
        fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", bytes * static_cast<size_t>(pieces)));
    const auto from = clock_.steady();
    std::thread sender([&] {
      for (int i = 0; i < pieces && client.send(std::string(bytes, 'x')); ++i) usleep(100'000);
    });
    Message answer = client.read_response();
    seconds = std::chrono::duration<double>(clock_.steady() - from).count();
    sender.join();
    return answer;
  }
};

TEST_F(Limits, requests_beyond_the_rate_are_told_to_come_again) {
  HttpMember member(echo);
  start();
  model::Snapshot value = snapshot({member.endpoint()});
  http_of(value).request_rate = 1;
  http_of(value).request_burst = 3;
  apply(value);
  Peer client = connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask(get("/")).status(), 200);
  const Message refused = client.ask(get("/"));
  EXPECT_EQ(refused.status(), 429);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(connect().ask(get("/")).status(), 429) << "all connections share it";
  apply(value);
  EXPECT_EQ(client.ask(get("/")).status(), 429) << "a new snapshot of the same gives nothing away";
  EXPECT_EQ(member.requests().size(), 3U);
  EXPECT_TRUE(eventually([&] { return counts().limited == 3; }));
  usleep(1'100'000);
  EXPECT_EQ(client.ask(get("/")).status(), 200) << "on the same connection";
  http_of(value).request_rate = 0;
  apply(value);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.ask(get("/")).status(), 200);
}

TEST_F(Limits, s3_a_body_that_is_too_slow_is_a_408) {  // slowhttptest -B
  HttpMember member(echo);
  serve_bodies(member.endpoint(), 1000);
  double seconds = 0;
  EXPECT_EQ(drip(10, 60, seconds).status(), 408);
  EXPECT_GE(seconds, 0.9);
  EXPECT_LE(seconds, 3.5);
  EXPECT_TRUE(member.requests().empty()) << "none that was whole";
}

TEST_F(Limits, a_body_that_gets_on_is_left_alone) {
  HttpMember member(echo);
  serve_bodies(member.endpoint(), 1000);
  double seconds = 0;
  EXPECT_EQ(drip(300, 25, seconds).status(), 200);
  EXPECT_GE(seconds, 2.3);
}

TEST_F(Limits, any_rate_will_do_where_none_is_asked_for) {
  HttpMember member(echo);
  serve_bodies(member.endpoint(), 0);
  double seconds = 0;
  EXPECT_EQ(drip(1, 20, seconds).status(), 200);
}

TEST_F(Limits, a_member_that_reads_slowly_is_no_fault_of_the_clients) {
  MemberServer member([](Peer& peer) {
    usleep(2'500'000);
    peer.read_request();
    peer.send(response(200, "late"));
  });
  serve_bodies(member.endpoint(), 1'000'000);
  Peer client = connect();
  std::thread sender([&] { client.send(post(std::string(20'000'000, 'x'))); });
  EXPECT_EQ(client.read_response().status(), 200);
  sender.join();
}

TEST_F(Limits, chunked_bodies_may_be_streams) {
  HttpMember member(echo);
  serve_bodies(member.endpoint(), 1000);
  Peer client = connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; ++i) {
    client.send("1\r\nx\r\n");
    usleep(100'000);
  }
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_response().status(), 200);
}

using Handshakes = TlsFixture;

TEST_F(Handshakes, more_than_a_turn_has_room_for_are_all_made) {
  HttpMember member(echo);
  proxy::EngineOptions options;
  options.handshakes_per_turn = 1;
  start(options);
  apply(secure_snapshot({member.endpoint()}));
  std::atomic<int> served{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 40; ++i)
    clients.emplace_back([&] {
      Peer client(std::make_unique<TlsChannel>(connect_to(front()), ClientOptions{}));
      if (client.ask(get("/")).status() == 200) ++served;
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(served, 40);
  EXPECT_TRUE(eventually([&] { return counts().handshakes == 40; }));
  EXPECT_TRUE(eventually([&] { return counts().open_connections == 0; }));
}

TEST_F(Handshakes, clients_that_leave_while_they_wait_are_gone) {
  HttpMember member(echo);
  proxy::EngineOptions options;
  options.handshakes_per_turn = 1;
  start(options);
  apply(secure_snapshot({member.endpoint()}));
  for (int round = 0; round < 10; ++round) {
    std::vector<Fd> crowd;
    for (int i = 0; i < 50; ++i) {
      crowd.push_back(connect_to(front()));
      send_all(crowd.back().get(), std::string("\x16\x03\x01\x00\x05\x01\x00", 7));
    }
  }
  Peer client = connect_tls({});
  EXPECT_EQ(client.ask(get("/")).status(), 200);
  EXPECT_TRUE(eventually([&] { return counts().open_connections == 1; }));
}

}  // namespace
}  // namespace elb::test
