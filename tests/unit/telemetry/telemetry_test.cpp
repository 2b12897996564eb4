// SPDX-License-Identifier: Apache-2.0
// The whole of it by a scripted clock.
#include "telemetry/telemetry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/manual_clock.h"
#include "harness/seeded_random.h"
#include "unit/store/temp_dir.h"
#include "unit/telemetry/world.h"

namespace elb::test {
namespace {

using namespace std::chrono_literals;
using namespace telemetry;

class TelemetryTest : public ::testing::Test {
 protected:
  TelemetryTest() {
    clock_.step_wall(40s);  // to the beginning of a minute
    make();
  }
  void make(TelemetryOptions options = {}) {
    telemetry_ = std::make_unique<Telemetry>(world_.sources(), clock_, random_, options);
  }
  void run_for(std::chrono::seconds time) {
    for (auto left = time; left > 0s; left -= 10s) {
      telemetry_->tick();
      clock_.advance(10s);
    }
    telemetry_->tick();
  }
  int64_t now_s() const {
    return std::chrono::duration_cast<std::chrono::seconds>(clock_.wall().time_since_epoch()).count();
  }
  std::vector<TimedSample> last_hour(const Dimensions& dimensions, Metric metric) {
    return *telemetry_->series(dimensions, metric, now_s() - 3600, now_s(), 60);
  }
  size_t shown() const { return telemetry_->monitored(false).size(); }

  World world_;
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<Telemetry> telemetry_;
};

TEST_F(TelemetryTest, MON_05_a_new_load_balancer_has_a_point_within_two_minutes) {
  run_for(90s);
  put(world_.model, sample_load_balancer("lb2", "10.0.0.11"));
  run_for(120s);
  EXPECT_GE(last_hour({"lb2", ""}, kConcurrent).size(), 1U);
}

TEST_F(TelemetryTest, MON_02_a_point_for_each_minute) {
  run_for(600s);
  const auto points = last_hour({"lb", "l4"}, kConcurrent);
  ASSERT_EQ(points.size(), 10U);
  for (size_t i = 1; i < points.size(); ++i) EXPECT_EQ(points[i].time_s - points[i - 1].time_s, 60);
}

TEST_F(TelemetryTest, MON_06_not_shown_after_24_hours_without_a_usable_member_but_still_published) {
  run_for(60s);
  EXPECT_EQ(shown(), 4U);
  world_.views.set_fallback({model::HealthState::kUnhealthy, "refused", {}, {}, -1});
  run_for(23h);
  EXPECT_EQ(shown(), 4U);
  run_for(2h);
  EXPECT_EQ(shown(), 1U) << "only the node";
  EXPECT_EQ(telemetry_->monitored(true).size(), 4U);
  EXPECT_EQ(last_hour({"lb", "l4"}, kConcurrent).size(), 60U);
  world_.views.set_health("m3", {model::HealthState::kHealthy, "", {}, {}, -1});
  run_for(10s);
  EXPECT_EQ(shown(), 3U) << "the load balancer and its HTTP listener";
}

TEST_F(TelemetryTest, MON_04_the_scrape_has_the_values_of_the_API) {
  world_.views.set_traffic("l4", {.connections = 0});
  run_for(10s);
  world_.views.set_traffic("l4", {.connections = 120});
  run_for(60s);
  EXPECT_DOUBLE_EQ(last_hour({"lb", "l4"}, kNewConnections).at(0).sample.average(), 2);
  EXPECT_THAT(
      telemetry_->scrape(ExpositionFormat::kText),
      ::testing::HasSubstr("elb_last_minute{metric=\"m4_ncps\",loadbalancer_id=\"lb\",listener_id=\"l4\"} 2\n"));
}

TEST_F(TelemetryTest, a_file_that_cannot_be_written_stops_nothing) {
  TelemetryOptions options;
  options.series_file = "/nowhere/at/all";
  make(options);
  run_for(120s);
  EXPECT_EQ(last_hour({"lb", ""}, kConcurrent).size(), 2U) << "from memory";
}

TEST_F(TelemetryTest, the_series_go_on_after_a_restart) {
  const TempDir dir;
  TelemetryOptions options;
  options.series_file = dir.file("series");
  make(options);
  run_for(120s);
  make(options);
  run_for(60s);
  EXPECT_EQ(last_hour({"lb", ""}, kConcurrent).size(), 3U);
}

TEST_F(TelemetryTest, MON_01_a_listener_is_asked_for_together_with_its_load_balancer) {
  EXPECT_TRUE(check_dimensions(world_.model, {"lb", "l4"}));
  const auto alone = check_dimensions(world_.model, {"", "l4"});
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(alone.error().field, "lbaas_instance_id");
  EXPECT_EQ(check_dimensions(world_.model, {"other", ""}).error().code, ErrorCode::kNotFound);
  put(world_.model, sample_load_balancer("lb2", "10.0.0.11"));
  EXPECT_EQ(check_dimensions(world_.model, {"lb2", "l4"}).error().code, ErrorCode::kInvalid);
}

TEST_F(TelemetryTest, MON_03_metrics_of_objects_that_do_not_have_them_are_refused) {
  EXPECT_TRUE(check_metric(world_.model, {"lb", "l7"}, kRequests));
  EXPECT_FALSE(check_metric(world_.model, {"lb", "l4"}, kRequests));
  EXPECT_FALSE(check_metric(world_.model, {"lb", "l4"}, kAbnormalServers));
  EXPECT_FALSE(check_metric(world_.model, {"lb", ""}, kFlowTableUsed));
  EXPECT_FALSE(check_metric(world_.model, {}, kActive));
  EXPECT_TRUE(check_metric(world_.model, {}, kFlowTableUsed));
}

TEST_F(TelemetryTest, MON_03_what_is_listed_is_what_there_is) {
  const auto lists = [this](const Dimensions& dimensions, Metric metric) {
    for (const auto& one : telemetry_->monitored(true))
      if (one.dimensions == dimensions) return ::testing::Value(one.metrics, ::testing::Contains(metric));
    return false;
  };
  EXPECT_TRUE(lists({"lb", ""}, kRequests));
  EXPECT_TRUE(lists({"lb", "l7"}, kRequests));
  EXPECT_FALSE(lists({"lb", "l4"}, kRequests));
  EXPECT_FALSE(lists({"lb", ""}, kCertificateDays)) << "no HTTPS listener";
  EXPECT_TRUE(lists({}, kFlowTableUsed));
  EXPECT_FALSE(lists({}, kActive));
  world_.model.listeners.erase("l7");
  EXPECT_FALSE(lists({"lb", ""}, kRequests));
}

TEST_F(TelemetryTest, the_thread_looks_and_stops) {
  telemetry_->start();
  telemetry_->stop();
  EXPECT_THAT(telemetry_->scrape(ExpositionFormat::kText), ::testing::HasSubstr("elb_last_minute"));
}

}  // namespace
}  // namespace elb::test
