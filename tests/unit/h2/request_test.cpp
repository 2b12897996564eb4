// SPDX-License-Identifier: Apache-2.0
// Shows: S1, the way of HTTP/2 requests to lines of HTTP/1: what could become another request there is refused.
#include "h2/request.h"

#include <gtest/gtest.h>

#include "unit/h2/frames.h"

namespace elb::h2 {
namespace {

using http::Fault;
using test::Fields;
using test::get_fields;

FieldBlock block_of(const Fields& fields) {
  FieldBlock block(32768, 100);
  for (const auto& [name, value] : fields) block.add(name, value);
  return block;
}

Fault judge(const Fields& fields, bool ended = true) {
  http::RequestHead head;
  return to_request_head(block_of(fields), ended, {}, head);
}

TEST(Http2Request, becomes_a_neutral_head) {
  const FieldBlock fields =
      block_of(get_fields("/a/b?c=d", {{"user-agent", "x"}, {"x-other", ""}, {"te", "trailers"}}));
  http::RequestHead head;
  ASSERT_EQ(to_request_head(fields, true, {}, head), Fault::kNone);
  EXPECT_TRUE(head.http2);
  EXPECT_EQ(head.method, http::Method::kGet);
  EXPECT_EQ(head.path_and_query, "/a/b?c=d");
  EXPECT_EQ(head.host->name, "a.example");
  EXPECT_EQ(head.headers.find(http::HeaderId::kHost)->value, "a.example");
  EXPECT_EQ(head.headers.find("x-other")->value, "");
  EXPECT_FALSE(head.chunked);
  EXPECT_TRUE(head.keep_alive());
}

TEST(Http2Request, body_without_length_is_chunked_for_the_member) {
  const FieldBlock fields = block_of(get_fields());
  http::RequestHead head;
  ASSERT_EQ(to_request_head(fields, false, {}, head), Fault::kNone);
  EXPECT_TRUE(head.chunked);
  const FieldBlock sized = block_of(get_fields("/", {{"content-length", "12"}}));
  ASSERT_EQ(to_request_head(sized, false, {}, head), Fault::kNone);
  EXPECT_FALSE(head.chunked);
  EXPECT_EQ(head.content_length, 12U);
}

TEST(Http2Request, cookie_crumbs_become_one_cookie) {
  const FieldBlock fields =
      block_of(get_fields("/", {{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2; c=3"}, {"cookie", "d=4"}}));
  http::RequestHead head;
  ASSERT_EQ(to_request_head(fields, true, {}, head), Fault::kNone);
  EXPECT_EQ(head.headers.find(http::HeaderId::kCookie)->value, "a=1; b=2; c=3; d=4");
}

TEST(Http2Request, names_that_members_take_for_others_are_dropped) {
  const FieldBlock fields = block_of(get_fields("/", {{"x_forwarded_for", "1.1.1.1"}}));
  http::RequestHead head;
  ASSERT_EQ(to_request_head(fields, true, {}, head), Fault::kNone);
  EXPECT_EQ(head.headers.find("x_forwarded_for"), nullptr);
}

TEST(Http2Request, Malformed) {
  const auto with = [](Fields more) { return get_fields("/", std::move(more)); };
  const auto pseudo = [](std::string_view name, std::string value) {
    Fields fields = get_fields();
    for (auto& field : fields)
      if (field.first == name) field.second = std::move(value);
    return fields;
  };
  const auto without = [](std::string_view name) {
    Fields fields = get_fields();
    std::erase_if(fields, [&](const auto& field) { return field.first == name; });
    return fields;
  };
  const struct {
    const char* what;
    Fields fields;
    Fault fault;
  } rows[] = {
      {"CR LF in a value", with({{"x", "a\r\nHost: b"}}), Fault::kControlByte},
      {"LF in a value", with({{"x", "a\nb"}}), Fault::kControlByte},
      {"NUL in a value", with({{"x", std::string("a\0b", 3)}}), Fault::kControlByte},
      {"blank before a value", with({{"x", " a"}}), Fault::kControlByte},
      {"blank after a value", with({{"x", "a\t"}}), Fault::kControlByte},
      {"capital in a name", with({{"X-Name", "a"}}), Fault::kBadName},
      {"colon in a name", with({{"x:y", "a"}}), Fault::kBadName},
      {"CR LF in a name", with({{"x\r\nhost", "a"}}), Fault::kBadName},
      {"blank in a name", with({{"x y", "a"}}), Fault::kBadName},
      {"no name", with({{"", "a"}}), Fault::kEmptyName},
      {"connection", with({{"connection", "close"}}), Fault::kConnectionField},
      {"keep-alive", with({{"keep-alive", "5"}}), Fault::kConnectionField},
      {"proxy-connection", with({{"proxy-connection", "close"}}), Fault::kConnectionField},
      {"transfer-encoding", with({{"transfer-encoding", "chunked"}}), Fault::kConnectionField},
      {"upgrade", with({{"upgrade", "websocket"}}), Fault::kConnectionField},
      {"te", with({{"te", "trailers, gzip"}}), Fault::kConnectionField},
      {"two lengths", with({{"content-length", "0"}, {"content-length", "0"}}), Fault::kSecondContentLength},
      {"length with sign", with({{"content-length", "+1"}}), Fault::kBadContentLength},
      {"length without body", with({{"content-length", "1"}}), Fault::kTruncated},
      {"two hosts", with({{"host", "a.example"}, {"host", "a.example"}}), Fault::kSecondHost},
      {"host against authority", with({{"host", "b.example"}}), Fault::kHostMismatch},
      {"bad authority", pseudo(":authority", "a@b"), Fault::kBadHost},
      {"no authority", without(":authority"), Fault::kNoHost},
      {"no method", without(":method"), Fault::kBadMethod},
      {"no scheme", without(":scheme"), Fault::kBadPseudoField},
      {"no path", without(":path"), Fault::kBadTarget},
      {"method with blank", pseudo(":method", "GET /x HTTP/1.1"), Fault::kBadMethod},
      {"method in lower case", pseudo(":method", "get"), Fault::kBadMethod},
      {"connect", pseudo(":method", "CONNECT"), Fault::kMethodUnknown},
      {"path with blank", pseudo(":path", "/a HTTP/1.1"), Fault::kBadTarget},
      {"path with CR LF", pseudo(":path", "/a\r\nx: y"), Fault::kBadPseudoField},
      {"path with fragment", pseudo(":path", "/a#b"), Fault::kFragment},
      {"absolute path", pseudo(":path", "https://b/"), Fault::kBadTarget},
      {"path of another kind", pseudo(":path", "*"), Fault::kBadTarget},
      {"other scheme", pseudo(":scheme", "ftp"), Fault::kBadPseudoField},
      {"pseudo field twice", with({{":path", "/b"}}), Fault::kBadPseudoField},
      {"unknown pseudo field", with({{":protocol", "websocket"}}), Fault::kBadPseudoField},
      {"pseudo field behind others",
       [&] {
         Fields fields = {{"x", "y"}};
         for (auto& field : get_fields()) fields.push_back(field);
         return fields;
       }(),
       Fault::kBadPseudoField},
  };
  for (const auto& row : rows) EXPECT_EQ(judge(row.fields), row.fault) << row.what;
  EXPECT_EQ(judge(pseudo(":method", "get")), Fault::kBadMethod);
  EXPECT_EQ(judge(without(":authority")), Fault::kNoHost);
  Fields host_only = without(":authority");
  host_only.emplace_back("host", "a.example");
  EXPECT_EQ(judge(host_only), Fault::kNone);
}

// Shows: S4, to the byte: accept, accept, refuse.
TEST(Http2Request, S4_Limits) {
  const auto sized = [](size_t bytes) {
    FieldBlock block(bytes, 100);
    for (const auto& [name, value] : get_fields("/", {{"x", "y"}})) block.add(name, value);
    return block;
  };
  const size_t whole = sized(32768).bytes();
  http::RequestHead head;
  EXPECT_EQ(to_request_head(sized(whole + 1), true, {}, head), Fault::kNone);
  EXPECT_EQ(to_request_head(sized(whole), true, {}, head), Fault::kNone);
  EXPECT_EQ(to_request_head(sized(whole - 1), true, {}, head), Fault::kHeadTooLarge);
  EXPECT_EQ(http::status_of(Fault::kHeadTooLarge), 431);
  const http::HeadLimits limits;
  EXPECT_EQ(judge(get_fields("/" + std::string(limits.target_bytes - 1, 'a'))), Fault::kNone);
  EXPECT_EQ(judge(get_fields("/" + std::string(limits.target_bytes, 'a'))), Fault::kTargetTooLong);
}

TEST(Http2Request, trailers_without_what_may_not_trail) {
  http::HeaderTable table;
  FieldBlock fields = block_of({{"grpc-status", "0"}, {"authorization", "x"}, {"x_odd", "1"}});
  ASSERT_EQ(to_trailers(fields, table), Fault::kNone);
  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table.begin()->name, "grpc-status");
  EXPECT_EQ(to_trailers(block_of({{":path", "/"}}), table), Fault::kBadName);
  EXPECT_EQ(to_trailers(block_of({{"x", "a\r\nb"}}), table), Fault::kControlByte);
}

}  // namespace
}  // namespace elb::h2
