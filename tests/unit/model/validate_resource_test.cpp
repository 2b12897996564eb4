// SPDX-License-Identifier: Apache-2.0
// Shows: GEN-14, HC-03, HC-04, HC-05, HC-06, HC-07, HC-08, HC-11, LB-05, LB-18, LS-02, MB-01, MB-02.
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

TEST(ValidateResource, LB_05_TheSubnetIsMandatoryAndTheAddressUnicast) {
  LoadBalancer lb = sample_load_balancer("a");
  lb.vip_subnet_id.clear();
  EXPECT_INVALID(lb, "vip_subnet_id");
  lb = sample_load_balancer("a");
  for (const char* address : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "::7:1",
                              "ff02::1", "fe80::1", "febf::1", "::ffff:10.0.0.1"}) {
    lb.vip_address = ip(address);
    EXPECT_INVALID(lb, "vip_address");
  }
  for (const char* address : {"10.0.0.1", "2001:db8::1", "fd00::1", "64:ff9b::1", "fec0::1"}) {
    lb.vip_address = ip(address);
    EXPECT_TRUE(validate(lb)) << address;
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

TEST(ValidateResource, HC_04_WhereAMemberIsCheckedIsAHostOfItsFamily) {
  Member member = sample_member("a", "p", "10.0.0.1");
  for (const uint16_t port : {1, 65535}) {
    member.monitor_port = port;
    EXPECT_TRUE(validate(member)) << port;
  }
  member.monitor_port = 0;
  EXPECT_INVALID(member, "monitor_port");
  member.monitor_port.reset();
  member.monitor_address = ip("10.0.0.2");
  EXPECT_TRUE(validate(member));
  for (const char* wrong : {"224.0.0.1", "127.0.0.1", "2001:db8::1"}) {
    member.monitor_address = ip(wrong);
    EXPECT_INVALID(member, "monitor_address");
  }
}

TEST(ValidateResource, MB_01_AMemberHasAPortAndAHostAddress) {
  EXPECT_INVALID(sample_member("a", "p", "10.0.0.1", 0), "protocol_port");
  EXPECT_INVALID(sample_member("a", "p", "::ffff:10.0.0.1"), "address");
  EXPECT_NE(validate(sample_member("a", "p", "::ffff:10.0.0.1")).error().message.find("IPv4"), std::string::npos);
  EXPECT_TRUE(validate(sample_member("a", "p", "2001:db8::1")));
  EXPECT_INVALID(sample_member("a", "p", "127.0.0.1"), "address");
  EXPECT_INVALID(sample_member("a", "p", "239.1.1.1"), "address");
  Member member = sample_member("a", "p");
  member.availability_zone = repeat("z", 256);
  EXPECT_INVALID(member, "availability_zone");
}

// The cells of ST-03 that a TCP or UDP pool can have; cookies are refused before (codec).
TEST(ValidateResource, ST_03_ST_05_StickinessFitsTheAlgorithm) {
  Pool pool = sample_pool("a", "lb");
  EXPECT_EQ(pool.sticky_minutes(), 0);
  pool.persistence.emplace();
  EXPECT_TRUE(validate(pool));
  EXPECT_EQ(pool.sticky_minutes(), 1);
  for (const int minutes : {1, 60}) {
    pool.persistence->timeout_minutes = minutes;
    EXPECT_TRUE(validate(pool)) << minutes;
    EXPECT_EQ(pool.sticky_minutes(), minutes);
  }
  for (const int minutes : {-1, 0, 61, 1440}) {
    pool.persistence->timeout_minutes = minutes;
    EXPECT_INVALID(pool, "session_persistence.persistence_timeout");
  }
  pool.persistence->timeout_minutes = 5;
  pool.algorithm = Algorithm::kSourceIp;
  EXPECT_INVALID(pool, "session_persistence.persistence_timeout");
  pool.persistence->timeout_minutes.reset();
  EXPECT_TRUE(validate(pool));
  EXPECT_EQ(pool.sticky_minutes(), 0);
  pool.algorithm = Algorithm::kLeastConnections;
  EXPECT_INVALID(pool, "session_persistence");
  pool.persistence.reset();
  EXPECT_TRUE(validate(pool));
}

TEST(ValidateResource, AC_03_LimitsOfAListener) {
  Listener listener = sample_listener("a", "lb");
  for (const int limit : {-1, 1, 2147483647}) {
    listener.connection_limit = limit;
    EXPECT_TRUE(validate(listener)) << limit;
  }
  for (const int limit : {-2, 0}) {
    listener.connection_limit = limit;
    EXPECT_INVALID(listener, "connection_limit");
  }
  listener = sample_listener("a", "lb");
  listener.toa = true;
  EXPECT_TRUE(validate(listener));
  listener.protocol = Protocol::kUdp;
  EXPECT_INVALID(listener, "toa");
  listener = sample_listener("a", "lb");
  listener.whitelist.emplace().entries.resize(300);
  EXPECT_TRUE(validate(listener));
  listener.whitelist->entries.resize(301);
  EXPECT_INVALID(listener, "allowed_cidrs");
}

TEST(ValidateResource, LB_08_LB_09_AnEipHasATypeAndABandwidthInRange) {
  Eip eip;
  eip.id = "e1";
  eip.address = ip("203.0.113.1");
  EXPECT_TRUE(validate(eip));
  for (const int bandwidth : {1, 310, 400000}) {
    eip.bandwidth = bandwidth;
    EXPECT_TRUE(validate(eip)) << bandwidth;
  }
  for (const int bandwidth : {-1, 0, 400001}) {
    eip.bandwidth = bandwidth;
    EXPECT_INVALID(eip, "bandwidth");
    LoadBalancer lb = sample_load_balancer("a");
    lb.vip_bandwidth = bandwidth;
    EXPECT_INVALID(lb, "vip_bandwidth");
  }
  eip.bandwidth.reset();
  eip.type = "6_bgp";
  EXPECT_INVALID(eip, "type");
  eip.type = "5_sbgp";
  eip.address = ip("127.0.0.1");
  EXPECT_INVALID(eip, "address");
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

TEST(ValidateResource, HC_03_HC_07_HC_11_SettingsOfHttpChecks) {
  HealthMonitor monitor = sample_monitor("a", "p");
  monitor.type = MonitorType::kHttp;
  EXPECT_TRUE(validate(monitor));
  monitor.url_path = "/" + repeat("x", 79);
  monitor.domain_name = "9a-b.example";
  monitor.expected_codes = "200,202,300-399";
  EXPECT_TRUE(validate(monitor));
  for (const std::string& path : {repeat("/", 81), std::string("index.html"), std::string(), std::string("/a b"),
                                  std::string("/\r\nX: y"), std::string("/\xC3\xA4"), std::string("/a#b")}) {
    monitor.url_path = path;
    EXPECT_INVALID(monitor, "url_path");
  }
  monitor.url_path = "/";
  for (const std::string& domain : {std::string("-a.com"), std::string("a_b"), std::string("a:80"), repeat("a", 101)}) {
    monitor.domain_name = domain;
    EXPECT_INVALID(monitor, "domain_name");
  }
  monitor.domain_name.clear();
  for (const char* codes : {"20", "2000", "200,", ",200", "200-", "204-200", "099", "600", "2xx", "200, 202", "200 "}) {
    monitor.expected_codes = codes;
    EXPECT_INVALID(monitor, "expected_codes");
  }
  monitor.expected_codes.clear();
  EXPECT_TRUE(validate(monitor));
  monitor.type = MonitorType::kTcp;
  EXPECT_TRUE(validate(monitor));
  monitor.url_path = "/x";
  EXPECT_INVALID(monitor, "url_path");
}

TEST(ValidateResource, HC_11_CodesAreRangesOrSingleOnes) {
  using Ranges = std::vector<CodeRange>;
  EXPECT_EQ(parse_codes("200"), (Ranges{{200, 200}}));
  EXPECT_EQ(parse_codes("200-204,401"), (Ranges{{200, 204}, {401, 401}}));
  EXPECT_EQ(parse_codes(default_codes(Protocol::kHttp)), (Ranges{{200, 200}, {202, 202}, {401, 401}})) << "X-22";
  EXPECT_EQ(parse_codes(default_codes(Protocol::kTcp)), (Ranges{{200, 200}}));
  EXPECT_FALSE(parse_codes(""));
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
