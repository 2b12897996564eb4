// SPDX-License-Identifier: Apache-2.0
// Shows: CA-01, LS-20, S1, S6, X-31, X-34 (appended to unless told to replace).
#include "http/serializer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace elb::http {
namespace {

class RequestOut : public testing::Test {
 protected:
  RequestOut() {
    rewrite_.target = "/t";
    rewrite_.client_address = "192.0.2.7";
  }

  std::string write(const std::string& bytes) {
    HeadProgress progress;
    EXPECT_EQ(parse_request_head(bytes, {}, progress, head_), Outcome::kDone) << bytes;
    std::string memory(head_bound(head_, 100), '\0');
    OutBuffer out(memory);
    EXPECT_TRUE(write_request(head_, rewrite_, framing_of(head_), out));
    return std::string(out.written());
  }
  std::string with(const std::string& fields) { return write("GET /raw HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"); }

  RequestHead head_;
  RequestRewrite rewrite_;
};

TEST_F(RequestOut, IsWrittenAnew) {
  EXPECT_EQ(write("POST /raw HTTP/1.1\r\nX-One:1\r\nhost: a:80\r\nCONTENT-LENGTH:   007\r\nx-two:  2\t\r\n\r\n"),
            "POST /t HTTP/1.1\r\nHost: a:80\r\nX-One: 1\r\nx-two: 2\r\nX-Forwarded-For: 192.0.2.7\r\nContent-Length: "
            "7\r\n\r\n");
  EXPECT_EQ(write("PUT /raw HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:CHUNKED\r\n\r\n"),
            "PUT /t HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_F(RequestOut, OldClientsBecomeHttp11) {
  rewrite_.host_if_missing = "10.0.0.5:8080";
  EXPECT_EQ(write("GET /raw HTTP/1.0\r\n\r\n"),
            "GET /t HTTP/1.1\r\nHost: 10.0.0.5:8080\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n");
}

TEST_F(RequestOut, CA01_ForwardedForIsAppended) {
  EXPECT_EQ(with(""), "GET /t HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n");
  EXPECT_EQ(with("X-Forwarded-For: 1.1.1.1\r\n"),
            "GET /t HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1, 192.0.2.7\r\n\r\n");
  EXPECT_EQ(with("X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\nX-A: b\r\nx-forwarded-for: 3.3.3.3\r\nX-Forwarded-For:\r\n"),
            "GET /t HTTP/1.1\r\nHost: a\r\nX-A: b\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, 192.0.2.7\r\n\r\n");
}

TEST_F(RequestOut, CA01_ForwardedForIsReplacedOrRemoved) {
  rewrite_.forwarded_for = ForwardedFor::kReplace;
  EXPECT_EQ(with("X-Forwarded-For: 1.1.1.1\r\n"), "GET /t HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n");
  rewrite_.forwarded_for = ForwardedFor::kRemove;
  EXPECT_EQ(with("X-Forwarded-For: 1.1.1.1\r\n"), "GET /t HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST_F(RequestOut, S6_WhatClientsClaimIsDroppedAndOursSet) {
  rewrite_.forwarded_for = ForwardedFor::kRemove;
  rewrite_.scheme = "https";
  rewrite_.port = 8443;
  EXPECT_EQ(with("X-Forwarded-Proto: http\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Host: b\r\nForwarded: "
                 "for=1.1.1.1\r\nX-Real-IP: 1.1.1.1\r\n"),
            "GET /t HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 8443\r\n\r\n");
  rewrite_.drop = {};
  EXPECT_EQ(
      with("X-Forwarded-Proto: http\r\nX-Forwarded-Port: 1\r\nX-Real-IP: 1.1.1.1\r\n"),
      "GET /t HTTP/1.1\r\nHost: a\r\nX-Real-IP: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 8443\r\n\r\n")
      << "of a trusted client; what we set is set once";
}

TEST_F(RequestOut, HopByHopFieldsStay) {
  rewrite_.forwarded_for = ForwardedFor::kRemove;
  EXPECT_EQ(with("Connection: keep-alive, X-Hop,x-other ,\r\nConnection: Host, HTTP2-Settings\r\nX-Hop: 1\r\nX-OTHER: "
                 "2\r\nKeep-Alive: 5\r\n"
                 "TE: trailers\r\nTrailer: x\r\nProxy-Connection: close\r\nProxy-Authorization: x\r\nUpgrade: h2c\r\n"
                 "HTTP2-Settings: AAA\r\nProxy: http://evil/\r\nX-Stays: 3\r\n"),
            "GET /t HTTP/1.1\r\nHost: a\r\nX-Stays: 3\r\n\r\n");
}

TEST_F(RequestOut, UpgradeAndClose) {
  rewrite_.forwarded_for = ForwardedFor::kRemove;
  rewrite_.upgrade = true;
  EXPECT_EQ(with("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n"),
            "GET /t HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: k\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
  rewrite_.close = true;
  EXPECT_EQ(with("Upgrade: websocket\r\n"), "GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      << "nothing to upgrade to";
}

TEST_F(RequestOut, AddedHeadersGoOn) {
  rewrite_.forwarded_for = ForwardedFor::kRemove;
  const Header added[] = {{"X-Request-Id", "7", HeaderId::kOther}};
  rewrite_.added = added;
  EXPECT_EQ(with(""), "GET /t HTTP/1.1\r\nHost: a\r\nX-Request-Id: 7\r\n\r\n");
}

TEST_F(RequestOut, TooSmallABufferIsTold) {
  const std::string whole = with("X-A: b\r\n");
  for (size_t size = 0; size <= whole.size(); ++size) {
    std::string memory(size, '\0');
    OutBuffer out(memory);
    EXPECT_EQ(write_request(head_, rewrite_, framing_of(head_), out), size == whole.size()) << size;
  }
}

class ResponseOut : public testing::Test {
 protected:
  std::string write(const std::string& bytes) {
    HeadProgress progress;
    EXPECT_EQ(parse_response_head(bytes, {}, progress, head_), Outcome::kDone) << bytes;
    std::string memory(head_bound(head_, 200), '\0');
    OutBuffer out(memory);
    const Framing framing = towards_client(framing_of(head_, rewrite_.asked), rewrite_.client_minor_version);
    EXPECT_TRUE(write_response(head_, rewrite_, framing, out));
    return std::string(out.written());
  }

  ResponseHead head_;
  ResponseRewrite rewrite_;
};

TEST_F(ResponseOut, IsWrittenAnew) {
  EXPECT_EQ(write("HTTP/1.0 200 Fine\r\nServer: Apache\r\nConnection: close, X-Hop\r\nX-Hop: "
                  "1\r\nContent-Length:05\r\nKeep-Alive: 3\r\n\r\n"),
            "HTTP/1.1 200 Fine\r\nServer: Apache\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(write("HTTP/1.1 200\r\n\r\n"), "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n")
      << "its end is not known beforehand";
}

TEST_F(ResponseOut, LS20_ServerIsReplaced) {
  rewrite_.server = "elb";
  EXPECT_EQ(write("HTTP/1.1 200 OK\r\nServer: Apache\r\nX: y\r\nContent-Length: 0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nX: y\r\nServer: elb\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(ResponseOut, HttpOldClients) {
  rewrite_.client_minor_version = 0;
  EXPECT_EQ(write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n");
  rewrite_.close = true;
  EXPECT_EQ(write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST_F(ResponseOut, LengthsWithoutBody) {
  rewrite_.asked = Method::kHead;
  EXPECT_EQ(write("HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n"), "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n");
  EXPECT_EQ(write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), "HTTP/1.1 200 OK\r\n\r\n");
  rewrite_.asked = Method::kGet;
  EXPECT_EQ(write("HTTP/1.1 304 Not Modified\r\nContent-Length: 42\r\n\r\n"),
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 42\r\n\r\n");
  EXPECT_EQ(write("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(ResponseOut, InterimResponsesSayNothingOfTheConnection) {
  rewrite_.close = true;
  EXPECT_EQ(write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
}

TEST_F(ResponseOut, SwitchingProtocols) {
  rewrite_.upgrade = true;
  EXPECT_EQ(write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                  "Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"),
            "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\nConnection: upgrade\r\nUpgrade: "
            "websocket\r\n\r\n");
}

TEST_F(ResponseOut, CookiesStayApartAndOursIsAdded) {
  const Header added[] = {{"Set-Cookie", "elb=1", HeaderId::kSetCookie}};
  rewrite_.added = added;
  EXPECT_EQ(write("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nSet-Cookie: elb=1\r\nContent-Length: 0\r\n\r\n");
}

std::string own(const OwnResponse& response) {
  std::string memory(1000, '\0');
  OutBuffer out(memory);
  EXPECT_TRUE(write_own_response(response, out));
  return std::string(out.written());
}

TEST(OwnResponse, SaysWhatTheProxyHasToSay) {
  EXPECT_EQ(own({.status = 400, .body = "bad request\n", .server = "elb", .date = "D"}),
            "HTTP/1.1 400 Bad Request\r\nServer: elb\r\nDate: D\r\nContent-Type: text/plain; "
            "charset=utf-8\r\nConnection: close\r\n"
            "Content-Length: 12\r\n\r\nbad request\n");
  const Header location[] = {{"Location", "https://a/", HeaderId::kLocation}};
  EXPECT_EQ(own({.status = 301, .close = false, .added = location}),
            "HTTP/1.1 301 Moved Permanently\r\nLocation: https://a/\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(own({.status = 503, .body = "x", .close = false, .asked = Method::kHead}),
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 1\r\n\r\n");
  EXPECT_EQ(own({.status = 100, .close = false}), "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(OwnResponse, EveryStatusOfAFaultHasAReason) {
  for (size_t i = 1; i < static_cast<size_t>(Fault::kCount); ++i)
    EXPECT_NE(reason_of(status_of(static_cast<Fault>(i))), "Unknown") << to_string(static_cast<Fault>(i));
  EXPECT_EQ(reason_of(299), "Unknown");
}

}  // namespace
}  // namespace elb::http
