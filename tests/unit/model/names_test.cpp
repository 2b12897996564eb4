// SPDX-License-Identifier: Apache-2.0
// Shows: LS-01.
#include <gtest/gtest.h>

#include "model/resources.h"

namespace elb::model {
namespace {

TEST(Names, ReadBackWhatTheyPrint) {
  for (const Protocol value : {Protocol::kTcp, Protocol::kUdp, Protocol::kHttp, Protocol::kHttps}) {
    EXPECT_EQ(parse_protocol(to_string(value)), value);
    EXPECT_EQ(parse_transport(to_string(value)).has_value(), !is_l7(value));
  }
  EXPECT_EQ(parse_protocol("TERMINATED_HTTPS"), Protocol::kHttps);
  for (const auto value : {PersistenceType::kSourceIp, PersistenceType::kHttpCookie, PersistenceType::kAppCookie})
    EXPECT_EQ(parse_persistence_type(to_string(value)), value);
  for (const auto value : {CertificateType::kServer, CertificateType::kClient})
    EXPECT_EQ(parse_certificate_type(to_string(value)), value);
  for (const auto value :
       {RuleType::kHostName, RuleType::kPath, RuleType::kFileType, RuleType::kHeader, RuleType::kCookie})
    EXPECT_EQ(parse_rule_type(to_string(value)), value);
  for (const auto value : {RuleCompare::kEqualTo, RuleCompare::kStartsWith, RuleCompare::kEndsWith,
                           RuleCompare::kContains, RuleCompare::kRegex})
    EXPECT_EQ(parse_rule_compare(to_string(value)), value);
  for (const auto value : {L7Action::kPool, L7Action::kListener, L7Action::kUrl, L7Action::kPrefix, L7Action::kReject})
    EXPECT_EQ(parse_l7_action(to_string(value)), value);
  for (const Algorithm value : {Algorithm::kRoundRobin, Algorithm::kLeastConnections, Algorithm::kSourceIp})
    EXPECT_EQ(parse_algorithm(to_string(value)), value);
  for (const MonitorType value : {MonitorType::kTcp, MonitorType::kHttp, MonitorType::kUdp})
    EXPECT_EQ(parse_monitor_type(to_string(value)), value);
  EXPECT_EQ(parse_monitor_type("UDP_CONNECT"), MonitorType::kUdp);
  for (const ProxyProtocol value : {ProxyProtocol::kNone, ProxyProtocol::kV1, ProxyProtocol::kV2})
    EXPECT_EQ(parse_proxy_protocol(to_string(value)), value);
  EXPECT_EQ(to_string(Algorithm::kRoundRobin), "ROUND_ROBIN");
  EXPECT_EQ(to_string(MonitorType::kTcp), "TCP");
}

TEST(Names, LS_01_RefusesWhatThisVersionDoesNotServe) {
  for (const char* text : {"", "tcp", "Http", "SCTP", "TCP "}) EXPECT_FALSE(parse_protocol(text));
  for (const char* text : {"", "SOURCE_IP_PORT", "round_robin"}) EXPECT_FALSE(parse_algorithm(text));
  for (const char* text : {"", "HTTPS", "PING"}) EXPECT_FALSE(parse_monitor_type(text));
}

TEST(Names, KindsAreInTheOrderOfTheVariant) {
  EXPECT_EQ(static_cast<size_t>(Kind::kPool), Resource(Pool{}).index());
  EXPECT_EQ(static_cast<size_t>(Kind::kHealthMonitor), Resource(HealthMonitor{}).index());
  EXPECT_EQ(static_cast<size_t>(Kind::kEip), Resource(Eip{}).index());
  EXPECT_EQ(static_cast<size_t>(Kind::kCertificate), Resource(Certificate{}).index());
  EXPECT_EQ(static_cast<size_t>(Kind::kL7Policy), Resource(L7Policy{}).index());
  EXPECT_EQ(static_cast<size_t>(Kind::kL7Rule), Resource(L7Rule{}).index());
  EXPECT_EQ(to_string(Kind::kLoadBalancer), "load balancer");
}

}  // namespace
}  // namespace elb::model
