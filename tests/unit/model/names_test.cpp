// SPDX-License-Identifier: Apache-2.0
// Shows: LS-01.
#include <gtest/gtest.h>

#include "model/resources.h"

namespace elb::model {
namespace {

TEST(Names, ReadBackWhatTheyPrint) {
  for (const Protocol value : {Protocol::kTcp, Protocol::kUdp}) EXPECT_EQ(parse_protocol(to_string(value)), value);
  for (const Algorithm value : {Algorithm::kRoundRobin, Algorithm::kLeastConnections, Algorithm::kSourceIp})
    EXPECT_EQ(parse_algorithm(to_string(value)), value);
  EXPECT_EQ(parse_monitor_type("TCP"), MonitorType::kTcp);
  EXPECT_EQ(to_string(Algorithm::kRoundRobin), "ROUND_ROBIN");
  EXPECT_EQ(to_string(MonitorType::kTcp), "TCP");
}

TEST(Names, LS_01_RefusesWhatThisVersionDoesNotServe) {
  for (const char* text : {"", "tcp", "HTTP", "TERMINATED_HTTPS", "SCTP", "TCP "}) EXPECT_FALSE(parse_protocol(text));
  for (const char* text : {"", "SOURCE_IP_PORT", "round_robin"}) EXPECT_FALSE(parse_algorithm(text));
  for (const char* text : {"", "HTTP", "PING"}) EXPECT_FALSE(parse_monitor_type(text));
}

TEST(Names, KindsAreInTheOrderOfTheVariant) {
  EXPECT_EQ(static_cast<size_t>(Kind::kPool), Resource(Pool{}).index());
  EXPECT_EQ(static_cast<size_t>(Kind::kHealthMonitor), Resource(HealthMonitor{}).index());
  EXPECT_EQ(static_cast<size_t>(Kind::kEip), Resource(Eip{}).index());
  EXPECT_EQ(to_string(Kind::kLoadBalancer), "load balancer");
}

}  // namespace
}  // namespace elb::model
