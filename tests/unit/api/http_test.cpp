// SPDX-License-Identifier: Apache-2.0
// The server below the API: what hostile, slow and idle clients get, over sockets that a test drives byte by byte.
#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/fd.h"
#include "unit/api/api_fixture.h"

namespace elb::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class RawClient {
 public:
  explicit RawClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  bool send(std::string_view text) {
    return ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  /// What comes until the server closes or `wait` passes without a byte.
  std::string receive(milliseconds wait = milliseconds(5000)) {
    std::string text;
    closed_ = false;
    for (;;) {
      pollfd fd{socket_.get(), POLLIN, 0};
      if (poll(&fd, 1, static_cast<int>(wait.count())) <= 0) return text;
      char buffer[4096];
      const ssize_t n = recv(socket_.get(), buffer, sizeof buffer, 0);
      closed_ = n <= 0;
      if (closed_) return text;
      text.append(buffer, static_cast<size_t>(n));
    }
  }
  /// One response: its header and as much body as that announces.
  std::string response() {
    std::string text;
    size_t wanted = std::string::npos;
    while (text.size() < wanted) {
      char byte = 0;
      pollfd fd{socket_.get(), POLLIN, 0};
      if (poll(&fd, 1, 5000) <= 0 || recv(socket_.get(), &byte, 1, 0) != 1) break;
      text.push_back(byte);
      if (wanted != std::string::npos || !text.ends_with("\r\n\r\n")) continue;
      const size_t length = text.find("Content-Length: ");
      wanted = text.size() + (length == std::string::npos ? 0 : std::stoul(text.substr(length + 16)));
    }
    return text;
  }
  bool closed() const { return closed_; }

 private:
  Fd socket_;
  bool closed_ = false;
};

class HttpTest : public ApiTest {
 protected:
  std::string exchange(const std::string& request) {
    RawClient client(server_->port());
    EXPECT_TRUE(client.send(request));
    return client.response();
  }
  static std::string status_line(const std::string& response) { return response.substr(0, response.find('\r')); }

  void restart(const api::HttpLimits& limits) {
    server_.reset();
    options_.limits = limits;
    start();
  }
};

const std::string kGet = "GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(HttpTest, S11_a_document_of_nobody_is_refused_before_its_body_is_taken) {
  server_.reset();
  options_.open_loopback = false;
  start();
  const std::string head = "POST /v1/apply HTTP/1.1\r\nHost: x\r\n";
  for (const std::string framing : {"Content-Length: 16000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n",
                                    "Expect: 100-continue\r\nContent-Length: 16000000\r\n\r\n",
                                    "X-Auth-Token: wrong\r\nContent-Length: 16000000\r\n\r\n"}) {
    RawClient client(server_->port());
    ASSERT_TRUE(client.send(head + framing));
    const std::string response = client.receive();
    EXPECT_EQ(status_line(response), "HTTP/1.1 401 Unauthorized") << framing << response;
    EXPECT_NE(response.find("Connection: close"), std::string::npos) << response;
    EXPECT_TRUE(client.closed());
  }
  EXPECT_EQ(audit_->list({}, 0)->size(), 4U) << "each left its trace";
  token_ = identities_->issue({.name = "a", .project_id = "", .role = identity::Role::kAdmin})->secret;
  EXPECT_EQ(post("/v1/apply", "{}").status, 200) << "who may ask is heard";
}

TEST_F(HttpTest, RefusesMalformedFraming) {
  const std::string post = "POST /v2.0/lbaas/loadbalancers HTTP/1.1\r\nHost: x\r\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\r\n\r\n", "400"},
      {"GET\r\n\r\n", "400"},
      {"GET / HTTP/9.9\r\n\r\n", "400"},
      {"BREW / HTTP/1.1\r\n\r\n", "400"},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", "414"},
      {post + "\r\n", "411"},
      {post + "Content-Length: 1048577\r\n\r\n", "413"},
      {post + "Content-Length: 99999999999999999999\r\n\r\n", "400"},
      {post + "Content-Length: -1\r\n\r\n", "400"},
      {post + "Content-Length: 2x\r\n\r\n{}", "400"},
      {post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", "400"},
      {post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", "400"},
      {post + "Transfer-Encoding: gzip\r\n\r\n", "400"},
      {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "400"},
      {post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", "400"},
      {post + "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", "413"},
      {post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n", "400"},
      {post + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "415"},
      {post + "X: " + std::string(40'000, 'a') + "\r\n\r\n", "400"},
  };
  const uint64_t before = revision();
  for (const auto& [request, status] : cases) {
    const std::string response = exchange(request);
    EXPECT_EQ(status_line(response).substr(9, 3), status) << request.substr(0, 160) << "\n" << response.substr(0, 300);
    EXPECT_NE(response.find("\"faultstring\""), std::string::npos) << request.substr(0, 160);
  }
  EXPECT_EQ(revision(), before);
  EXPECT_EQ(get("/v1/version").status, 200);
}

TEST_F(HttpTest, AcceptsEveryHonestFraming) {
  const std::string body = R"({"loadbalancer":{"vip_address":"192.0.2.)";
  const auto full = [&body](int host) { return body + std::to_string(host) + "\"}}"; };
  const std::string post = "POST /v2.0/lbaas/loadbalancers HTTP/1.1\r\nHost: x\r\n";
  const std::string chunked = full(10);
  EXPECT_EQ(status_line(exchange(
                post + fmt::format("Transfer-Encoding: chunked\r\n\r\n5\r\n{}\r\n{:x};ext\r\n{}\r\n0\r\nT: v\r\n\r\n",
                                   chunked.substr(0, 5), chunked.size() - 5, chunked.substr(5)))),
            "HTTP/1.1 201 Created");
  EXPECT_EQ(status_line(exchange(
                post + fmt::format("Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {}\r\n\r\n{}",
                                   full(11).size(), full(11)))),
            "HTTP/1.1 201 Created");
  EXPECT_EQ(status_line(exchange(
                post + fmt::format("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{}",
                                   full(12).size(), full(12)))),
            "HTTP/1.1 201 Created");
  RawClient client(server_->port());
  client.send(post + fmt::format("Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", full(13).size()));
  EXPECT_EQ(status_line(client.response()), "HTTP/1.1 100 Continue");
  client.send(full(13));
  EXPECT_EQ(status_line(client.response()), "HTTP/1.1 201 Created");
}

TEST_F(HttpTest, KeepsConnectionsAliveAndPipelines) {
  RawClient client(server_->port());
  client.send(kGet + kGet);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(status_line(client.response()), "HTTP/1.1 200 OK");
  for (int i = 0; i < 20; ++i) {
    client.send(kGet);
    EXPECT_EQ(status_line(client.response()), "HTTP/1.1 200 OK");
  }
  client.send("GET /v1/version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  client.receive();
  EXPECT_TRUE(client.closed());
}

// 10 MB: refused by its announced length, and the answer arrives although the client is still sending.
TEST_F(HttpTest, S11_TooLargeBodyIsRefusedBeforeItIsRead) {
  RawClient client(server_->port());
  const std::string chunk(1 << 20, ' ');
  client.send("POST /v2.0/lbaas/loadbalancers HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n");
  for (int i = 0; i < 10; ++i) client.send(chunk);
  const std::string response = client.receive();
  EXPECT_EQ(status_line(response), "HTTP/1.1 413 Payload Too Large") << response;
  EXPECT_NE(response.find("10485760"), std::string::npos);
  EXPECT_TRUE(client.closed());
}

TEST_F(HttpTest, SlowHeadersAreCutOffAndOthersServed) {
  api::HttpLimits limits;
  limits.threads = 4;
  limits.header_time = milliseconds(400);
  restart(limits);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 8; ++i) {
    slow.push_back(std::make_unique<RawClient>(server_->port()));
    slow.back()->send("GET / HTTP/1.1\r\nX-Slow: ");
  }
  const auto start = steady_clock::now();
  RawClient honest(server_->port());
  honest.send(kGet);
  EXPECT_EQ(status_line(honest.response()), "HTTP/1.1 200 OK");
  EXPECT_LT(steady_clock::now() - start, milliseconds(5000));
  for (const auto& client : slow) {
    EXPECT_EQ(status_line(client->receive(milliseconds(3000))).substr(9, 3), "400");
    EXPECT_TRUE(client->closed());
  }
}

TEST_F(HttpTest, IdleConnectionsGiveWayToWaitingOnes) {
  api::HttpLimits limits;
  limits.threads = 4;
  restart(limits);
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 12; ++i) {
    idle.push_back(std::make_unique<RawClient>(server_->port()));
    idle.back()->send(kGet);
    EXPECT_EQ(status_line(idle.back()->response()), "HTTP/1.1 200 OK") << i;
  }
}

TEST_F(HttpTest, TooManyConnectionsAreToldSo) {
  api::HttpLimits limits;
  limits.threads = 1;
  limits.queued = 1;
  restart(limits);
  RawClient busy(server_->port());
  busy.send("GET / HTTP/1.1\r\nX: ");
  std::this_thread::sleep_for(milliseconds(100));
  RawClient queued(server_->port());
  std::this_thread::sleep_for(milliseconds(100));
  RawClient refused(server_->port());
  EXPECT_EQ(status_line(refused.receive()), "HTTP/1.1 503 Service Unavailable");
}

TEST_F(HttpTest, StopsPromptlyDespiteIdleAndSlowClients) {
  RawClient idle(server_->port()), slow(server_->port()), writing(server_->port());
  idle.send(kGet);
  idle.response();
  slow.send("GET / HTTP/1.1\r\nX: ");
  writing.send("POST /v2.0/lbaas/loadbalancers HTTP/1.1\r\nContent-Length: 100\r\n\r\n{");
  std::this_thread::sleep_for(milliseconds(50));
  const auto start = steady_clock::now();
  server_.reset();
  EXPECT_LT(steady_clock::now() - start, milliseconds(500));
}

TEST_F(HttpTest, ListensOnLoopbackOnly) {
  api::ApiOptions options;
  options.listen.address = *IpAddress::parse("0.0.0.0");
  const auto server = api::ApiServer::start(options, *service_, {views_, views_}, clock_, random_);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(server.error().field, "listen");
  EXPECT_NE(server.error().message.find("loopback"), std::string::npos);
}

TEST_F(HttpTest, ATakenPortIsAnError) {
  api::ApiOptions options;
  options.listen.port = server_->port();
  const auto server = api::ApiServer::start(options, *service_, {views_, views_}, clock_, random_);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, ErrorCode::kSystem);
  EXPECT_NE(server.error().message.find("in use"), std::string::npos) << server.error().message;
}

TEST_F(HttpTest, ManyClientsAtOnce) {
  ASSERT_EQ(put("quotas/none", R"({"quota":{"loadbalancer":-1}})").status, 202);
  std::vector<std::thread> clients;
  std::atomic<int> served = 0;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&, i] {
      RawClient client(server_->port());
      for (int n = 0; n < 10; ++n) {
        const std::string body = fmt::format(R"({{"loadbalancer":{{"vip_address":"192.0.2.{}"}}}})", 10 + i * 10 + n);
        client.send(fmt::format("POST /v2.0/lbaas/loadbalancers HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n{}\r\n{}",
                                body.size(), n == 9 ? "Connection: close\r\n" : "", body));
        if (client.response().starts_with("HTTP/1.1 201")) ++served;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(service_->model()->load_balancers.size(), 160U);
  EXPECT_EQ(revision(), 160U);
}

}  // namespace
}  // namespace elb::test
