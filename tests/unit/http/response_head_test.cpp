// SPDX-License-Identifier: Apache-2.0
// Shows: S1 (towards members).
#include "http/response_head.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "http/framing.h"

namespace elb::http {
namespace {

using Kind = Framing::Kind;

class ResponseHeadTest : public testing::Test {
 protected:
  Outcome parse(std::string_view bytes) {
    HeadProgress progress;
    return parse_response_head(bytes, {}, progress, head_);
  }
  Fault fault_of(std::string_view bytes) { return parse(bytes) == Outcome::kFault ? head_.fault : Fault::kNone; }

  ResponseHead head_;
};

TEST_F(ResponseHeadTest, TellsWhatAResponseSays) {
  const std::string_view bytes =
      "HTTP/1.1 404 Not  Here\r\nContent-Length: 3\r\nx_odd: kept\r\nSet-Cookie: a=b\r\n\r\nabc";
  ASSERT_EQ(parse(bytes), Outcome::kDone);
  EXPECT_EQ(head_.status, 404);
  EXPECT_EQ(head_.reason, "Not  Here");
  EXPECT_EQ(head_.minor_version, 1);
  EXPECT_EQ(head_.headers.find("x_odd")->value, "kept");
  EXPECT_TRUE(head_.keep_alive());
  EXPECT_EQ(bytes.substr(head_.size), "abc");
}

TEST_F(ResponseHeadTest, ReasonMayBeMissing) {
  ASSERT_EQ(parse("HTTP/1.0 200\r\n\r\n"), Outcome::kDone);
  EXPECT_EQ(head_.reason, "");
  EXPECT_FALSE(head_.keep_alive());
  ASSERT_EQ(parse("HTTP/1.1 999 \r\n\r\n"), Outcome::kDone);
  EXPECT_EQ(head_.status, 999);
}

TEST_F(ResponseHeadTest, RefusesWhatIsAmbiguous) {
  const auto ok = [](const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; };
  const std::pair<std::string, Fault> cases[] = {
      {"HTTP/2.0 200 OK\r\n\r\n", Fault::kVersionUnsupported},
      {"HTTP/1.2 200 OK\r\n\r\n", Fault::kVersionUnsupported},
      {"http/1.1 200 OK\r\n\r\n", Fault::kBadVersion},
      {"ICY 200 OK too short not\r\n\r\n", Fault::kBadVersion},
      {"HTTP/1.1  200 OK\r\n\r\n", Fault::kBadStatus},
      {"HTTP/1.1 20 OK now\r\n\r\n", Fault::kBadStatus},
      {"HTTP/1.1 2000 OK\r\n\r\n", Fault::kBadStatus},
      {"HTTP/1.1 099 OK\r\n\r\n", Fault::kBadStatus},
      {"HTTP/1.1 +20 OK\r\n\r\n", Fault::kBadStatus},
      {"HTTP/1.1 200\tOK\r\n\r\n", Fault::kBadStatus},
      {"HTTP/1.1\r\n\r\n", Fault::kBadVersion},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", Fault::kBadVersion},
      {"HTTP/1.1 200 OK\nServer: x\n\n", Fault::kBareLf},
      {"HTTP/1.1 200 O\rK\r\n\r\n", Fault::kBareCr},
      {ok("X: a\r\n b\r\n"), Fault::kObsFold},
      {ok("Server : x\r\n"), Fault::kSpaceBeforeColon},
      {ok("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), Fault::kLengthAndCoding},
      {ok("Content-Length: 3\r\nContent-Length: 3\r\n"), Fault::kSecondContentLength},
      {ok("Content-Length: 3, 3\r\n"), Fault::kBadContentLength},
      {ok("Transfer-Encoding: gzip, chunked\r\n"), Fault::kBadTransferCoding},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Fault::kCodingBeforeVersion},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", Fault::kBodyForbidden},
      {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", Fault::kBodyForbidden},
      {"HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n", Fault::kBodyForbidden},
      {"HTTP/1.1 101 Switching\r\nTransfer-Encoding: chunked\r\n\r\n", Fault::kBodyForbidden},
  };
  for (const auto& [bytes, fault] : cases) EXPECT_EQ(to_string(fault_of(bytes)), to_string(fault)) << bytes;
}

TEST_F(ResponseHeadTest, FramingOfResponses) {
  const auto framing = [&](std::string_view bytes, Method asked = Method::kGet) {
    EXPECT_EQ(parse(bytes), Outcome::kDone) << bytes;
    return framing_of(head_, asked);
  };
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), (Framing{Kind::kLength, 3}));
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", Method::kHead), Framing{});
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), (Framing{Kind::kChunked}));
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::kHead), Framing{});
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\n\r\n"), (Framing{Kind::kUntilClose}));
  EXPECT_EQ(framing("HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n"), Framing{});
  EXPECT_EQ(framing("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"), Framing{});
  EXPECT_EQ(framing("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), Framing{});
  EXPECT_EQ(framing("HTTP/1.1 103 Early Hints\r\n\r\n"), Framing{});
  EXPECT_EQ(framing("HTTP/1.1 101 Switching Protocols\r\n\r\n"), (Framing{Kind::kTunnel}));
  EXPECT_EQ(framing("HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"), (Framing{Kind::kLength, 0}));
}

TEST(Framing, TowardsClients) {
  EXPECT_EQ(towards_client({Kind::kUntilClose}, 1), (Framing{Kind::kChunked}));
  EXPECT_EQ(towards_client({Kind::kUntilClose}, 0), (Framing{Kind::kUntilClose}));
  EXPECT_EQ(towards_client({Kind::kChunked}, 1), (Framing{Kind::kChunked}));
  EXPECT_EQ(towards_client({Kind::kChunked}, 0), (Framing{Kind::kUntilClose}));
  EXPECT_EQ(towards_client({Kind::kLength, 9}, 0), (Framing{Kind::kLength, 9}));
  EXPECT_EQ(towards_client({}, 0), Framing{});
}

}  // namespace
}  // namespace elb::http
