// SPDX-License-Identifier: Apache-2.0
// Shows: GEN-14, HC-04, HC-05, HC-06, HC-08, LB-05, LB-18, LS-02, MB-01, MB-02.
#include <gtest/gtest.h>

#include "unit/model/samples.h"

namespace elb::model {
namespace {

using test::ip;
using test::sample_listener;
using test::sample_load_balancer;
using test::sample_member;
using test::sample_monitor;
using test::sample_pool;

#define EXPECT_INVALID(resource, expected_field)                  \
  do {                                                            \
    const Status status = validate(resource);                     \
    ASSERT_FALSE(status) << "accepted, expected " expected_field; \
    EXPECT_EQ(status.error().code, ErrorCode::kInvalid);          \
    EXPECT_EQ(status.error().field, expected_field);              \
    EXPECT_FALSE(status.error().message.empty());                 \
  } while (false)

std::string repeat(std::string_view unit, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += unit;
  return text;
}

template <class T>
void check_texts(T resource) {
  EXPECT_TRUE(validate(resource));
  resource.name = repeat("\xE8\xB4\x9F", 255);  // 765 bytes
  resource.description = repeat("x", 255);
  EXPECT_TRUE(validate(resource));
  resource.name = repeat("x", 256);
  EXPECT_INVALID(resource, "name");
  resource.name = "\xFF";
  EXPECT_INVALID(resource, "name");
  resource.name.clear();
  resource.description = repeat("\xE8\xB4\x9F", 256);
  EXPECT_INVALID(resource, "description");
}

TEST(ValidateResource, GEN_14_NamesAndDescriptionsHaveAtMost255Characters) {
  check_texts(sample_load_balancer("a"));
  check_texts(sample_listener("a", "lb"));
  check_texts(sample_pool("a", "lb"));
  check_texts(sample_member("a", "p"));
  check_texts(sample_monitor("a", "p"));
}

TEST(ValidateResource, LB_18_TagsAreAtMost20AndDistinct) {
  LoadBalancer lb = sample_load_balancer("a");
  for (int i = 0; i < 20; ++i) lb.tags.push_back(fmt::format("tag{}", i));
  EXPECT_TRUE(validate(lb));
  lb.tags.push_back("one more");
  EXPECT_INVALID(lb, "tags");
  lb.tags = {"a", "b", "a"};
  EXPECT_INVALID(lb, "tags[2]");
  lb.tags = {"a", ""};
  EXPECT_INVALID(lb, "tags[1]");
  lb.tags = {repeat("x", 256)};
  EXPECT_INVALID(lb, "tags[0]");
}

TEST(ValidateResource, LB_05_TheSubnetIsMandatoryAndTheAddressIpv4) {
  LoadBalancer lb = sample_load_balancer("a");
  lb.vip_subnet_id.clear();
  EXPECT_INVALID(lb, "vip_subnet_id");
  lb = sample_load_balancer("a");
  for (const char* address : {"2001:db8::1", "0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "255.255.255.255"}) {
    lb.vip_address = ip(address);
    EXPECT_INVALID(lb, "vip_address");
  }
  lb = sample_load_balancer("a");
  lb.provider = repeat("p", 65);
  EXPECT_INVALID(lb, "provider");
}

TEST(ValidateResource, LS_02_PortsAre1To65535AndVxlanIsRefusedForUdp) {
  EXPECT_INVALID(sample_listener("a", "lb", 0), "protocol_port");
  EXPECT_TRUE(validate(sample_listener("a", "lb", 1)));
  EXPECT_TRUE(validate(sample_listener("a", "lb", 65535)));
  EXPECT_INVALID(sample_listener("a", "lb", 4789, Protocol::kUdp), "protocol_port");
  EXPECT_TRUE(validate(sample_listener("a", "lb", 4789, Protocol::kTcp)));
}

TEST(ValidateResource, MB_02_WeightIs0To100) {
  Member member = sample_member("a", "p");
  EXPECT_EQ(member.weight, 1);
  for (const int weight : {0, 1, 100}) {
    member.weight = weight;
    EXPECT_TRUE(validate(member)) << weight;
  }
  for (const int weight : {-1, 101}) {
    member.weight = weight;
    EXPECT_INVALID(member, "weight");
  }
}

TEST(ValidateResource, MB_01_AMemberHasAPortAndAnIpv4HostAddress) {
  EXPECT_INVALID(sample_member("a", "p", "10.0.0.1", 0), "protocol_port");
  EXPECT_INVALID(sample_member("a", "p", "2001:db8::1"), "address");
  EXPECT_NE(validate(sample_member("a", "p", "2001:db8::1")).error().message.find("IPv4"), std::string::npos);
  EXPECT_INVALID(sample_member("a", "p", "127.0.0.1"), "address");
  EXPECT_INVALID(sample_member("a", "p", "239.1.1.1"), "address");
  Member member = sample_member("a", "p");
  member.availability_zone = repeat("z", 256);
  EXPECT_INVALID(member, "availability_zone");
}

struct MonitorField {
  const char* name;
  int HealthMonitor::*field;
  int highest;
};

TEST(ValidateResource, HC_05_06_08_IntervalTimeoutAndRetriesHaveRanges) {
  const MonitorField fields[] = {{"delay", &HealthMonitor::delay, 50},
                                 {"timeout", &HealthMonitor::timeout, 50},
                                 {"max_retries", &HealthMonitor::max_retries, 10},
                                 {"max_retries_down", &HealthMonitor::max_retries_down, 10}};
  for (const auto& [name, field, highest] : fields) {
    for (const int value : {1, highest}) {
      HealthMonitor monitor = sample_monitor("a", "p");
      monitor.*field = value;
      EXPECT_TRUE(validate(monitor)) << name << ' ' << value;
    }
    for (const int value : {-1, 0, highest + 1}) {
      HealthMonitor monitor = sample_monitor("a", "p");
      monitor.*field = value;
      const Status status = validate(monitor);
      ASSERT_FALSE(status) << name << ' ' << value;
      EXPECT_EQ(status.error().field, name);
    }
  }
}

TEST(ValidateResource, HC_06_ATimeoutBeyondTheIntervalCountsAsTheInterval) {
  HealthMonitor monitor = sample_monitor("a", "p");
  EXPECT_EQ(monitor.effective_timeout(), 3);
  monitor.timeout = 10;
  EXPECT_TRUE(validate(monitor));
  EXPECT_EQ(monitor.effective_timeout(), 5);
}

TEST(ValidateResource, HC_04_TheCheckPortIsOptionalButNotZero) {
  HealthMonitor monitor = sample_monitor("a", "p");
  monitor.monitor_port = 65535;
  EXPECT_TRUE(validate(monitor));
  monitor.monitor_port = 0;
  EXPECT_INVALID(monitor, "monitor_port");
}

}  // namespace
}  // namespace elb::model
