// SPDX-License-Identifier: Apache-2.0
#include "tls/names.h"

#include <gtest/gtest.h>

namespace elb::test {
namespace {

TEST(Names, CanonicalHost) {
  EXPECT_EQ(tls::canonical_host("WWW.Example.COM."), "www.example.com");
  EXPECT_EQ(tls::canonical_host("my_host"), "my_host");
  EXPECT_EQ(tls::canonical_host("xn--bcher-kva.example"), "xn--bcher-kva.example");
  EXPECT_EQ(tls::canonical_host("10.0.0.1"), "10.0.0.1");
  EXPECT_TRUE(tls::canonical_host(std::string(63, 'a') + ".b"));
  for (const std::string& bad :
       {std::string(), std::string("."), std::string("a..b"), std::string(".a"), std::string("a b"), std::string("a/b"),
        std::string("a:1"), std::string("*.a"), std::string("a\0b", 3), std::string("\xC3\xA4"), std::string(64, 'a')})
    EXPECT_FALSE(tls::canonical_host(bad)) << bad;
  std::string longest;
  while (longest.size() < 250) longest += "abcdefghi.";
  EXPECT_TRUE(tls::canonical_host(longest + "abc"));
  EXPECT_FALSE(tls::canonical_host(longest + "abcd"));
}

TEST(Names, Domain) {  // TLS-09, X-6
  EXPECT_EQ(*tls::parse_domain("*.Example.com", "domain"), "*.example.com");
  EXPECT_EQ(*tls::parse_domain("a.example.com.", "domain"), "a.example.com");
  for (const char* bad : {"", "*", "*.", "a.*.b", "**.a", "*a.b", "a.com,b.com", "a.com;b.com", "a.com b.com",
                          "a.com\nb.com", "http://a.com"}) {
    const auto domain = tls::parse_domain(bad, "domain");
    ASSERT_FALSE(domain) << bad;
    EXPECT_EQ(domain.error().field, "domain");
  }
  EXPECT_EQ(tls::parse_domain("a.com,b.com", "domain").error().message,
            "'a.com,b.com' is not one domain; a certificate has one");
}

TEST(Names, Cover) {  // TLS-17: a wildcard stands for one level
  const struct {
    const char* name;
    const char* domain;
    bool covers;
  } cases[] = {{"a.b.c", "a.b.c", true},    {"a.b.c", "b.c", false},     {"*.b.c", "a.b.c", true},
               {"*.b.c", "b.c", false},     {"*.b.c", "x.a.b.c", false}, {"*.b.c", "*.b.c", true},
               {"*.b.c", "*.a.b.c", false}, {"a.b.c", "*.b.c", false},   {"*.c", "*.b.c", false},
               {"*.b.c", "*.c", false}};
  for (const auto& test : cases)
    EXPECT_EQ(tls::name_covers(test.name, test.domain), test.covers) << test.name << " " << test.domain;
  EXPECT_TRUE(tls::names_cover({"x.test", "*.b.c"}, "a.b.c"));
  EXPECT_FALSE(tls::names_cover({}, "a.b.c"));
}

TEST(Names, HostAgreesWithServerName) {  // S5: otherwise 421
  const struct {
    const char* sni;
    const char* authority;
    bool agrees;
  } cases[] = {{"a.test", "a.test", true},      {"a.test", "A.TEST", true},    {"a.test", "a.test:8443", true},
               {"a.test", "a.test.", true},     {"a.test", "b.test", false},   {"a.test", "x.a.test", false},
               {"a.test", "", false},           {"a.test", "10.0.0.1", false}, {"a.test", "[::1]:443", false},
               {"a.test", "[", false},          {"", "b.test", true},          {"", "", true},
               {"a.test", "a.test:80:90", true}};
  for (const auto& test : cases)
    EXPECT_EQ(tls::host_agrees(test.sni, test.authority), test.agrees) << test.sni << " " << test.authority;
}

}  // namespace
}  // namespace elb::test
