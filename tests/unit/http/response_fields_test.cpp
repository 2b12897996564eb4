// SPDX-License-Identifier: Apache-2.0
// Shows: issue 5. The fields of a response as HTTP/2 carries them, and the end of a chunked body with trailers.
#include "http/response_fields.h"

#include <gtest/gtest.h>

#include <array>

namespace elb::http {
namespace {

std::string joined(const HeaderTable& table) {
  std::string text;
  for (const Header& header : table) text.append(header.name).append("=").append(header.value).append(";");
  return text;
}

class ResponseFieldsTest : public testing::Test {
 protected:
  std::string fields_of(std::string_view head, const ResponseRewrite& rewrite = {}, Framing body = {}) {
    HeadProgress progress;
    EXPECT_EQ(parse_response_head(head, {}, progress, head_), Outcome::kDone);
    EXPECT_TRUE(response_fields(head_, rewrite, body, fields_));
    return joined(fields_.table);
  }
  ResponseHead head_;
  ResponseFields fields_;
};

TEST_F(ResponseFieldsTest, what_belongs_to_a_connection_stays) {
  EXPECT_EQ(fields_of("HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTransfer-Encoding: "
                      "chunked\r\nServer: s\r\nX-Stays: 2\r\n\r\n",
                      {.server = "elb"}, {Framing::Kind::kUntilClose}),
            "X-Stays=2;server=elb;");
}

TEST_F(ResponseFieldsTest, lengths_are_told_as_over_HTTP1) {
  EXPECT_EQ(fields_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {}, {Framing::Kind::kLength, 5}),
            "content-length=5;");
  EXPECT_EQ(fields_of("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", {.asked = Method::kHead}), "content-length=7;");
  EXPECT_EQ(fields_of("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"), "content-length=7;");
  EXPECT_EQ(fields_of("HTTP/1.1 204 No Content\r\n\r\n", {.asked = Method::kHead}), "");
}

TEST_F(ResponseFieldsTest, too_many_are_told) {
  const Header added[] = {{"Set-Cookie", "a=b", HeaderId::kSetCookie}};
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (size_t i = 0; i < 100; ++i) head += "x: y\r\n";
  EXPECT_EQ(fields_of(head + "\r\n", {.added = added}).size(), 100 * 4 + std::string("Set-Cookie=a=b;").size());
  std::array<Header, HeaderTable::kCapacity> many;
  many.fill(added[0]);
  EXPECT_FALSE(response_fields(head_, {.added = many}, {}, fields_));
}

TEST_F(ResponseFieldsTest, of_our_own) {
  OwnResponse own;
  own.status = 302;
  own.body = "302 Found\n";
  own.server = "elb";
  const Header added[] = {{"Location", "/x", HeaderId::kLocation}};
  own.added = added;
  EXPECT_TRUE(own_response_fields(own, fields_));
  EXPECT_EQ(joined(fields_.table), "server=elb;Location=/x;content-type=text/plain; charset=utf-8;content-length=10;");
}

TEST(LastChunk, with_and_without_trailers) {
  std::array<char, 64> room;
  OutBuffer out(room);
  HeaderTable trailers;
  trailers.add(HeaderId::kOther, "x-sum", "5");
  EXPECT_TRUE(write_last_chunk(nullptr, out));
  EXPECT_TRUE(write_last_chunk(&trailers, out));
  EXPECT_EQ(out.written(), "0\r\n\r\n0\r\nx-sum: 5\r\n\r\n");
}

}  // namespace
}  // namespace elb::http
