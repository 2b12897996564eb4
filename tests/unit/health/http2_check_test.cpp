// SPDX-License-Identifier: Apache-2.0
// Shows: HC-03, HC-07, HC-11, PL-02.
// Checks of members that speak HTTP/2, against sessions of the proxy's clients' side; and over sockets by the prober.
#include "health/http2_check.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "h2/session.h"
#include "harness/loopback.h"
#include "harness/manual_clock.h"
#include "harness/seeded_random.h"
#include "health/http_check.h"
#include "health/prober.h"

namespace elb::health {
namespace {

using State = Answer::State;
using testing::HasSubstr;

const std::string kServing("\0\0\0\0\2\x08\1", 7);
const std::string kNotServing("\0\0\0\0\2\x08\2", 7);

/// A member: what it was asked, and the one answer that it gives.
class Member : private h2::SessionUser {
 public:
  struct Reply {
    uint16_t status = 200;
    std::vector<std::pair<std::string, std::string>> fields = {{"content-type", "application/grpc"}};
    std::string body;
    std::vector<std::pair<std::string, std::string>> trailers;
    bool reset = false;
  };
  explicit Member(Reply reply) : reply_(std::move(reply)), session_(h2::Session::create({}, *this)) {}

  std::string hear(std::string_view bytes) {
    session_->receive(bytes, SteadyTime{std::chrono::seconds(1)});
    if (request_ != nullptr) answer(*std::exchange(request_, nullptr));
    std::string said(size_t{1} << 17, ' ');
    said.resize(session_->produce(said));
    return said;
  }

  std::string asked;
  std::string body;

 private:
  std::unique_ptr<h2::Stream> make_stream() override { return std::make_unique<h2::Stream>(); }
  void changed(h2::Stream& stream) override {
    if (stream.has_head() && stream.ended()) request_ = &stream;
  }
  void closed(h2::Stream& stream) override {
    if (request_ == &stream) request_ = nullptr;
  }
  static http::HeaderTable table_of(const std::vector<std::pair<std::string, std::string>>& fields) {
    http::HeaderTable table;
    for (const auto& [name, value] : fields) table.add(http::HeaderId::kOther, name, value);
    return table;
  }
  void answer(h2::Stream& stream) {
    const auto head = stream.take_head();
    for (size_t i = 0; i < head->size(); ++i) asked += fmt::format("{}={}\n", head->name(i), head->value(i));
    session_->take_received(stream, body);
    if (reply_.reset) return session_->abort(stream);
    const bool bodied = !reply_.body.empty() || !reply_.trailers.empty();
    session_->send_interim(stream, 103, {});
    session_->send_head(stream, reply_.status, table_of(reply_.fields), bodied);
    session_->send_body(stream, reply_.body);
    const http::HeaderTable trailers = table_of(reply_.trailers);
    if (bodied) session_->finish(stream, reply_.trailers.empty() ? nullptr : &trailers);
  }

  Reply reply_;
  h2::Stream* request_ = nullptr;
  std::unique_ptr<h2::Session> session_;
};

struct Verdict {
  State state = State::kMore;
  std::string failure;
};

/// The conversation, in pieces of so many bytes.
Verdict talk(const HttpCheck& check, Member& member, size_t step = 1 << 20) {
  const auto answer = make_answer(check);
  Verdict verdict;
  std::string words = answer->say(check);
  while (!words.empty() && verdict.state == State::kMore) {
    const std::string heard = member.hear(words);
    words.clear();
    for (size_t at = 0; at < heard.size() && verdict.state == State::kMore; at += step) {
      verdict.state = answer->feed(std::string_view(heard).substr(at, step), check);
      words += answer->say(check);
    }
  }
  return {verdict.state, answer->failure()};
}

model::SnapshotMonitor monitor_of(model::MonitorType type, const std::string& codes = "200") {
  model::SnapshotMonitor monitor;
  monitor.type = type;
  monitor.codes = *model::parse_codes(codes);
  return monitor;
}
HttpCheck check_of(const model::SnapshotMonitor& monitor) {
  return make_http2_check(monitor, {*IpAddress::parse("10.0.0.1"), 50051});
}
Verdict call(Member::Reply reply, size_t step = 1 << 20) {
  Member member(std::move(reply));
  return talk(check_of(monitor_of(model::MonitorType::kGrpcHealth)), member, step);
}

TEST(Http2Check, HC03_HC07_TheRequest) {
  model::SnapshotMonitor monitor = monitor_of(model::MonitorType::kHttp);
  monitor.path = "/live?x=1";
  monitor.method = "HEAD";
  Member member({});
  EXPECT_EQ(talk(check_of(monitor), member).state, State::kHealthy);
  EXPECT_THAT(member.asked, HasSubstr(":method=HEAD\n:scheme=http\n:authority=10.0.0.1:50051\n:path=/live?x=1\n"));
  monitor.host = "a.example";
  Member other({});
  talk(check_of(monitor), other);
  EXPECT_THAT(other.asked, HasSubstr(":authority=a.example\n"));
}

TEST(Http2Check, HC11_CodesAreJudgedBehindInterimAnswers) {
  for (const uint16_t status : {200, 204, 404, 503}) {
    Member member({status, {}, "body", {}});
    const Verdict verdict = talk(check_of(monitor_of(model::MonitorType::kHttp, "200-299")), member);
    EXPECT_EQ(verdict.state, status < 300 ? State::kHealthy : State::kFailed);
    EXPECT_EQ(verdict.failure, status < 300 ? "" : fmt::format("HTTP {}, expected 200-299", status));
  }
}

TEST(Http2Check, TheCallThatServersOfGrpcAnswer) {
  Member member({200, {{"content-type", "application/grpc"}}, kServing, {{"grpc-status", "0"}}});
  EXPECT_EQ(talk(check_of(monitor_of(model::MonitorType::kGrpcHealth)), member).state, State::kHealthy);
  EXPECT_THAT(member.asked, HasSubstr(":method=POST\n"));
  EXPECT_THAT(member.asked, HasSubstr(":path=/grpc.health.v1.Health/Check\n"));
  EXPECT_THAT(member.asked, HasSubstr("te=trailers\n"));
  EXPECT_THAT(member.asked, HasSubstr("content-type=application/grpc\n"));
  EXPECT_EQ(member.body, std::string(5, '\0'));
}

TEST(Http2Check, AnswersInPieces) {
  const Member::Reply reply{200, {{"content-type", "application/grpc+proto"}}, kServing, {{"grpc-status", "0"}}};
  for (const size_t step : {1, 2, 3, 7, 20}) EXPECT_EQ(call(reply, step).state, State::kHealthy) << step;
}

TEST(Http2Check, WhatServersOfGrpcSayInstead) {
  const auto failure = [](const std::string& body, const std::string& status, uint16_t http = 200) {
    const Verdict verdict = call({http, {{"content-type", "application/grpc"}}, body, {{"grpc-status", status}}});
    EXPECT_EQ(verdict.state, State::kFailed);
    return verdict.failure;
  };
  EXPECT_EQ(failure(kNotServing, "0"), "the member says NOT_SERVING");
  EXPECT_EQ(failure(std::string(5, '\0'), "0"), "the member says UNKNOWN");
  EXPECT_EQ(failure(kServing, "14"), "grpc-status 14, expected 0");
  EXPECT_EQ(failure(kServing, "x"), "the answer has no grpc-status");
  EXPECT_EQ(failure(kServing, "0", 503), "HTTP 503 instead of an answer of gRPC");
  EXPECT_THAT(failure(kServing.substr(0, 6), "0"), HasSubstr("no answer to grpc.health.v1.Health/Check"));
  EXPECT_THAT(failure(kServing + "x", "0"), HasSubstr("no answer to"));
  EXPECT_THAT(failure(std::string(5000, 'x'), "0"), HasSubstr("no answer to"));
  EXPECT_THAT(failure(std::string("\0\0\0\0\2\x12\x7f", 7), "0"), HasSubstr("no answer to"));
  EXPECT_THAT(failure(std::string("\1\0\0\0\2\x08\1", 7), "0"), HasSubstr("no answer to"));
  // A field that is not known yet does not matter.
  EXPECT_EQ(call({200,
                  {{"content-type", "application/grpc"}},
                  std::string("\0\0\0\0\6\x12\2ab\x08\1", 11),
                  {{"grpc-status", "0"}}})
                .state,
            State::kHealthy);
}

TEST(Http2Check, AnErrorOfGrpcHasOneHeadAndNoTrailers) {
  const Verdict verdict = call({200, {{"content-type", "application/grpc"}, {"grpc-status", "12"}}, "", {}});
  EXPECT_EQ(verdict.failure, "the member does not serve grpc.health.v1.Health (grpc-status 12)");
  EXPECT_EQ(call({200, {{"content-type", "text/html"}}, "<p>", {}}).failure, "the answer is not of gRPC");
}

TEST(Http2Check, WhatIsNoAnswerIsAFailureWithItsReason) {
  Member::Reply reset;
  reset.reset = true;
  EXPECT_EQ(call(reset).failure, "the member reset the request, code 2");
  const HttpCheck check = check_of(monitor_of(model::MonitorType::kGrpcHealth));
  const auto answer = make_answer(check);
  answer->say(check);
  EXPECT_EQ(answer->feed("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", check), State::kFailed);
  EXPECT_EQ(answer->failure(), "the member does not speak HTTP/2 as it should be");
  EXPECT_EQ(make_answer(check)->end(), State::kFailed);
}

/// The prober carries what both sides say, in both directions, more than once.
TEST(Http2Check, TheProberSpeaksIt) {
  test::ManualClock clock;
  test::SeededRandom random{3};
  io::EventLoop loop{clock};
  std::vector<model::HealthEvent> events;
  Prober prober{loop,   clock,
                random, *IpAddress::parse("127.0.0.9"),
                100,    [&](model::HealthEvent event) { events.push_back(std::move(event)); }};
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in name = test::v4_address(*IpAddress::parse("127.0.0.1"), 0);
  socklen_t length = sizeof name;
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  ASSERT_EQ(listen(listener.get(), 16), 0);
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&name), &length);
  Target target{
      {*IpAddress::parse("127.0.0.1"), ntohs(name.sin_port)}, std::chrono::seconds(1), std::chrono::seconds(1), 1, 1};
  target.http = make_http2_check(monitor_of(model::MonitorType::kGrpcHealth), target.endpoint);
  prober.apply({{{"a", target}}, {}});
  Member member({200, {{"content-type", "application/grpc"}}, kServing, {{"grpc-status", "0"}}});
  Fd connection;
  for (int i = 0; i < 300 && events.empty(); ++i) {
    clock.advance(std::chrono::milliseconds(5));
    loop.run_once(std::chrono::milliseconds(1));
    if (!connection) connection.reset(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK));
    char bytes[4096];
    const ssize_t got = connection ? recv(connection.get(), bytes, sizeof bytes, 0) : 0;
    if (got <= 0) continue;
    const std::string said = member.hear({bytes, static_cast<size_t>(got)});
    EXPECT_EQ(send(connection.get(), said.data(), said.size(), MSG_NOSIGNAL), static_cast<ssize_t>(said.size()));
  }
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].health.state, model::HealthState::kHealthy) << events[0].health.reason;
  EXPECT_EQ(prober.in_flight(), 0U);
}

}  // namespace
}  // namespace elb::health
