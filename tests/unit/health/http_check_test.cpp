// SPDX-License-Identifier: Apache-2.0
// Shows: HC-03, HC-07, HC-11.
// What an HTTP check sends and how it reads answers; and the same over sockets, with the prober's clock scripted.
#include "health/http_check.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/loopback.h"
#include "harness/manual_clock.h"
#include "harness/seeded_random.h"
#include "health/prober.h"

namespace elb::health {
namespace {

using model::HealthState;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using State = HttpAnswer::State;

HttpCheck check_for(const std::string& codes, std::string_view target = "10.0.0.1") {
  model::SnapshotMonitor monitor;
  monitor.codes = *model::parse_codes(codes);
  return make_http_check(monitor, {*IpAddress::parse(target), 80});
}

TEST(HttpCheck, HC03_HC07_TheRequest) {
  model::SnapshotMonitor monitor;
  monitor.path = "/live?x=1";
  const auto request = [&](std::string_view address, uint16_t port) {
    return make_http_check(monitor, {*IpAddress::parse(address), port}).request;
  };
  EXPECT_THAT(request("10.0.0.1", 80), testing::StartsWith("GET /live?x=1 HTTP/1.1\r\nHost: 10.0.0.1\r\n"));
  EXPECT_THAT(request("10.0.0.1", 8080), HasSubstr("\r\nHost: 10.0.0.1:8080\r\n"));
  EXPECT_THAT(request("2001:db8::1", 80), HasSubstr("\r\nHost: [2001:db8::1]\r\n"));
  monitor.host = "a.example";
  EXPECT_THAT(request("10.0.0.1", 8080), HasSubstr("\r\nHost: a.example\r\n"));
  EXPECT_THAT(request("10.0.0.1", 80), testing::EndsWith("Connection: close\r\n\r\n"));
}

TEST(HttpCheck, HC07_TheMethodsAndTheirBodies) {
  model::SnapshotMonitor monitor;
  for (const std::string method : {"GET", "HEAD", "DELETE", "TRACE", "OPTIONS", "POST", "PUT", "PATCH"}) {
    monitor.method = method;
    const std::string request = make_http_check(monitor, {*IpAddress::parse("10.0.0.1"), 80}).request;
    EXPECT_THAT(request, testing::StartsWith(method + " / HTTP/1.1\r\n"));
    const bool bodied = method.starts_with('P');
    EXPECT_EQ(request.find("\r\nContent-Length: 0\r\n") != std::string::npos, bodied) << method;
  }
}

TEST(HttpCheck, HC11_EachCodeAgainstTheDefaultsAndAnOverride) {
  const auto healthy = [](const std::string& codes, int status) {
    HttpAnswer answer;
    return answer.feed(fmt::format("HTTP/1.1 {} x\r\n\r\n", status), check_for(codes)) == State::kHealthy;
  };
  const std::string http(default_codes(model::Protocol::kHttp)), tcp(default_codes(model::Protocol::kTcp));
  for (const int status : {200, 202, 401, 204, 302, 404, 500}) {
    EXPECT_EQ(healthy(http, status), status == 200 || status == 202 || status == 401) << status;
    EXPECT_EQ(healthy(tcp, status), status == 200) << status;
    EXPECT_EQ(healthy("200-399", status), status < 400) << status;
  }
}

TEST(HttpCheck, AnswersInPiecesAndAfterInterimOnes) {
  const std::string text =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.0 200 OK\r\n\r\nbody";
  for (size_t cut = 1; cut < text.size() - 4; ++cut) {
    HttpAnswer answer;
    const HttpCheck check = check_for("200");
    State state = answer.feed(std::string_view(text).substr(0, cut), check);
    if (state == State::kMore) state = answer.feed(std::string_view(text).substr(cut), check);
    EXPECT_EQ(state, State::kHealthy) << cut << answer.failure();
  }
}

TEST(HttpCheck, WhatIsNoAnswerIsAFailureWithItsReason) {
  const auto failure = [](const std::string& text) {
    HttpAnswer answer;
    State state = answer.feed(text, check_for("200,202"));
    if (state == State::kMore) state = answer.end();
    EXPECT_EQ(state, State::kFailed) << text;
    return answer.failure();
  };
  EXPECT_EQ(failure("HTTP/1.1 503 Busy\r\n\r\n"), "HTTP 503, expected 200,202");
  EXPECT_THAT(failure(""), HasSubstr("closed the connection"));
  EXPECT_THAT(failure("HTTP/1.1 200 OK\r\n"), HasSubstr("closed the connection"));
  EXPECT_THAT(failure("SSH-2.0-OpenSSH_9.2\r\n"), HasSubstr("not HTTP"));
  EXPECT_THAT(failure("HTTP/1.1 200 OK\r\nA: " + std::string(20000, 'x')), HasSubstr("not HTTP"));
  EXPECT_THAT(failure("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
              HasSubstr("not HTTP"));
}

/// A member on loopback that answers each connection with a text, at once or when told.
class HttpProberTest : public testing::Test {
 protected:
  HttpProberTest() {
    sockaddr_in name = test::v4_address(*IpAddress::parse("127.0.0.1"), 0);
    socklen_t length = sizeof name;
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(listen(listener_.get(), 16), 0);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&name), &length);
    port_ = ntohs(name.sin_port);
  }

  void put(const std::string& codes = "200") {
    Target target{{*IpAddress::parse("127.0.0.1"), port_}, seconds(1), seconds(1), 1, 1};
    model::SnapshotMonitor monitor;
    monitor.codes = *model::parse_codes(codes);
    target.http = make_http_check(monitor, target.endpoint);
    prober_.apply({{{"a", target}}, {}});
  }

  /// Takes the next connection and the request on it.
  std::string take_request() {
    for (int i = 0; i < 300 && !connection_; ++i) {
      pass();
      connection_.reset(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK));
    }
    std::string request;
    for (int i = 0; i < 50 && request.find("\r\n\r\n") == std::string::npos; ++i) {
      pass();
      char bytes[2048];
      const ssize_t got = recv(connection_.get(), bytes, sizeof bytes, 0);
      if (got > 0) request.append(bytes, static_cast<size_t>(got));
    }
    return request;
  }
  void say(std::string_view text) {
    EXPECT_EQ(send(connection_.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  model::Health wait_for_event() {
    const size_t before = events_.size();
    for (int i = 0; i < 300 && events_.size() == before; ++i) pass();
    EXPECT_GT(events_.size(), before);
    return events_.empty() ? model::Health{} : events_.back().health;
  }
  void pass() {
    clock_.advance(milliseconds(10));
    loop_.run_once(milliseconds(0));
    loop_.run_once(milliseconds(0));
  }

  test::ManualClock clock_;
  test::SeededRandom random_{3};
  io::EventLoop loop_{clock_};
  std::vector<model::HealthEvent> events_;
  Prober prober_{loop_,   clock_,
                 random_, *IpAddress::parse("127.0.0.9"),
                 100,     [this](model::HealthEvent event) { events_.push_back(std::move(event)); }};
  Fd listener_{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  Fd connection_;
  uint16_t port_ = 0;
};

TEST_F(HttpProberTest, HC11_AGoodAnswerIsHealthy) {
  put();
  EXPECT_THAT(take_request(), HasSubstr(fmt::format("Host: 127.0.0.1:{}\r\n", port_)));
  EXPECT_TRUE(events_.empty()) << "a connection alone is no answer";
  say("HTTP/1.1 20");
  pass();
  EXPECT_TRUE(events_.empty());
  say("0 OK\r\n\r\n");
  const model::Health health = wait_for_event();
  EXPECT_EQ(health.state, HealthState::kHealthy);
  EXPECT_GE(health.latency_us, 0);
  EXPECT_EQ(prober_.in_flight(), 0U);
}

TEST_F(HttpProberTest, HC11_ABadAnswerIsUnhealthyAndSaysWhy) {
  put("200,202");
  take_request();
  say("HTTP/1.1 500 Oops\r\n\r\n");
  const model::Health health = wait_for_event();
  EXPECT_EQ(health.state, HealthState::kUnhealthy);
  EXPECT_EQ(health.reason, "HTTP 500, expected 200,202");
  EXPECT_EQ(health.latency_us, -1);
}

TEST_F(HttpProberTest, HC18_AMemberThatAcceptsAndSaysNothingTimesOut) {
  put();
  take_request();
  const model::Health health = wait_for_event();
  EXPECT_EQ(health.state, HealthState::kUnhealthy);
  EXPECT_EQ(health.reason, "timed out after 1 s");
}

TEST_F(HttpProberTest, AMemberThatClosesIsUnhealthy) {
  put();
  take_request();
  connection_.reset();
  EXPECT_THAT(wait_for_event().reason, HasSubstr("closed the connection"));
}

TEST_F(HttpProberTest, HC19_OtherSettingsEndTheCheckUnderWay) {
  put();
  take_request();
  put("204");
  EXPECT_EQ(prober_.in_flight(), 0U);
  connection_.reset();
  EXPECT_NE(take_request(), "");
  say("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(wait_for_event().state, HealthState::kHealthy);
}

}  // namespace
}  // namespace elb::health
