// SPDX-License-Identifier: Apache-2.0
#include "dataplane/options.h"

#include <gtest/gtest.h>

#include "dataplane/uuid.h"

namespace elb::dataplane {
namespace {

DataplaneOptions options(const char* local = "100.125.0.0/24") {
  DataplaneOptions options;
  options.interfaces = {"eth0", "eth1.100"};
  options.local_addresses = *Cidr::parse(local);
  return options;
}

template <class Change>
std::string field_at_fault(Change change) {
  DataplaneOptions changed = options();
  change(changed);
  const auto status = changed.validate();
  return status ? "" : status.error().field;
}

TEST(DataplaneOptions, SplitsTheLocalAddresses) {
  EXPECT_EQ(options().host_address().to_string(), "100.125.0.1");
  EXPECT_EQ(options().first_local().to_string(), "100.125.0.2");
  EXPECT_EQ(options().local_count(), 253U);  // .2 to .254
  EXPECT_EQ(options("10.0.0.0/30").local_count(), 1U);
  EXPECT_EQ(options("10.0.0.0/8").local_count(), (1U << 24) - 3);
}

TEST(DataplaneOptions, SplitsTheIpv6LocalAddresses) {
  auto both = options();
  EXPECT_EQ(both.host_addresses().size(), 1U) << "IPv6 is off without a prefix";
  const auto with = [&](const char* prefix) {
    both.local_addresses6 = *Cidr::parse(prefix);
    EXPECT_TRUE(both.validate()) << prefix;
    return both;
  };
  EXPECT_EQ(with("fd00:100:125::/112").host_address6().to_string(), "fd00:100:125::1");
  EXPECT_EQ(both.first_local6().to_string(), "fd00:100:125::2");
  EXPECT_EQ(both.local_count6(), 65534U);  // ::2 to ::ffff
  EXPECT_EQ(both.host_addresses(),
            (std::vector{*IpAddress::parse("100.125.0.1"), *IpAddress::parse("fd00:100:125::1")}));
  EXPECT_EQ(with("fd00:100:125::10/124").host_address6().to_string(), "fd00:100:125::11");
  EXPECT_EQ(both.local_count6(), 14U);
  EXPECT_EQ(with("2001:db8::/64").local_count6(), 65534U) << "bounded, whatever the prefix";
  EXPECT_EQ(with("2001:db8::4/126").local_count6(), 2U);
}

TEST(DataplaneOptions, TheDefaultsAreValid) {
  const auto status = options().validate();
  EXPECT_TRUE(status) << status.error().to_string();
}

TEST(DataplaneOptions, NamesTheFieldAtFault) {
  EXPECT_EQ(field_at_fault([](auto& o) { o.interfaces.clear(); }), "interfaces");
  EXPECT_EQ(field_at_fault([](auto& o) { o.interfaces = {"eth0", "eth0"}; }), "interfaces");
  EXPECT_EQ(field_at_fault([](auto& o) { o.interfaces = {"a-name-that-is-too-long"}; }), "interfaces");
  EXPECT_EQ(field_at_fault([](auto& o) { o.local_addresses = *Cidr::parse("10.0.0.0/31"); }), "local-addresses");
  EXPECT_EQ(field_at_fault([](auto& o) { o.local_addresses = *Cidr::parse("2001:db8::/64"); }), "local-addresses");
  EXPECT_EQ(field_at_fault([](auto& o) { o.local_addresses6 = *Cidr::parse("2001:db8::/48"); }), "local-addresses");
  EXPECT_EQ(field_at_fault([](auto& o) { o.local_addresses6 = *Cidr::parse("2001:db8::/127"); }), "local-addresses");
  EXPECT_EQ(field_at_fault([](auto& o) { o.local_addresses6 = *Cidr::parse("10.0.0.0/24"); }), "local-addresses");
  EXPECT_EQ(field_at_fault([](auto& o) { o.flow_slots = 3000; }), "flow-slots");
  EXPECT_EQ(field_at_fault([](auto& o) { o.flow_slots = 512; }), "flow-slots");
  EXPECT_EQ(field_at_fault([](auto& o) { o.max_listeners = 0; }), "max-listeners");
  EXPECT_EQ(field_at_fault([](auto& o) { o.max_members = 65537; }), "max-members");
  EXPECT_EQ(field_at_fault([](auto& o) { o.pin_dir = "elb"; }), "pin-dir");
  EXPECT_EQ(field_at_fault([](auto& o) { o.times.udp_idle_s = 0; }), "udp-idle-s");
  EXPECT_EQ(field_at_fault([](auto& o) { o.times.tcp_idle_s = 86401; }), "tcp-idle-s");
}

TEST(Uuid, SurvivesTheRoundTrip) {
  const std::string text = "0f8fad5b-d9cb-469f-a165-70867728950e";
  EXPECT_EQ(to_string(*parse_uuid(text)), text);
  EXPECT_EQ(to_string(*parse_uuid("0F8FAD5BD9CB469FA16570867728950E")), text);
  EXPECT_FALSE(parse_uuid("0f8fad5b-d9cb-469f-a165-70867728950"));
}

}  // namespace
}  // namespace elb::dataplane
