// SPDX-License-Identifier: Apache-2.0
// Shows: R9. Large bodies past a slow reader: what the proxy holds back is bounded, and nothing is lost.
#include <sys/socket.h>

#include <fstream>

#include "unit/proxy/engine/engine_fixture.h"

namespace elb::test {
namespace {

constexpr size_t kBody = size_t{64} << 20;
#ifdef __SANITIZE_ADDRESS__
constexpr size_t kMost = size_t{640} << 10;  // with what the sanitizer keeps for each block
#else
constexpr size_t kMost = size_t{320} << 10;  // R9, of one active connection
#endif

/// Any byte of the stream by its place, so that a lost or doubled one shows.
char byte_at(size_t at) { return static_cast<char>('a' + (at * 2654435761U >> 7) % 26); }
std::string piece(size_t from, size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = byte_at(from + i);
  return text;
}

size_t resident_bytes() {
  std::ifstream status("/proc/self/statm");
  size_t total = 0;
  size_t resident = 0;
  status >> total >> resident;
  return resident * 4096;
}

class Streaming : public EngineFixture {
 protected:
  /// Reads the body slowly at first; true if every byte is right.
  static bool read_slowly(Peer& from, size_t size) {
    for (size_t at = 0; at < size;) {
      if (at < (size_t{1} << 20)) usleep(2'000);
      const size_t part = std::min(size - at, size_t{64} << 10);
      const std::string got = from.read_exactly(part);
      if (got != piece(at, part)) return false;
      at += part;
    }
    return true;
  }
  static void write_all(Peer& to, size_t size, std::atomic<size_t>* written) {
    for (size_t at = 0; at < size;) {
      const size_t part = std::min(size - at, size_t{256} << 10);
      if (!to.send(piece(at, part))) return;
      at += part;
      if (written != nullptr) *written = at;
    }
  }
};

TEST_F(Streaming, a_large_response_waits_for_a_slow_client) {
  std::atomic<size_t> written = 0;
  MemberServer member([&](Peer& peer) {
    const int small = 128 << 10;
    setsockopt(peer.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    peer.read_request();
    peer.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kBody));
    write_all(peer, kBody, &written);
    peer.read_all();
  });
  serve({member.endpoint()});
  Peer client = connect(64 << 10);
  const size_t before = resident_bytes();
  client.send(get("/"));
  EXPECT_NE(client.read_until("\r\n\r\n").find("200 OK"), std::string::npos);
  // Nobody reads: the member must come to a stop, held back by buffers of the kernel and a bounded rest of ours.
  size_t stuck_at = 0;
  ASSERT_TRUE(eventually([&] {
    usleep(200'000);
    return stuck_at == std::exchange(stuck_at, written.load());
  }));
  EXPECT_LT(stuck_at, kBody / 2);
  EXPECT_LT(resident_bytes() - before, size_t{8} << 20);
  EXPECT_TRUE(read_slowly(client, kBody));
}

TEST_F(Streaming, a_large_request_waits_for_a_slow_member) {
  std::atomic<bool> right = false;
  MemberServer member([&](Peer& peer) {
    const int small = 64 << 10;
    setsockopt(peer.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    peer.read_until("\r\n\r\n");
    right = read_slowly(peer, kBody);
    peer.send(response(200, "done"));
    peer.read_all();
  });
  serve({member.endpoint()});
  Peer client = connect();
  client.send(fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", kBody));
  write_all(client, kBody, nullptr);
  EXPECT_EQ(client.read_response().body, "done");
  EXPECT_TRUE(right);
}

TEST_F(Streaming, chunks_of_all_sizes_in_both_directions) {
  MemberServer member([](Peer& peer) {
    const Message request = peer.read_request();
    std::vector<std::string> pieces;
    for (size_t at = 0, size = 1; at < request.body.size(); at += size, size = size * 3 % 70001 + 1)
      pieces.push_back(request.body.substr(at, size));
    peer.send(chunked_response(pieces));
    peer.read_all();
  });
  serve({member.endpoint()});
  Peer client = connect();
  const std::string body = piece(0, 3'000'000);
  std::string request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (size_t at = 0, size = 1; at < body.size(); at += size, size = size * 5 % 99991 + 1) {
    const std::string part = body.substr(at, size);
    request += fmt::format("{:x}\r\n{}\r\n", part.size(), part);
  }
  client.send(request + "0\r\n\r\n");
  const Message answer = client.read_response();
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body, body);
}

TEST_F(Streaming, r9_many_slow_readers_cost_a_bounded_amount_each) {
  constexpr size_t kClients = 40;
  MemberServer member([&](Peer& peer) {
    const int small = 64 << 10;
    setsockopt(peer.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    peer.read_request();
    peer.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", kBody));
    static const std::string block(size_t{256} << 10, 'x');
    for (size_t at = 0; at < kBody && peer.send(block); at += block.size()) {
    }
  });
  serve({member.endpoint()});
  const size_t before = resident_bytes();
  std::vector<Peer> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.push_back(connect(16 << 10));
    clients.back().send(get("/"));
    EXPECT_NE(clients.back().read_until("\r\n\r\n").find("200 OK"), std::string::npos);
  }
  size_t now = 0;
  ASSERT_TRUE(eventually([&] {
    usleep(300'000);
    return now == std::exchange(now, resident_bytes());
  }));
  EXPECT_LT((resident_bytes() - before) / kClients, kMost);  // stacks of the members' threads included
  for (Peer& client : clients) client.reset();
  EXPECT_TRUE(eventually([&] { return engine_->connections() == 0; }));
}

}  // namespace
}  // namespace elb::test
