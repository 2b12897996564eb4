// SPDX-License-Identifier: Apache-2.0
// Shows: LOG-04, LOG-05, LS-19. What the engine tells the access log of its requests.
#include <unistd.h>

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

}  // namespace
}  // namespace elb::test
