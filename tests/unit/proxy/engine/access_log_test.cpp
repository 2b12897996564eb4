// SPDX-License-Identifier: Apache-2.0
// Shows: LOG-04, LOG-05, LS-19. What the engine tells the access log of its requests.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include "harness/loopback.h"
#include "unit/proxy/engine/http2_fixture.h"

namespace elb::test {
namespace {

class Logged : public Http2Fixture {
 protected:
  void start_logged() {
    auto opened = proxy::AccessLog::open({path_, 1});
    ASSERT_TRUE(opened) << opened.error().to_string();
    log_ = std::move(*opened);
    proxy::EngineOptions options;
    options.access_log = log_.get();
    start(options);
  }
  std::vector<std::string> lines(size_t count) {
    EXPECT_TRUE(eventually([&] { return log_->lines() >= count; }));
    log_->flush();
    std::ifstream file(path_);
    std::vector<std::string> result;
    for (std::string line; std::getline(file, line);) result.push_back(line);
    return result;
  }
  ~Logged() override {
    engine_.reset();  // before its log
    std::remove(path_.c_str());
  }
  std::string path_ = testing::TempDir() + fmt::format("elb_access_{}.log", getpid());
  std::unique_ptr<proxy::AccessLog> log_;
};

TEST_F(Logged, log04_requests_answers_and_members_are_in_the_line) {
  HttpMember member(echo);
  start_logged();
  apply(snapshot({member.endpoint()}));
  Peer client = connect();
  client.ask(get("/a?b=\x7fx", ""));  // refused: a control byte
  Peer second = connect();
  second.ask(post("12345", "User-Agent: \"tester\"\r\nReferer: http://r/\r\nX-Forwarded-For: 9.9.9.9\r\n"));
  const auto seen = lines(2);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_NE(seen[0].find(" 400 "), std::string::npos) << seen[0];
  const std::string& line = seen[1];
  const std::string address = member.endpoint().to_string();
  for (const std::string& part :
       {std::string(" 200 \"POST http://test/post HTTP/1.1\" "), std::string("\"200\""), "\"" + address + "\"",
        std::string("\"\\x22tester\\x22\""), std::string("\"http://r/\""), std::string("\"9.9.9.9\""),
        std::string("listener_listener-1"), std::string("pool_pool-1")})
    EXPECT_NE(line.find(part), std::string::npos) << part << "\n" << line;
}

TEST_F(Logged, log04_requests_of_HTTP2_are_lines_like_the_others) {
  HttpMember member(echo);
  start_logged();
  apply(http2_snapshot({member.endpoint()}));
  Http2Peer client = connect_http2();
  client.ask({.method = "POST", .path = "/a?b", .fields = {{"user-agent", "tester"}}, .body = "12345"});
  client.ask({.fields = {{"host", "else.example"}}});  // refused
  const auto seen = lines(2);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_NE(seen[0].find(" 200 \"POST https://www.example.com/a?b HTTP/2.0\" "), std::string::npos) << seen[0];
  EXPECT_NE(seen[0].find("\"tester\""), std::string::npos) << seen[0];
  EXPECT_NE(seen[0].find("cert-default"), std::string::npos) << seen[0];
  EXPECT_NE(seen[1].find(" 400 "), std::string::npos) << seen[1];
}

TEST_F(Logged, ls19_a_retry_shows_both_members) {
  LoopbackMember gone;
  const Endpoint nobody = gone.endpoint();
  gone.close();
  HttpMember member(echo);
  start_logged();
  apply(snapshot({nobody, member.endpoint()}));
  for (int i = 0; i < 2; ++i) {
    Peer client = connect();
    EXPECT_EQ(client.ask(get("/")).status(), 200);
  }
  const auto seen = lines(2);
  const std::string both = "\"" + nobody.to_string() + ", " + member.endpoint().to_string() + "\"";
  const std::string tight = "\"" + nobody.to_string() + "," + member.endpoint().to_string() + "\"";
  int found = 0;
  for (const std::string& line : seen)
    if (line.find(both) != std::string::npos || line.find(tight) != std::string::npos) ++found;
  EXPECT_EQ(found, 1) << seen[0] << "\n" << seen[1];
}

TEST_F(Logged, tls_facts_are_in_the_line) {
  HttpMember member(echo);
  start_logged();
  apply(secure_snapshot({member.endpoint()}));
  Peer client = connect_tls({.sni = "www.example.com", .max_protocol = "TLSv1.2"});
  client.ask("GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n");
  const auto seen = lines(1);
  ASSERT_EQ(seen.size(), 1U);
  for (const std::string_view part :
       {"https://www.example.com/", "cert-default", "TLSv1.2", "ECDHE", "www.example.com"})
    EXPECT_NE(seen[0].find(part), std::string::npos) << seen[0];
}

/// The log of one load balancer: what the agent reads from the worker's pipe.
class Streamed : public Http2Fixture {
 protected:
  Streamed() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    reader_ = Fd(ends[0]);
    log_ = proxy::AccessLog::to_agent(Fd(ends[1]), 1, size_t{1} << 16);
    proxy::EngineOptions options;
    options.stream_log = log_.get();
    start(options);
  }
  ~Streamed() override { engine_.reset(); }

  void serve(const std::vector<Endpoint>& members, bool logged) {
    model::Snapshot next = snapshot(members);
    if (logged) next.listeners[0].http->log = model::SnapshotLog{"stream-1", "project-1"};
    apply(next);
  }
  std::string read() {
    log_->flush();
    std::string text(size_t{1} << 20, '\0');
    const ssize_t n = ::read(reader_.get(), text.data(), text.size());
    text.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return text;
  }
  Fd reader_;
  std::unique_ptr<proxy::AccessLog> log_;
};

TEST_F(Streamed, log01_only_what_is_switched_on_is_told_and_why_it_ended) {
  HttpMember member(echo);
  serve({member.endpoint()}, false);
  connect().ask(get("/before", ""));
  serve({member.endpoint()}, true);
  connect().ask(get("/during", ""));
  connect().ask(get("/bad\x7f", ""));
  ASSERT_TRUE(eventually([&] { return log_->lines() >= 2; }));
  const std::string text = read();
  EXPECT_EQ(text.find("/before"), std::string::npos);
  EXPECT_NE(text.find(" stream-1 ["), std::string::npos) << text;
  EXPECT_NE(text.find(" project-1 "), std::string::npos) << text;
  EXPECT_NE(text.find(" done\n"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(" malformed\n")) << text;
}

TEST_F(Streamed, log01_an_agent_that_does_not_read_holds_up_no_request) {
  HttpMember member(echo);
  serve({member.endpoint()}, true);
  Peer client = connect();
  const std::string agent = "User-Agent: " + std::string(4000, 'x') + "\r\n";
  for (int i = 0; i < 60; ++i) ASSERT_EQ(client.ask(get("/", agent)).status(), 200) << i;
  ASSERT_TRUE(eventually([&] { return log_->dropped() > 0; })) << "a pipe of 64 KB and a ring of 64 KB are full";
  ASSERT_TRUE(eventually([&] { return log_->lines() + log_->dropped() == 60; }));  // the last one's after its answer
  std::string all;
  ASSERT_TRUE(eventually([&] {
    std::string piece(size_t{1} << 18, '\0');
    const ssize_t n = ::read(reader_.get(), piece.data(), piece.size());
    if (n > 0) all.append(piece, 0, static_cast<size_t>(n));
    return all.ends_with(fmt::format("#lost {}\n", log_->dropped()));
  }));
  const auto count = [&all](char c) { return static_cast<uint64_t>(std::count(all.begin(), all.end(), c)); };
  EXPECT_EQ(count('\n') - count('#'), log_->lines());
}

}  // namespace
}  // namespace elb::test
