// SPDX-License-Identifier: Apache-2.0
#include "http/request_head.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "http/framing.h"

namespace elb::http {
namespace {

class RequestHeadTest : public testing::Test {
 protected:
  // `bytes` has to outlive the head.
  Outcome parse(std::string_view bytes, const HeadLimits& limits = {}) {
    progress_ = {};
    return parse_request_head(bytes, limits, progress_, head_);
  }

  HeadProgress progress_;
  RequestHead head_;
};

TEST_F(RequestHeadTest, TellsWhatARequestSays) {
  const std::string_view bytes =
      "POST /form?x=1 HTTP/1.1\r\nHost: Example.com:8080\r\nContent-Length: 5\r\nX-Own:\t value "
      "\r\nEmpty:\r\n\r\nhello";
  ASSERT_EQ(parse(bytes), Outcome::kDone);
  EXPECT_EQ(head_.method, Method::kPost);
  EXPECT_EQ(head_.method_text, "POST");
  EXPECT_EQ(head_.target, "/form?x=1");
  EXPECT_EQ(head_.path_and_query, "/form?x=1");
  EXPECT_EQ(head_.form, TargetForm::kOrigin);
  EXPECT_EQ(head_.host->name, "Example.com");
  EXPECT_EQ(head_.host->port, 8080);
  EXPECT_EQ(head_.headers.find("x-own")->value, "value");
  EXPECT_EQ(head_.headers.find("Empty")->value, "");
  EXPECT_EQ(head_.content_length, 5U);
  EXPECT_TRUE(head_.keep_alive());
  EXPECT_EQ(bytes.substr(head_.size), "hello");
}

TEST_F(RequestHeadTest, ViewsPointIntoTheBuffer) {
  const std::string bytes = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(parse(bytes), Outcome::kDone);
  EXPECT_EQ(head_.target.data(), bytes.data() + 4);
  EXPECT_EQ(head_.headers.begin()->value.data(), bytes.data() + 23);
}

TEST_F(RequestHeadTest, TargetForms) {
  ASSERT_EQ(parse("GET HTTP://Example.COM/a?b HTTP/1.1\r\nHost: example.com:80\r\n\r\n"), Outcome::kDone);
  EXPECT_EQ(head_.form, TargetForm::kAbsolute);
  EXPECT_EQ(head_.path_and_query, "/a?b");
  ASSERT_EQ(parse("GET https://a?b HTTP/1.1\r\nHost: a:443\r\n\r\n"), Outcome::kDone);
  EXPECT_EQ(head_.path_and_query, "?b");
  ASSERT_EQ(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), Outcome::kDone);
  EXPECT_EQ(head_.form, TargetForm::kAsterisk);
  EXPECT_EQ(head_.path_and_query, "*");
  ASSERT_EQ(parse("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n"), Outcome::kDone);
  EXPECT_EQ(head_.path_and_query, "*") << "RFC 9112 3.2.4";
  ASSERT_EQ(parse("GET http://a/ HTTP/1.0\r\n\r\n"), Outcome::kDone);
  EXPECT_EQ(head_.host->name, "a") << "HTTP/1.0 without Host";
}

TEST_F(RequestHeadTest, ConnectionOptions) {
  const auto with = [&](std::string_view version, std::string_view fields) {
    static std::string bytes;
    bytes = "GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(fields) + "\r\n";
    EXPECT_EQ(parse(bytes), Outcome::kDone);
  };
  with("1.1", "");
  EXPECT_TRUE(head_.keep_alive());
  with("1.1", "Connection: Close\r\n");
  EXPECT_FALSE(head_.keep_alive());
  with("1.1", "Connection: keep-alive\r\nConnection: x, close\r\n");
  EXPECT_FALSE(head_.keep_alive());
  EXPECT_TRUE(head_.connection_names);
  with("1.0", "");
  EXPECT_FALSE(head_.keep_alive());
  with("1.0", "Connection: Keep-Alive\r\n");
  EXPECT_TRUE(head_.keep_alive());
  with("1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n");
  EXPECT_EQ(head_.upgrade_protocol(), "websocket");
  EXPECT_FALSE(head_.connection_names);
  with("1.1", "Upgrade: websocket\r\n");
  EXPECT_EQ(head_.upgrade_protocol(), "") << "Connection does not say so";
  with("1.0", "Connection: upgrade\r\nUpgrade: websocket\r\n");
  EXPECT_EQ(head_.upgrade_protocol(), "") << "RFC 9110 7.8";
}

TEST_F(RequestHeadTest, S6_NamesThatMembersTakeForOthersAreDropped) {
  const std::string_view bytes =
      "GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1.1.1.1\r\nContent_Length: 5\r\nX.y: z\r\n\r\n";
  ASSERT_EQ(parse(bytes), Outcome::kDone);
  EXPECT_EQ(head_.headers.size(), 1U);
  EXPECT_FALSE(head_.content_length);
  HeadLimits limits;
  limits.odd_names = OddNames::kKeep;
  ASSERT_EQ(parse(bytes, limits), Outcome::kDone);
  EXPECT_EQ(head_.headers.size(), 4U);
}

TEST_F(RequestHeadTest, UnknownMethodsPass) {
  for (const auto& method : std::initializer_list<std::string>{"PROPFIND", "M-SEARCH", "X2", std::string(32, 'M')}) {
    const std::string bytes = method + " / HTTP/1.1\r\nHost: a\r\n\r\n";
    ASSERT_EQ(parse(bytes), Outcome::kDone) << method;
    EXPECT_EQ(head_.method, Method::kOther);
    EXPECT_FALSE(is_idempotent(head_.method));
  }
}

TEST_F(RequestHeadTest, MethodsHaveTheirNumbers) {
  const std::pair<std::string_view, Method> methods[] = {{"GET", Method::kGet},         {"HEAD", Method::kHead},
                                                         {"POST", Method::kPost},       {"PUT", Method::kPut},
                                                         {"DELETE", Method::kDelete},   {"PATCH", Method::kPatch},
                                                         {"TRACE", Method::kTrace},     {"OPTIONS", Method::kOptions},
                                                         {"CONNECT", Method::kConnect}, {"HEAP", Method::kOther}};
  for (const auto& [text, method] : methods) EXPECT_EQ(method_of(text), method) << text;
  for (const Method method :
       {Method::kGet, Method::kHead, Method::kPut, Method::kDelete, Method::kOptions, Method::kTrace})
    EXPECT_TRUE(is_idempotent(method));
  for (const Method method : {Method::kPost, Method::kPatch, Method::kConnect}) EXPECT_FALSE(is_idempotent(method));
}

TEST_F(RequestHeadTest, OneEmptyLineInFrontIsIgnored) {
  ASSERT_EQ(parse("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), Outcome::kDone);
  EXPECT_EQ(head_.method, Method::kGet);
  EXPECT_EQ(head_.size, 29U);
}

TEST_F(RequestHeadTest, AFaultIsToldAsSoonAsItsLineIsThere) {
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost : a\r\n"), Outcome::kFault);
  EXPECT_EQ(parse("GET / HTTP/1.1\n"), Outcome::kFault);
  EXPECT_EQ(parse("\x16"), Outcome::kFault);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost : a"), Outcome::kNeedMore) << "a line is judged when it is complete";
}

TEST_F(RequestHeadTest, TheLengthsThatPass) {
  for (const auto& length :
       std::initializer_list<std::string>{"0", "007", "9223372036854775807", "0000000000000000003"}) {
    const std::string bytes = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + length + "\r\n\r\n";
    ASSERT_EQ(parse(bytes), Outcome::kDone) << length;
    EXPECT_EQ(*head_.content_length, std::stoull(length));
  }
}

// A head that comes byte by byte must not cost its size times the number of packets.
TEST_F(RequestHeadTest, S3_ATricklingHeadIsCheap) {
  std::string bytes = "GET /" + std::string(8000, 'a') + " HTTP/1.1\r\nHost: a\r\n";
  bytes += "X: " + std::string(20'000, 'b') + "\r\n\r\n";
  const auto time = [&](size_t step, bool forget = false) {
    const auto start = std::chrono::steady_clock::now();
    HeadProgress progress;
    Outcome outcome = Outcome::kNeedMore;
    for (size_t size = step; outcome == Outcome::kNeedMore; size = std::min(size + step, bytes.size())) {
      if (forget) progress = {};
      outcome = parse_request_head(std::string_view(bytes).substr(0, size), {}, progress, head_);
    }
    EXPECT_EQ(outcome, Outcome::kDone);
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  };
  const double trickled = time(1), from_the_start = time(1, true);
  std::printf("28 kB in packets of one byte: %.0f us; when each looks at all: %.0f us; at once: %.0f us\n", trickled,
              from_the_start, time(bytes.size()));
  EXPECT_LT(trickled * 5, from_the_start);
}

TEST_F(RequestHeadTest, FramingOfRequests) {
  using Kind = Framing::Kind;
  ASSERT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Outcome::kDone);
  EXPECT_EQ(framing_of(head_), (Framing{Kind::kNone}));
  ASSERT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\n\r\n"), Outcome::kDone);
  EXPECT_EQ(framing_of(head_), (Framing{Kind::kNone})) << "RFC 9112 6.3: a request without framing has no body";
  ASSERT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n"), Outcome::kDone);
  EXPECT_EQ(framing_of(head_), (Framing{Kind::kLength, 7}));
  ASSERT_EQ(parse("PUT / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\n\r\n"), Outcome::kDone);
  EXPECT_EQ(framing_of(head_), (Framing{Kind::kChunked}));
}

}  // namespace
}  // namespace elb::http
