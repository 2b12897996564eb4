// SPDX-License-Identifier: Apache-2.0
// Shows: HC-15, MB-05, PL-08.
// The reconciler's thread against sinks that the test steers: they fail, block and drift on request.
#include "control/reconciler.h"

#include <gtest/gtest.h>

#include <condition_variable>

#include "unit/model/samples.h"

namespace elb::control {
namespace {

using model::HealthState;
using model::SnapshotPtr;
using std::chrono::milliseconds;
using test::put;
using test::sample_model;

class FakeSink final : public model::Sink {
 public:
  explicit FakeSink(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }

  Result<model::Applied> apply(SnapshotPtr snapshot) override {
    std::unique_lock lock(mutex_);
    attempts_.push_back(std::chrono::steady_clock::now());
    entered_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !blocked_; });
    if (failing_) return fail(ErrorCode::kSystem, "no room");
    applied_.push_back(snapshot);
    changed_.notify_all();
    return model::Applied{snapshot->generation, 2};
  }
  Result<model::Audit> audit() override {
    const std::lock_guard lock(mutex_);
    ++audits_;
    changed_.notify_all();
    if (audit_failing_) {
      audit_failing_ = false;
      return fail(ErrorCode::kSystem, "map is gone");
    }
    if (drift_ == 0) return model::Audit{5, 0, {}};
    model::Audit audit{5, drift_, {}};
    for (uint64_t i = 0; i < drift_; ++i) audit.findings.push_back(fmt::format("entry {} was missing", i));
    drift_ = 0;
    return audit;
  }

  /// Waits until the condition holds, at most 5 s.
  bool wait(const std::function<bool(FakeSink&)>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, std::chrono::system_clock::now() + std::chrono::seconds(5),
                               [&] { return condition(*this); });
  }
  bool wait_for_revision(uint64_t revision) {
    return wait([=](FakeSink& sink) { return !sink.applied_.empty() && sink.applied_.back()->revision == revision; });
  }
  template <class Change>
  void steer(Change change) {
    const std::lock_guard lock(mutex_);
    change(*this);
    changed_.notify_all();
  }
  SnapshotPtr last() {
    const std::lock_guard lock(mutex_);
    return applied_.empty() ? nullptr : applied_.back();
  }

  // All under the mutex: for steer() and wait().
  bool failing_ = false, blocked_ = false, entered_ = false, audit_failing_ = false;
  uint64_t drift_ = 0;
  int audits_ = 0;
  std::vector<SnapshotPtr> applied_;
  std::vector<std::chrono::steady_clock::time_point> attempts_;

 private:
  const std::string name_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

class ReconcilerTest : public testing::Test {
 protected:
  void start(ReconcilerOptions options = {milliseconds(60'000), milliseconds(5), milliseconds(20)}) {
    reconciler_ = std::make_unique<Reconciler>(clock_, std::vector<model::Sink*>{&first_, &second_}, options);
    reconciler_->start();
  }
  void publish(uint64_t revision) {
    model_.revision = revision;
    reconciler_->publish(std::make_shared<const model::Model>(model_));
  }
  void result(const model::Id& member, HealthState state, std::string reason = "") {
    reconciler_->on_health({member, {state, std::move(reason), clock_.wall(), clock_.wall(), 10}});
  }
  template <class Condition>
  bool eventually(Condition condition) {
    for (int i = 0; i < 2500; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds(2));
    }
    return false;
  }
  static bool usable(const SnapshotPtr& snapshot, const model::Id& member) {
    for (const auto& pool : snapshot->pools)
      for (const auto& candidate : pool.members)
        if (candidate.id == member) return candidate.usable;
    return false;
  }

  SystemClock clock_;
  model::Model model_ = sample_model();
  FakeSink first_{"first"}, second_{"second"};
  std::unique_ptr<Reconciler> reconciler_;
};

TEST_F(ReconcilerTest, APublishedModelReachesEverySink) {
  start();
  EXPECT_EQ(reconciler_->applied_revision(), 0U);
  publish(4);
  ASSERT_TRUE(first_.wait_for_revision(4));
  ASSERT_TRUE(second_.wait_for_revision(4));
  EXPECT_EQ(first_.last(), second_.last()) << "the same snapshot, not two compilations";
  ASSERT_TRUE(eventually([&] { return reconciler_->applied_revision() == 4; }));
  const auto status = reconciler_->sinks();
  ASSERT_EQ(status.size(), 2U);
  EXPECT_EQ(status[0].name, "first");
  EXPECT_EQ(status[0].applies, 1U);
  EXPECT_EQ(status[0].writes, 2U);
  EXPECT_EQ(status[0].applied_revision, 4U);
  EXPECT_EQ(status[0].applied_generation, first_.last()->generation);
  EXPECT_EQ(status[0].error, "");
}

TEST_F(ReconcilerTest, NothingIsAppliedBeforeAModelIsThere) {
  start({milliseconds(5), milliseconds(5), milliseconds(20)});
  result("m1", HealthState::kHealthy);
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(first_.last(), nullptr);
  first_.steer([](FakeSink& sink) { EXPECT_EQ(sink.audits_, 0); });
}

TEST_F(ReconcilerTest, AFailingSinkIsRetriedWhileTheOtherGoesOn) {
  first_.failing_ = true;
  start();
  publish(1);
  ASSERT_TRUE(second_.wait_for_revision(1));
  ASSERT_TRUE(first_.wait([](FakeSink& sink) { return sink.attempts_.size() >= 4; }));
  publish(2);
  ASSERT_TRUE(second_.wait_for_revision(2));
  EXPECT_EQ(reconciler_->applied_revision(), 0U);
  ASSERT_TRUE(eventually([&] { return reconciler_->sinks()[0].failures >= 4; }));
  EXPECT_EQ(reconciler_->sinks()[0].error, "no room");
  EXPECT_EQ(reconciler_->sinks()[1].failures, 0U);
  first_.steer([](FakeSink& sink) { sink.failing_ = false; });
  ASSERT_TRUE(first_.wait_for_revision(2));
  ASSERT_TRUE(eventually([&] { return reconciler_->applied_revision() == 2; }));
  EXPECT_EQ(reconciler_->sinks()[0].error, "");
  second_.steer([](FakeSink& sink) { EXPECT_EQ(sink.attempts_.size(), 2U) << "was not repeated along"; });
}

TEST_F(ReconcilerTest, RetriesBackOffUpToTheLimit) {
  first_.failing_ = true;
  start({milliseconds(60'000), milliseconds(10), milliseconds(40)});
  publish(1);
  ASSERT_TRUE(first_.wait([](FakeSink& sink) { return sink.attempts_.size() >= 6; }));
  reconciler_->stop();
  const auto& attempts = first_.attempts_;
  const int least_ms[] = {10, 20, 40, 40, 40};  // between one attempt and the next
  for (size_t i = 0; i < std::size(least_ms); ++i)
    EXPECT_GE(attempts[i + 1] - attempts[i], milliseconds(least_ms[i])) << i;
  EXPECT_LT(attempts[5] - attempts[4], milliseconds(1000)) << "limited";
}

TEST_F(ReconcilerTest, AChangedModelIsTriedAtOnceDespiteTheBackOff) {
  first_.failing_ = true;
  start({milliseconds(60'000), milliseconds(60'000), milliseconds(60'000)});
  publish(1);
  ASSERT_TRUE(first_.wait([](FakeSink& sink) { return sink.attempts_.size() == 1; }));
  first_.steer([](FakeSink& sink) { sink.failing_ = false; });
  publish(2);
  EXPECT_TRUE(first_.wait_for_revision(2));
}

TEST_F(ReconcilerTest, MB_05_PL_08_HealthDecidesWhoIsUsable) {
  start();
  publish(1);
  ASSERT_TRUE(second_.wait_for_revision(1));
  EXPECT_FALSE(usable(second_.last(), "m1"));
  EXPECT_EQ(reconciler_->member_health("m1").state, HealthState::kUnchecked);
  result("m1", HealthState::kHealthy);
  ASSERT_TRUE(second_.wait([](FakeSink& sink) { return usable(sink.applied_.back(), "m1"); }));
  EXPECT_FALSE(usable(second_.last(), "m2"));
  EXPECT_EQ(reconciler_->member_health("m1").state, HealthState::kHealthy);
  result("m1", HealthState::kUnhealthy, "connection refused");
  ASSERT_TRUE(second_.wait([](FakeSink& sink) { return !usable(sink.applied_.back(), "m1"); }));
  EXPECT_EQ(reconciler_->member_health("m1").reason, "connection refused");
  EXPECT_EQ(second_.last()->revision, 1U);
  EXPECT_EQ(second_.last()->generation, 3U);
}

TEST_F(ReconcilerTest, AFreshReasonIsShownWithoutANewSnapshot) {
  start();
  publish(1);
  result("m1", HealthState::kUnhealthy, "connection refused");
  ASSERT_TRUE(eventually([&] { return reconciler_->member_health("m1").reason == "connection refused"; }));
  ASSERT_TRUE(second_.wait_for_revision(1));
  const auto applies = [&] { return reconciler_->sinks()[1].applies; };
  std::this_thread::sleep_for(milliseconds(20));
  const auto before = applies();
  result("m1", HealthState::kUnhealthy, "timed out");
  ASSERT_TRUE(eventually([&] { return reconciler_->member_health("m1").reason == "timed out"; }));
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(applies(), before);
}

TEST_F(ReconcilerTest, HC_15_DisablingTheMonitorMakesAllUsable) {
  start();
  publish(1);
  ASSERT_TRUE(second_.wait_for_revision(1));
  model_.health_monitors.clear();
  publish(2);
  ASSERT_TRUE(second_.wait_for_revision(2));
  EXPECT_TRUE(usable(second_.last(), "m1"));
  EXPECT_EQ(reconciler_->member_health("m1").state, HealthState::kUnmonitored);
  EXPECT_FALSE(second_.last()->pools[0].monitor);
}

TEST_F(ReconcilerTest, GEN_09_AMonitorAddedToARunningPoolTakesNobodyOutBeforeAResult) {
  model_.health_monitors.clear();
  start();
  publish(1);
  ASSERT_TRUE(second_.wait_for_revision(1));
  EXPECT_TRUE(usable(second_.last(), "m1"));
  put(model_, test::sample_monitor("h1", "p1"));
  publish(2);
  ASSERT_TRUE(second_.wait_for_revision(2));
  EXPECT_TRUE(second_.last()->pools[0].monitor);
  EXPECT_TRUE(usable(second_.last(), "m1"));
  EXPECT_TRUE(usable(second_.last(), "m2"));
  // What the checker starts from: one failure alone is not enough (HC-08).
  EXPECT_EQ(second_.last()->pools[0].members[0].health.state, HealthState::kHealthy);
  result("m1", HealthState::kUnhealthy, "connection refused");
  ASSERT_TRUE(second_.wait([](FakeSink& sink) { return !usable(sink.applied_.back(), "m1"); }));
  EXPECT_TRUE(usable(second_.last(), "m2"));
}

TEST_F(ReconcilerTest, R2_AdoptedMembersAreUsableFromTheFirstSnapshotOn) {
  reconciler_ = std::make_unique<Reconciler>(clock_, std::vector<model::Sink*>{&first_, &second_});
  reconciler_->seed_health({"m2"});
  publish(1);
  reconciler_->start();
  ASSERT_TRUE(first_.wait_for_revision(1));
  first_.steer([](FakeSink& sink) { EXPECT_TRUE(usable(sink.applied_.front(), "m2")); });
  EXPECT_FALSE(usable(first_.last(), "m1"));
  EXPECT_NE(reconciler_->member_health("m2").since, WallTime{});
}

TEST_F(ReconcilerTest, R3_DriftThatASinkRepairedIsCounted) {
  start({milliseconds(10), milliseconds(5), milliseconds(20)});
  publish(1);
  ASSERT_TRUE(first_.wait([](FakeSink& sink) { return sink.audits_ >= 3; }));
  EXPECT_EQ(reconciler_->sinks()[0].drift_repaired, 0U);
  first_.steer([](FakeSink& sink) { sink.drift_ = 3; });
  ASSERT_TRUE(eventually([&] { return reconciler_->sinks()[0].drift_repaired == 3; }));
  EXPECT_EQ(reconciler_->sinks()[0].last_finding, "entry 2 was missing");
  EXPECT_EQ(reconciler_->sinks()[1].drift_repaired, 0U);
  EXPECT_EQ(reconciler_->sinks()[0].applies, 1U) << "an audit that finds nothing applies nothing";
}

TEST_F(ReconcilerTest, AFailedAuditAppliesAgain) {
  start({milliseconds(10), milliseconds(5), milliseconds(20)});
  publish(1);
  ASSERT_TRUE(first_.wait_for_revision(1));
  first_.steer([](FakeSink& sink) { sink.audit_failing_ = true; });
  ASSERT_TRUE(first_.wait([](FakeSink& sink) { return sink.applied_.size() >= 2; }));
  ASSERT_TRUE(eventually([&] { return reconciler_->sinks()[0].error.empty(); }));
  EXPECT_GE(reconciler_->sinks()[0].failures, 1U);
}

TEST_F(ReconcilerTest, WhatPilesUpDuringAnApplyIsAppliedOnce) {
  first_.blocked_ = true;
  start();
  publish(1);
  ASSERT_TRUE(first_.wait([](FakeSink& sink) { return sink.entered_; }));
  for (uint64_t revision = 2; revision <= 100; ++revision) {
    publish(revision);
    result("m1", revision % 2 ? HealthState::kUnhealthy : HealthState::kHealthy);
  }
  first_.steer([](FakeSink& sink) { sink.blocked_ = false; });
  ASSERT_TRUE(first_.wait_for_revision(100));
  ASSERT_TRUE(second_.wait_for_revision(100));
  reconciler_->stop();
  EXPECT_EQ(first_.applied_.size(), 2U);
  EXPECT_TRUE(usable(first_.last(), "m1")) << "the newest result counts";
}

TEST_F(ReconcilerTest, NoHealthEventIsLostHoweverMany) {
  first_.blocked_ = true;
  for (int i = 0; i < 300; ++i)
    put(model_, test::sample_member(fmt::format("x{}", i), "p1", fmt::format("10.3.{}.{}", i / 200, i % 200 + 1)));
  start();
  publish(1);
  ASSERT_TRUE(first_.wait([](FakeSink& sink) { return sink.entered_; }));
  for (int round = 0; round < 300; ++round)
    for (int i = 0; i < 300; ++i)
      result(fmt::format("x{}", i), round % 2 ? HealthState::kHealthy : HealthState::kUnhealthy);
  first_.steer([](FakeSink& sink) { sink.blocked_ = false; });
  ASSERT_TRUE(eventually([&] {
    for (int i = 0; i < 300; ++i)
      if (reconciler_->member_health(fmt::format("x{}", i)).state != HealthState::kHealthy) return false;
    return true;
  }));
}

TEST_F(ReconcilerTest, StopInTheMiddleOfAnApplyWaitsForItAndBeginsNothing) {
  first_.blocked_ = true;
  start();
  publish(1);
  ASSERT_TRUE(first_.wait([](FakeSink& sink) { return sink.entered_; }));
  std::thread stopper([&] { reconciler_->stop(); });
  std::this_thread::sleep_for(milliseconds(20));
  first_.steer([](FakeSink& sink) { sink.blocked_ = false; });
  stopper.join();
  EXPECT_EQ(first_.applied_.size(), 1U);
  EXPECT_TRUE(second_.applied_.empty());
  publish(2);
  result("m1", HealthState::kHealthy);
  EXPECT_EQ(first_.applied_.size(), 1U);
}

TEST_F(ReconcilerTest, StopWithoutStartAndTwice) {
  Reconciler idle(clock_, {&first_});
  idle.stop();
  start();
  reconciler_->stop();
  reconciler_->stop();
}

}  // namespace
}  // namespace elb::control
