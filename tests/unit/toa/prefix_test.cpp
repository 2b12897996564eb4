// SPDX-License-Identifier: Apache-2.0
#include "toa/prefix.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <type_traits>

namespace elb::toa {
namespace {

static_assert(std::has_unique_object_representations_v<elb_toa_prefix>, "padding in a map key is a silent miss");

TEST(Prefix, KeysAndBack) {
  for (const char* text : {"0.0.0.0/0", "100.125.0.0/16", "192.0.2.7/32", "::/0", "fd00:125::/32", "2001:db8::1/128"}) {
    const Cidr cidr = *Cidr::parse(text);
    EXPECT_EQ(to_cidr(to_key(cidr)), cidr) << text;
  }
}

TEST(Prefix, TheFamilyIsPartOfTheKeyAndOfItsLength) {
  const elb_toa_prefix all4 = to_key(*Cidr::parse("0.0.0.0/0")), all6 = to_key(*Cidr::parse("::/0"));
  EXPECT_EQ(all4.bits, 32U);
  EXPECT_EQ(all6.bits, 32U);
  EXPECT_EQ(all4.family, static_cast<uint32_t>(AF_INET));
  EXPECT_EQ(all6.family, static_cast<uint32_t>(AF_INET6));
  const elb_toa_prefix one = to_key(*Cidr::parse("100.125.0.0/16"));
  EXPECT_EQ(one.bits, 48U);
  EXPECT_EQ(one.addr[0], 100);
  EXPECT_EQ(one.addr[1], 125);
}

TEST(Trusted, IsSortedAndHasNothingTwice) {
  const auto trusted = parse_trusted({"192.0.2.0/24", "fd00::/8", "10.0.0.1", "192.0.2.0/24"});
  ASSERT_TRUE(trusted);
  EXPECT_EQ(trusted->size(), 3U);
  EXPECT_TRUE(std::is_sorted(trusted->begin(), trusted->end()));
}

TEST(Trusted, RefusalsNameThePlace) {
  EXPECT_EQ(parse_trusted({"10.0.0.0/8", "10.0.0.0/33"}).error().field, "trusted[1]");
  EXPECT_EQ(parse_trusted({"balancer"}).error().field, "trusted[0]");
  EXPECT_EQ(parse_trusted({}).error().field, "trusted");
  std::vector<std::string> many;
  for (int i = 0; i <= ELB_TOA_TRUSTED_MAX; ++i) many.push_back(fmt::format("10.{}.{}.0/24", i / 256, i % 256));
  EXPECT_EQ(parse_trusted(many).error().field, "trusted");
}

}  // namespace
}  // namespace elb::toa
