// SPDX-License-Identifier: Apache-2.0
#include "telemetry/sampler.h"

#include <gtest/gtest.h>

#include "harness/manual_clock.h"
#include "unit/telemetry/world.h"

namespace elb::test {
namespace {

using namespace std::chrono_literals;
using namespace telemetry;

class SamplerTest : public ::testing::Test {
 protected:
  void look(std::chrono::seconds after = 10s) {
    clock_.advance(after);
    sampler_.observe(clock_.steady(), clock_.wall());
  }
  void close() {
    points_.clear();
    for (const ObjectPoint& point : sampler_.close()) points_[point.object] = point;
  }
  std::optional<double> value(const std::string& object, Metric metric) {
    const auto found = points_.find(object);
    if (found == points_.end() || !found->second.samples[metric]) return std::nullopt;
    return found->second.samples[metric]->average();
  }

  World world_;
  ManualClock clock_;
  Sampler sampler_{world_.sources()};
  std::map<std::string, ObjectPoint> points_;
};

TEST_F(SamplerTest, rates_are_exact_over_the_minute_and_what_was_before_the_start_does_not_count) {
  world_.views.set_traffic("l4", {.connections = 1000, .packets_in = 5000, .bytes_in = 70'000});
  look();
  for (int i = 1; i <= 6; ++i) {
    world_.views.set_traffic("l4", {.connections = 1000 + 20U * static_cast<unsigned>(i),
                                    .packets_in = 5000 + 60U * static_cast<unsigned>(i),
                                    .bytes_in = 70'000 + 600U * static_cast<unsigned>(i)});
    look();
  }
  close();
  for (const std::string object : {"l4", "lb"}) {
    EXPECT_DOUBLE_EQ(*value(object, kNewConnections), 2) << object;
    EXPECT_DOUBLE_EQ(*value(object, kPacketsIn), 6) << object;
    EXPECT_DOUBLE_EQ(*value(object, kBytesIn), 60) << object;
  }
}

TEST_F(SamplerTest, X_16_concurrent_connections_are_a_gauge_and_m2_and_m3_sum_up_to_m1) {
  look();
  world_.views.set_traffic("l4", {.active = 30, .inactive = 6});
  look();
  world_.views.set_traffic("l4", {.active = 10, .inactive = 0});
  look();
  close();
  EXPECT_DOUBLE_EQ(*value("l4", kConcurrent), 23);
  EXPECT_DOUBLE_EQ(*value("l4", kActive) + *value("l4", kInactive), *value("l4", kConcurrent));
  EXPECT_DOUBLE_EQ(points_["l4"].samples[kConcurrent]->max, 36);
  EXPECT_DOUBLE_EQ(points_["l4"].samples[kConcurrent]->min, 10);
}

TEST_F(SamplerTest, MON_03_no_http_metrics_of_a_TCP_listener) {
  look();
  look();
  close();
  for (size_t metric = kRequests; metric <= kResponseP99; ++metric) {
    EXPECT_FALSE(value("l4", static_cast<Metric>(metric))) << kMetrics[metric].id;
    EXPECT_TRUE(value("l7", static_cast<Metric>(metric))) << kMetrics[metric].id;
  }
  world_.model.listeners.erase("l7");
  look();
  close();
  EXPECT_FALSE(value("lb", kRequests)) << "a load balancer without an HTTP listener";
}

TEST_F(SamplerTest, MON_06_zeros_of_what_does_nothing_X_17) {
  look();
  look();
  close();
  for (size_t metric = kConcurrent; metric <= kBytesOut; ++metric) {
    EXPECT_EQ(value("lb", static_cast<Metric>(metric)), 0) << kMetrics[metric].id;
    EXPECT_EQ(value("l4", static_cast<Metric>(metric)), 0) << kMetrics[metric].id;
  }
}

TEST_F(SamplerTest, classes_of_status_sum_up_to_the_requests) {
  look();
  auto& http = world_.http.listeners["l7"];
  http.requests = 150;
  http.status_2xx = 90;
  http.status_3xx = 20;
  http.status_4xx = 25;
  http.status_5xx = 10;
  http.status_other = 5;
  http.status_404 = 7;
  http.status_499 = 3;
  http.status_502 = 2;
  look();
  close();
  for (const std::string object : {"l7", "lb"}) {
    EXPECT_DOUBLE_EQ(*value(object, kRequests), 15);
    double sum = 0;
    for (const Metric metric : {kStatus2xx, kStatus3xx, kStatus4xx, kStatus5xx, kStatusOther})
      sum += *value(object, metric);
    EXPECT_NEAR(sum, 15, 1e-9);
    EXPECT_DOUBLE_EQ(*value(object, kStatus404), 0.7);
    EXPECT_DOUBLE_EQ(*value(object, kStatus499), 0.3);
    EXPECT_DOUBLE_EQ(*value(object, kStatus502), 0.2);
  }
}

TEST_F(SamplerTest, response_times_are_weighted_by_requests) {
  look();
  auto& http = world_.http.listeners["l7"];
  http.requests = 99;
  http.request_us = 99 * 2000;
  http.latency_us.buckets[histogram_bucket(2000)] = 99;
  look();
  http.requests = 100;
  http.request_us += 500'000;
  http.latency_us.buckets[histogram_bucket(500'000)] = 1;
  look();
  close();
  EXPECT_NEAR(*value("l7", kResponseTime), 6.98, 1e-9);
  EXPECT_NEAR(*value("l7", kResponseP50), 2, 2.0 / 16);
  EXPECT_NEAR(*value("l7", kResponseP99), 2, 2.0 / 16);
  EXPECT_DOUBLE_EQ(points_["l7"].samples[kResponseTime]->max, 500);
  look();
  close();
  EXPECT_EQ(value("l7", kResponseTime), 0) << "the next minute has no request";
  EXPECT_EQ(value("l7", kResponseP99), 0);
}

TEST_F(SamplerTest, a_listener_that_goes_or_counts_anew_makes_no_negative_rate) {
  world_.views.set_traffic("l4", {.connections = 500});
  auto second = sample_listener("l5", "lb", 81);
  put(world_.model, second);
  world_.views.set_traffic("l5", {.connections = 300});
  look();
  look();
  world_.model.listeners.erase("l5");
  world_.views.set_traffic("l4", {.connections = 40});  // rebuilt
  look();
  close();
  EXPECT_DOUBLE_EQ(*value("lb", kNewConnections), 2) << "40 in 20 s";
  EXPECT_DOUBLE_EQ(points_["lb"].samples[kNewConnections]->min, 0);
}

TEST_F(SamplerTest, a_new_listener_counts_from_zero) {
  look();
  put(world_.model, sample_listener("l9", "lb", 90));
  world_.views.set_traffic("l9", {.connections = 50});
  look();
  close();
  EXPECT_DOUBLE_EQ(*value("l9", kNewConnections), 5);
}

TEST_F(SamplerTest, servers_and_GEN_07_zones_without_a_healthy_member) {
  world_.views.set_health("m2", {model::HealthState::kUnhealthy, "refused", {}, {}, -1});
  look();
  look();
  close();
  EXPECT_EQ(value("lb", kAbnormalServers), 1);
  EXPECT_EQ(value("lb", kNormalServers), 2);
  EXPECT_EQ(value("lb", kZonesWithoutMember), 1) << "zone b";
  EXPECT_FALSE(value("l4", kAbnormalServers)) << "MON-02: of load balancers only";
}

TEST_F(SamplerTest, TLS_18_days_until_the_first_certificate_expires) {
  auto listener = sample_listener("l6", "lb", 443, model::Protocol::kHttps);
  listener.tls.certificate_id = "c1";
  listener.tls.sni_ids = {"c2"};
  put(world_.model, listener);
  const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(clock_.wall().time_since_epoch()).count();
  for (const auto& [id, days] : {std::pair{"c1", 30}, {"c2", 3}}) {
    auto certificate = sample_certificate(id);
    certificate.expires_at = now + days * 86400;
    put(world_.model, certificate);
  }
  look();
  look();
  close();
  EXPECT_NEAR(*value("l6", kCertificateDays), 3, 0.01);
  EXPECT_NEAR(*value("lb", kCertificateDays), 3, 0.01);
  EXPECT_FALSE(value("l7", kCertificateDays));
}

TEST_F(SamplerTest, the_node) {
  world_.views.set_drops({{"no_port", "", 10, true}, {"no_listener", "", 5, true}, {"pass_host", "", 9, false}});
  look();
  world_.views.set_drops({{"no_port", "", 30, true}, {"no_listener", "", 15, true}, {"pass_host", "", 900, false}});
  world_.views.set_sinks({{.name = "a", .error = "x"}, {.name = "b"}});
  look();
  close();
  EXPECT_DOUBLE_EQ(*value("node", kFlowTableUsed), 25);
  EXPECT_DOUBLE_EQ(*value("node", kPortsExhausted), 2);
  EXPECT_DOUBLE_EQ(*value("node", kDropped), 3);
  EXPECT_DOUBLE_EQ(*value("node", kFailingSinks), 1);
}

}  // namespace
}  // namespace elb::test
