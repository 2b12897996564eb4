// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol: what is taken for a header, and what is not.
#include "http/proxy_protocol.h"

#include <gtest/gtest.h>

#include <cstring>

namespace elb::http {
namespace {

using Outcome = ProxyOutcome;

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string v2(const std::string& head, const std::string& body, int length = -1) {
  const size_t size = length < 0 ? body.size() : static_cast<size_t>(length);
  return kSignature + head + static_cast<char>(size >> 8) + static_cast<char>(size & 0xFF) + body;
}

const std::string kTcp4("\x21\x11", 2), kTcp6("\x21\x21", 2), kLocal("\x20\x00", 2);
const std::string kBody4("\xC0\x00\x02\x01\xC0\x00\x02\x02\xDC\x04\x01\xBB", 12);

Outcome parse(std::string_view bytes, ProxyHeader& header) { return parse_proxy_header(bytes, header); }
Outcome parse(std::string_view bytes) {
  ProxyHeader header;
  return parse_proxy_header(bytes, header);
}

TEST(ProxyProtocol, FirstVersion) {
  ProxyHeader header;
  const std::string text = "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nGET / HTTP/1.1\r\n";
  ASSERT_EQ(parse(text, header), Outcome::kDone);
  EXPECT_EQ(text.substr(header.size), "GET / HTTP/1.1\r\n");
  ASSERT_TRUE(header.client);
  EXPECT_EQ(header.client->to_string(), "192.0.2.1:56324");
  ASSERT_EQ(parse("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", header), Outcome::kDone);
  EXPECT_EQ(header.client->to_string(), "[2001:db8::1]:1");
  ASSERT_EQ(parse("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", header), Outcome::kDone);
  EXPECT_EQ(header.client->to_string(), "192.0.2.7:1") << "an IPv4 client of an IPv6 socket";
  ASSERT_EQ(parse("PROXY UNKNOWN\r\n", header), Outcome::kDone);
  EXPECT_FALSE(header.client);
  ASSERT_EQ(parse("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", header), Outcome::kDone);
  EXPECT_FALSE(header.client) << "what follows UNKNOWN is not looked at";
}

TEST(ProxyProtocol, SecondVersion) {
  ProxyHeader header;
  const std::string text = v2(kTcp4, kBody4) + "GET";
  ASSERT_EQ(parse(text, header), Outcome::kDone);
  EXPECT_EQ(text.substr(header.size), "GET");
  EXPECT_EQ(header.client->to_string(), "192.0.2.1:56324");
  std::string body6(36, '\0');
  body6[0] = 0x20, body6[1] = 0x01, body6[15] = 0x09, body6[33] = 0x50;
  ASSERT_EQ(parse(v2(kTcp6, body6), header), Outcome::kDone);
  EXPECT_EQ(header.client->to_string(), "[2001::9]:80");
  ASSERT_EQ(parse(v2(kTcp4, kBody4 + std::string("\x04\x00\x02xy", 5)), header), Outcome::kDone) << "more is told";
  EXPECT_EQ(header.size, 16 + 12 + 5);
  ASSERT_EQ(parse(v2(kLocal, ""), header), Outcome::kDone);
  EXPECT_FALSE(header.client);
  ASSERT_EQ(parse(v2(kLocal, kBody4), header), Outcome::kDone) << "LOCAL: what follows is skipped";
  EXPECT_FALSE(header.client);
  EXPECT_EQ(header.size, 28);
}

TEST(ProxyProtocol, EveryBeginningNeedsMore) {
  for (const std::string& whole : {std::string("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"), v2(kTcp4, kBody4),
                                   v2(kLocal, ""), std::string("PROXY UNKNOWN\r\n")})
    for (size_t size = 0; size < whole.size(); ++size)
      EXPECT_EQ(parse(whole.substr(0, size)), Outcome::kNeedMore) << whole.substr(0, size);
}

TEST(ProxyProtocol, OtherThingsAreNone) {
  for (const char* text : {"GET / HTTP/1.1\r\n", "POST /", "PUT ", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PROPFIND / ",
                           "PROXYX", "proxy TCP4", "\x16\x03\x01\x02", "\r\n\r\nGET", "\rX", " PROXY "})
    EXPECT_EQ(parse(text), Outcome::kNone) << text;
}

TEST(ProxyProtocol, HostileOnesAreFaults) {
  const std::string bad[] = {
      "PROXY \r\n",
      "PROXY TCP4\r\n",
      "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
      "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 99999999999\r\n",
      "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
      "PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n",
      "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
      "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY TCP6 2001:db8::1%eth0 2001:db8::2 1 2\r\n",
      "PROXY TCP4 192.0.2.1\t192.0.2.2 1 2\r\n",
      "PROXY UNKNOWNX\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\r\n",
      "PROXY " + std::string(107, 'x'),
      std::string("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n", 37),
      v2(std::string("\x11\x11", 2), kBody4),                 // version 1 in the clothes of version 2
      v2(std::string("\x31\x11", 2), kBody4),                 // version 3
      v2(std::string("\x22\x11", 2), kBody4),                 // no such command
      v2(kTcp4, kBody4.substr(0, 11)),                        // too short for its addresses
      v2(kTcp6, std::string(35, 'a')),                        // the same
      v2(std::string("\x21\x12", 2), kBody4),                 // datagrams
      v2(std::string("\x21\x31", 2), std::string(216, 'a')),  // a Unix socket
      v2(std::string("\x21\x41", 2), kBody4),                 // no such family
      v2(kTcp4, "", 2048),                                    // longer than anybody needs
      v2(kTcp4, "", 65535),
  };
  for (const std::string& text : bad) {
    ProxyHeader header;
    EXPECT_EQ(parse(text, header), Outcome::kFault) << text;
    EXPECT_EQ(header.size, 0);
    EXPECT_FALSE(header.client);
  }
}

TEST(ProxyProtocol, WhatIsWrittenIsRead) {
  const Endpoint v4{*IpAddress::parse("192.0.2.1"), 56324}, vip4{*IpAddress::parse("192.0.2.2"), 443};
  const Endpoint v6{*IpAddress::parse("2001:db8::1"), 7}, vip6{*IpAddress::parse("2001:db8::2"), 80};
  EXPECT_EQ(write_proxy_header(false, v4, vip4), "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n");
  EXPECT_EQ(write_proxy_header(true, v4, vip4), v2(kTcp4, kBody4));
  for (const bool second : {false, true})
    for (const auto& [client, local] : {std::pair(v4, vip4), std::pair(v6, vip6), std::pair(v4, vip6)}) {
      ProxyHeader header;
      const std::string text = write_proxy_header(second, client, local);
      ASSERT_EQ(parse(text, header), Outcome::kDone) << text;
      EXPECT_EQ(header.size, text.size());
      EXPECT_EQ(*header.client, client);
      ASSERT_EQ(parse(write_local_proxy_header(second), header), Outcome::kDone);
      EXPECT_FALSE(header.client);
    }
}

}  // namespace
}  // namespace elb::http
