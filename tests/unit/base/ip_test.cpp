// SPDX-License-Identifier: Apache-2.0
#include "base/ip.h"

#include <gtest/gtest.h>

#include <vector>

namespace elb {
namespace {

TEST(IpAddress, ParsesBothFamiliesAndPrintsThemBack) {
  for (const char* text : {"0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "2001:db8::1"}) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
  }
}

// RFC 5952, section 4, and the examples of section 2.
TEST(IpAddress, PrintsIpv6InItsOneCanonicalForm) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},      // the first of two equal runs
      {"2001:0db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // one group is not shortened
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},            // the longer run
      {"2001:db8:1:2:3:4:0:0", "2001:db8:1:2:3:4::"},
      {"::1:2", "::1:2"},                        // not ::0.1.0.2
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},  // section 5: a known prefix keeps the dots
      {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
      {"0:0:0:0:0:0:0:0", "::"},
      {"fe80:0:0:0:0:0:0:ABCD", "fe80::abcd"}};
  for (const auto& [text, canonical] : cases) EXPECT_EQ(IpAddress::parse(text)->to_string(), canonical) << text;
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "10.1.2", "300.1.1.1", "10.1.2.3 ", "fe80::1%eth0", "host", "10.1.2.03x"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  EXPECT_FALSE(IpAddress::parse(std::string_view("10.0.0.1\0x", 10)));
}

TEST(IpAddress, HostAndNetworkOrderAgree) {
  const auto address = IpAddress::from_v4_host(0x0A000102);
  EXPECT_EQ(address.to_string(), "10.0.1.2");
  EXPECT_EQ(IpAddress::from_v4_be(address.v4_be()), address);
}

TEST(Cidr, MasksHostBitsAndContains) {
  const auto cidr = Cidr::parse("10.1.2.3/20");
  ASSERT_TRUE(cidr);
  EXPECT_EQ(cidr->to_string(), "10.1.0.0/20");
  EXPECT_TRUE(cidr->contains(*IpAddress::parse("10.1.15.255")));
  EXPECT_FALSE(cidr->contains(*IpAddress::parse("10.1.16.0")));
  EXPECT_FALSE(cidr->contains(*IpAddress::parse("::1")));
  EXPECT_EQ(Cidr::parse("2001:db8::ff/64")->to_string(), "2001:db8::/64");
  EXPECT_EQ(Cidr::parse("10.0.0.1")->prefix, 32);
  EXPECT_TRUE(Cidr::parse("0.0.0.0/0")->contains(*IpAddress::parse("8.8.8.8")));
}

TEST(Cidr, RefusesBadPrefixes) {
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "2001:db8::/129", "x/8"})
    EXPECT_FALSE(Cidr::parse(text)) << text;
}

TEST(Endpoint, BracketsIpv6) {
  EXPECT_EQ((Endpoint{*IpAddress::parse("10.0.0.1"), 80}).to_string(), "10.0.0.1:80");
  EXPECT_EQ((Endpoint{*IpAddress::parse("::1"), 443}).to_string(), "[::1]:443");
}

}  // namespace
}  // namespace elb
