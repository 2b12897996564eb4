// SPDX-License-Identifier: Apache-2.0
// Shows: GEN-09, HC-15, MB-05.
#include "control/health_book.h"

#include <gtest/gtest.h>

#include "control/compiler.h"
#include "unit/model/samples.h"

namespace elb::control {
namespace {

using model::Health;
using model::HealthState;
using test::put;
using test::sample_member;
using test::sample_model;
using test::sample_monitor;

class HealthBookTest : public testing::Test {
 protected:
  void follow() {
    now_ += std::chrono::seconds(1);
    book_.follow(model_,
                 compile(
                     model_, [](const auto&) { return Health{}; }, 1),
                 now_);
  }
  bool result(const model::Id& id, HealthState state, std::string reason = "") {
    now_ += std::chrono::seconds(1);
    return book_.update({id, {state, std::move(reason), {}, now_, 10}}, now_);
  }
  HealthState state(const model::Id& id) const { return book_.of(id).state; }
  template <class T>
  void set_up(const model::Id& id, bool up) {
    T resource = *model_.table<T>().at(id);
    resource.admin_state_up = up;
    put(model_, resource);
    follow();
  }

  model::Model model_ = sample_model();  // m1 and m2, monitored by h1
  HealthBook book_;
  WallTime now_{std::chrono::seconds(1'700'000'000)};
};

TEST_F(HealthBookTest, MB_05_NewMonitoredMembersWaitForTheirFirstResult) {
  follow();
  EXPECT_EQ(state("m1"), HealthState::kUnchecked);
  EXPECT_EQ(book_.of("m1").since, now_);
  EXPECT_TRUE(result("m1", HealthState::kHealthy));
  EXPECT_EQ(state("m1"), HealthState::kHealthy);
  put(model_, sample_member("m3", "p1", "10.0.1.3"));
  follow();
  EXPECT_EQ(state("m1"), HealthState::kHealthy) << "the others keep what is known";
  EXPECT_EQ(state("m3"), HealthState::kUnchecked);
}

TEST_F(HealthBookTest, HC_15_WithoutAMonitorEverybodyIsUnmonitored) {
  follow();
  result("m1", HealthState::kUnhealthy, "refused");
  set_up<model::HealthMonitor>("h1", false);
  EXPECT_EQ(state("m1"), HealthState::kUnmonitored);
  EXPECT_EQ(state("m2"), HealthState::kUnmonitored);
  EXPECT_FALSE(result("m1", HealthState::kHealthy)) << "a result that comes too late";
  set_up<model::HealthMonitor>("h1", true);
  EXPECT_EQ(state("m1"), HealthState::kUnhealthy) << "known before";
  EXPECT_EQ(book_.of("m1").reason, "refused");
  EXPECT_EQ(state("m2"), HealthState::kHealthy) << "had traffic without a monitor, keeps it until a result";
}

TEST_F(HealthBookTest, GEN_09_AMonitorPutOverServingMembersTakesNoneOut) {
  model_.health_monitors.clear();
  follow();
  EXPECT_EQ(state("m1"), HealthState::kUnmonitored);
  put(model_, sample_monitor("h1", "p1"));
  put(model_, sample_member("m3", "p1", "10.0.1.3"));
  follow();
  EXPECT_EQ(state("m1"), HealthState::kHealthy);
  EXPECT_EQ(state("m3"), HealthState::kUnchecked) << "new at the same moment";
}

TEST_F(HealthBookTest, AChangedMonitorKeepsWhatIsKnown) {
  follow();
  result("m1", HealthState::kHealthy);
  model::HealthMonitor monitor = *model_.health_monitors.at("h1");
  monitor.delay = 1;
  put(model_, monitor);
  follow();
  EXPECT_EQ(state("m1"), HealthState::kHealthy);
  model_.health_monitors.clear();
  follow();
  put(model_, sample_monitor("h2", "p1"));
  follow();
  EXPECT_EQ(state("m1"), HealthState::kHealthy);
}

TEST_F(HealthBookTest, LeavingServiceForgets) {
  follow();
  result("m1", HealthState::kHealthy);
  set_up<model::Member>("m1", false);
  EXPECT_FALSE(result("m1", HealthState::kUnhealthy));
  set_up<model::Member>("m1", true);
  EXPECT_EQ(state("m1"), HealthState::kUnchecked);
  result("m1", HealthState::kHealthy);
  set_up<model::Listener>("l1", false);
  EXPECT_EQ(state("m1"), HealthState::kUnchecked) << "nobody checks it now";
  set_up<model::Listener>("l1", true);
  EXPECT_EQ(state("m1"), HealthState::kUnchecked);
}

TEST_F(HealthBookTest, AnotherEndpointIsAnotherMember) {
  follow();
  result("m1", HealthState::kHealthy);
  put(model_, sample_member("m1", "p1", "10.0.1.1", 9090));
  follow();
  EXPECT_EQ(state("m1"), HealthState::kUnchecked);
}

TEST_F(HealthBookTest, SinceIsOfTheStateAndTheRestOfTheLastResult) {
  follow();
  EXPECT_TRUE(result("m1", HealthState::kUnhealthy, "refused"));
  const WallTime since = now_;
  EXPECT_FALSE(result("m1", HealthState::kUnhealthy, "timed out")) << "same state: no new snapshot needed";
  EXPECT_EQ(book_.of("m1").reason, "timed out");
  EXPECT_EQ(book_.of("m1").since, since);
  EXPECT_EQ(book_.of("m1").checked, now_);
  EXPECT_TRUE(result("m1", HealthState::kHealthy));
  EXPECT_EQ(book_.of("m1").since, now_);
}

TEST_F(HealthBookTest, SeedsHoldUntilTheFirstResultAndOnlyForTheFirstModel) {
  book_.seed({"m1", "gone"}, now_);
  const WallTime seeded = now_;
  follow();
  EXPECT_EQ(state("m1"), HealthState::kHealthy);
  EXPECT_EQ(book_.of("m1").since, seeded);
  EXPECT_EQ(state("m2"), HealthState::kUnchecked);
  EXPECT_TRUE(result("m1", HealthState::kUnhealthy));
  follow();
  EXPECT_EQ(state("m1"), HealthState::kUnhealthy);
  put(model_, sample_member("gone", "p1", "10.0.1.9"));
  follow();
  EXPECT_EQ(state("gone"), HealthState::kUnchecked);
}

TEST_F(HealthBookTest, StrangersAreUnmonitoredAndTheirResultsIgnored) {
  follow();
  EXPECT_EQ(state("stranger"), HealthState::kUnmonitored);
  EXPECT_FALSE(result("stranger", HealthState::kHealthy));
  EXPECT_EQ(state("stranger"), HealthState::kUnmonitored);
}

}  // namespace
}  // namespace elb::control
