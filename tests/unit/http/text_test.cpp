// SPDX-License-Identifier: Apache-2.0
// Shows: S12. Hosts, cookies, dates, and what goes into logs.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "http/cookie.h"
#include "http/date.h"
#include "http/host.h"
#include "http/log_escape.h"

namespace elb::http {
namespace {

TEST(Host, NameAndPort) {
  const auto check = [](std::string_view text, std::string_view name, uint16_t port, bool ipv6 = false) {
    const auto host = parse_host(text);
    ASSERT_TRUE(host) << text;
    EXPECT_EQ(host->name, name);
    EXPECT_EQ(host->port, port);
    EXPECT_EQ(host->is_ipv6, ipv6);
  };
  check("example.com", "example.com", 0);
  check("Example.COM:8080", "Example.COM", 8080);
  check("example.com.", "example.com", 0);
  check("example.com.:80", "example.com", 80);
  check("example.com:", "example.com", 0);
  check("a_b-c.d:00080", "a_b-c.d", 80);
  check("10.0.0.1:65535", "10.0.0.1", 65535);
  check("[2001:db8::1]", "2001:db8::1", 0, true);
  check("[::ffff:10.0.0.1]:443", "::ffff:10.0.0.1", 443, true);
}

TEST(Host, SameWithoutCaseAndWithDefaultPort) {
  const auto same = [](std::string_view a, std::string_view b, uint16_t port) {
    return same_host(*parse_host(a), *parse_host(b), port);
  };
  EXPECT_TRUE(same("A.b", "a.B:80", 80));
  EXPECT_TRUE(same("a.b.", "a.b", 80));
  EXPECT_FALSE(same("a.b", "a.b:80", 443));
  EXPECT_FALSE(same("a.b", "a.c", 80));
  EXPECT_FALSE(same("a.b", "a.bc", 80));
}

TEST(Host, LowerCaseOnlyWhereNeeded) {
  std::array<char, kLongestHost> scratch;
  const auto plain = parse_host("a.b");
  EXPECT_EQ(lower_case_name(*plain, scratch).data(), plain->name.data());
  EXPECT_EQ(lower_case_name(*parse_host("Www.Example.COM:80"), scratch), "www.example.com");
}

TEST(Cookie, OneIsFoundByName) {
  EXPECT_EQ(find_cookie("a=1; b=2;c=3", "b"), "2");
  EXPECT_EQ(find_cookie("a=1; b=2;c=3", "c"), "3");
  EXPECT_EQ(find_cookie("a=1", "A"), std::nullopt) << "names have case";
  EXPECT_EQ(find_cookie("aa=1; a=2; a=3", "a"), "2") << "the first counts";
  EXPECT_EQ(find_cookie(" a\t=\t1 ", "a"), "1");
  EXPECT_EQ(find_cookie("a=x=y==", "a"), "x=y==");
  EXPECT_EQ(find_cookie("a=\"1 2\"", "a"), "\"1 2\"");
  EXPECT_EQ(find_cookie("a=; b", "a"), "");
  EXPECT_EQ(find_cookie("a; =b; ;", "a"), std::nullopt);
  EXPECT_EQ(find_cookie("", "a"), std::nullopt);
  EXPECT_EQ(find_cookie("x=a=1", "a"), std::nullopt);
}

TEST(Cookie, AllCookieHeadersAreSearched) {
  HeaderTable headers;
  headers.add(HeaderId::kCookie, "Cookie", "a=1");
  headers.add(HeaderId::kHost, "Host", "b=9");
  headers.add(HeaderId::kCookie, "cookie", "b=2");
  EXPECT_EQ(find_cookie(headers, "b"), "2");
  EXPECT_EQ(find_cookie(headers, "c"), std::nullopt);
}

TEST(Cookie, TheLastSetCookieOfANameCounts) {
  HeaderTable headers;
  headers.add(HeaderId::kSetCookie, "Set-Cookie", "JSESSIONID=one; Path=/; HttpOnly");
  headers.add(HeaderId::kSetCookie, "Set-Cookie", "other=x; JSESSIONID=no");
  headers.add(HeaderId::kSetCookie, "Set-Cookie", "JSESSIONID=two");
  EXPECT_EQ(find_set_cookie(headers, "JSESSIONID"), "two");
  EXPECT_EQ(find_set_cookie(headers, "Path"), std::nullopt);
}

std::string written(const SetCookie& cookie) {
  std::array<char, 300> memory;
  OutBuffer out(memory);
  return write_set_cookie(cookie, out) ? std::string(out.written()) : "refused" + std::string(out.written());
}

TEST(Cookie, ST07_SetCookieIsWritten) {
  EXPECT_EQ(written({.name = "SERVERID", .value = "m1"}), "SERVERID=m1; Path=/");
  EXPECT_EQ(
      written({.name = "s",
               .value = "v",
               .path = "",
               .domain = "example.com",
               .max_age = std::chrono::minutes(20),
               .expires = HttpDate(784111777).text(),
               .secure = true,
               .http_only = true,
               .same_site = SameSite::kNone}),
      "s=v; Domain=example.com; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Max-Age=1200; Secure; HttpOnly; SameSite=None");
}

TEST(Cookie, NothingIsWrittenThatEndsAnAttributeOrALine) {
  for (const std::string_view bad : {"a b", "a;b", "a,b", "a\"b", "a\\b", "a\r\nb", "\x7f", "\xc3\xbc"})
    EXPECT_EQ(written({.name = "n", .value = bad}), "refused") << bad;
  for (const std::string_view bad : {"", "a b", "a=b", "a;b", "a\r\n"})
    EXPECT_EQ(written({.name = bad, .value = "v"}), "refused") << bad;
  EXPECT_EQ(written({.name = "n", .value = "v", .path = "/; Domain=evil"}), "refused");
  EXPECT_EQ(written({.name = "n", .value = "v", .domain = "a\r\nX: y"}), "refused");
  EXPECT_EQ(written({.name = "n", .value = "v", .max_age = std::chrono::seconds(-1)}), "refused");
}

TEST(HttpDate, IsImfFixdate) {
  EXPECT_EQ(HttpDate(784111777).text(), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(HttpDate(0).text(), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(HttpDate(951782400).text(), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(HttpDate(-1).text(), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(HttpDate(INT64_MAX).text(), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(HttpDate(INT64_MIN).text(), "Mon, 01 Jan 0001 00:00:00 GMT");
}

std::string text(std::string_view given) {
  std::string out;
  append_log_text(out, given);
  return out;
}
std::string json(std::string_view given) {
  std::string out;
  append_json_text(out, given);
  return out;
}

TEST(LogEscape, S12_NothingEndsALineOrAField) {
  EXPECT_EQ(text("GET /a?b HTTP/1.1"), "GET /a?b HTTP/1.1");
  EXPECT_EQ(text("a\r\nb\"c\\d"), "a\\x0D\\x0Ab\\x22c\\x5Cd");
  EXPECT_EQ(text(std::string_view("\0\x1b[31m\x7f\xc3\xbc", 9)), "\\x00\\x1B[31m\\x7F\\xC3\\xBC");
}

TEST(LogEscape, S12_JsonStaysOneString) {
  EXPECT_EQ(json("a\r\nb\"c\\d"), "a\\u000D\\u000Ab\\\"c\\\\d");
  EXPECT_EQ(json("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80"), "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80");
  EXPECT_EQ(json("\xff\xc3x\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(json(std::string_view("\0\x1b\x7f", 3)), "\\u0000\\u001B\\u007F");
}

}  // namespace
}  // namespace elb::http
