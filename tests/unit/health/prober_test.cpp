// SPDX-License-Identifier: Apache-2.0
// Shows: HC-05, HC-06, HC-08, HC-10, HC-17, HC-18, HC-19.
//
// The schedule with a scripted clock and real sockets on loopback: the clock moves in steps of 10 ms, and after each
// step the loop handles what the kernel has answered, which on loopback is there at once.
#include "health/prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <map>
#include <optional>
#include <vector>

#include "harness/loopback.h"
#include "harness/manual_clock.h"
#include "harness/seeded_random.h"

namespace elb::health {
namespace {

using model::HealthEvent;
using model::HealthState;
using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr milliseconds kStep(10);

class ProberTest : public testing::Test {
 protected:
  struct Seen {
    double at = 0;  // seconds since the test began
    WallTime wall{};
    HealthEvent event;
  };

  ProberTest() { use_source("127.0.0.9"); }

  void use_source(const char* source, size_t in_flight_max = 1000) {
    prober_.emplace(loop_, clock_, random_, *IpAddress::parse(source), in_flight_max, [this](HealthEvent event) {
      seen_.push_back({now(), clock_.wall(), std::move(event)});
    });
  }

  double now() const { return duration<double>(clock_.steady() - begin_).count(); }

  Target target(const test::LoopbackMember& member, int delay_s = 1, int timeout_s = 1, int rise = 3, int fall = 3) {
    return {member.endpoint(), seconds(delay_s), seconds(timeout_s), rise, fall};
  }

  void put(const model::Id& id, const Target& wanted) { prober_->apply({{{id, wanted}}, {}}); }

  void pass(milliseconds time) {
    for (milliseconds done(0); done < time; done += kStep) {
      clock_.advance(kStep);
      loop_.run_once(milliseconds(0));  // timers: checks begin
      loop_.run_once(milliseconds(0));  // answers
    }
  }

  /// Lets time pass until `count` further events have come, at most a minute for each.
  void pass_until_events(size_t count) {
    const size_t wanted = seen_.size() + count;
    for (size_t i = 0; i < count * 6000 && seen_.size() < wanted; ++i) pass(kStep);
    ASSERT_GE(seen_.size(), wanted);
  }

  HealthState state() const { return seen_.back().event.health.state; }
  std::string reason() const { return seen_.back().event.health.reason; }

  test::ManualClock clock_;
  const SteadyTime begin_ = clock_.steady();
  test::SeededRandom random_{3};
  io::EventLoop loop_{clock_};
  std::vector<Seen> seen_;
  std::optional<Prober> prober_;
};

TEST_F(ProberTest, HC10_ListeningPortIsHealthyAfterOneCheck) {  // HC-12 too: max_retries is 10
  test::LoopbackMember member;
  put("a", target(member, 5, 3, 10, 10));
  pass(seconds(1));
  ASSERT_EQ(seen_.size(), 1U) << "the first check comes within a second";
  EXPECT_EQ(seen_[0].event.member_id, "a");
  EXPECT_EQ(state(), HealthState::kHealthy);
  EXPECT_EQ(reason(), "");
  EXPECT_GE(seen_[0].event.health.latency_us, 0);
  EXPECT_EQ(seen_[0].event.health.checked, seen_[0].wall);
}

TEST_F(ProberTest, HC10_ClosedPortIsUnhealthyWithItsReason) {
  test::LoopbackMember member;
  member.close();
  put("a", target(member));
  pass_until_events(1);
  EXPECT_EQ(state(), HealthState::kUnhealthy);
  EXPECT_EQ(reason(), "connection refused");
  EXPECT_EQ(seen_[0].event.health.latency_us, -1);
}

TEST_F(ProberTest, HC10_HC06_SilentPortFailsAfterTheTimeout) {
  test::LoopbackMember member;
  member.stop_answering();
  put("a", target(member, 5, 3));
  while (prober_->in_flight() == 0) pass(kStep);
  const double started = now();
  pass_until_events(1);
  EXPECT_NEAR(now() - started, 3.0, 0.011);
  EXPECT_EQ(state(), HealthState::kUnhealthy);
  EXPECT_EQ(reason(), "timed out after 3 s");
  EXPECT_EQ(prober_->in_flight(), 0U);
}

TEST_F(ProberTest, HC17_ChecksComeFromTheSourceAddress) {
  test::LoopbackMember member;
  put("a", target(member));
  pass_until_events(1);
  EXPECT_EQ(member.accept_one().address.to_string(), "127.0.0.9");
}

TEST_F(ProberTest, HC05_PeriodIsTheIntervalWithinTenPercent) {
  test::LoopbackMember member;
  put("a", target(member, 5, 3));
  pass_until_events(200);
  double shortest = 100, longest = 0;
  for (size_t i = 1; i < seen_.size(); ++i) {
    shortest = std::min(shortest, seen_[i].at - seen_[i - 1].at);
    longest = std::max(longest, seen_[i].at - seen_[i - 1].at);
  }
  EXPECT_GE(shortest, 4.5 - 0.011);
  EXPECT_LE(longest, 5.0 + 0.011) << "never longer, or HC-18 could not be kept";
  EXPECT_GT(longest - shortest, 0.3) << "X-5: jittered";
}

TEST_F(ProberTest, HC05_PeriodHoldsWhenEveryCheckTimesOut) {
  test::LoopbackMember member;
  member.stop_answering();
  put("a", target(member, 2, 2));  // the next check is due before the last has failed: they never overlap
  pass_until_events(1);
  for (int i = 0; i < 1000; ++i) {
    pass(kStep);
    ASSERT_LE(prober_->in_flight(), 1U);
  }
  for (size_t i = 1; i < seen_.size(); ++i) EXPECT_NEAR(seen_[i].at - seen_[i - 1].at, 2.0, 0.031);
  EXPECT_GE(seen_.size(), 5U);
}

TEST_F(ProberTest, X5_FirstChecksOfManyMembersAreSpreadOverASecond) {
  test::LoopbackMember member;
  Changes changes;
  for (int i = 0; i < 500; ++i) changes.put.emplace_back("m" + std::to_string(i), target(member, 5, 3));
  prober_->apply(changes);
  pass(seconds(1));
  ASSERT_EQ(seen_.size(), 500U);
  std::vector<int> tenths(11);
  for (const Seen& seen : seen_) ++tenths[static_cast<size_t>(seen.at * 10)];
  for (int i = 0; i < 10; ++i) EXPECT_GT(tenths[static_cast<size_t>(i)], 20) << i;
}

TEST_F(ProberTest, HC05_ThousandsOfMembersKeepTheirPeriod) {
  constexpr size_t kMembers = 3000;
  test::LoopbackMember everywhere("0.0.0.0");
  Changes changes;
  for (uint32_t i = 0; i < kMembers; ++i) {
    changes.put.emplace_back(std::to_string(i), target(everywhere));
    changes.put.back().second.endpoint.address = IpAddress::from_v4_host(0x7F010001 + i);
  }
  prober_->apply(changes);
  for (int i = 0; i < 300; ++i) {
    pass(kStep);
    while (everywhere.accept_one().port != 0) continue;  // its queue never fills
  }
  std::map<model::Id, std::vector<double>> times;
  for (const Seen& seen : seen_) {
    ASSERT_EQ(seen.event.health.state, HealthState::kHealthy) << seen.event.health.reason;
    times[seen.event.member_id].push_back(seen.at);
  }
  ASSERT_EQ(times.size(), kMembers);
  for (const auto& [id, at] : times) {
    ASSERT_GE(at.size(), 3U) << id;
    for (size_t i = 1; i < at.size(); ++i) {
      ASSERT_GE(at[i] - at[i - 1], 0.9 - 0.011) << id;
      ASSERT_LE(at[i] - at[i - 1], 1.0 + 0.021) << id;
    }
  }
}

TEST_F(ProberTest, HC08_HC18_FlipsAtTheNthResultAndInTime) {
  test::LoopbackMember member;
  put("a", target(member, 2, 1, 4, 3));
  pass_until_events(1);
  ASSERT_EQ(state(), HealthState::kHealthy);

  member.stop_answering();
  const double died = now();
  pass_until_events(1);
  EXPECT_EQ(reason(), "timed out after 1 s (failure 1 of 3)");
  pass_until_events(1);
  ASSERT_EQ(state(), HealthState::kHealthy) << "two of three";
  pass_until_events(1);
  ASSERT_EQ(state(), HealthState::kUnhealthy);
  EXPECT_LE(now() - died, 2.0 * 3 + 1 + 0.05);
  const WallTime since = seen_.back().event.health.since;

  member.close();
  member.reopen();
  const double rose = now();
  pass_until_events(3);
  ASSERT_EQ(state(), HealthState::kUnhealthy) << "three of four";
  EXPECT_EQ(reason(), "answers again (success 3 of 4)");
  EXPECT_EQ(seen_.back().event.health.since, since);
  pass_until_events(1);
  ASSERT_EQ(state(), HealthState::kHealthy);
  EXPECT_LE(now() - rose, 2.0 * 4 + 1 + 0.05);
  EXPECT_GT(seen_.back().event.health.since, since);
}

TEST_F(ProberTest, AdoptedAsHealthyStaysSoUntilFallFailures) {
  test::LoopbackMember member;
  member.close();
  Target adopted = target(member);
  adopted.initial = HealthState::kHealthy;
  put("a", adopted);
  pass_until_events(2);
  EXPECT_EQ(state(), HealthState::kHealthy);
  pass_until_events(1);
  EXPECT_EQ(state(), HealthState::kUnhealthy);
}

TEST_F(ProberTest, HC19_ShorterIntervalCountsWithinASecond) {
  test::LoopbackMember member;
  put("a", target(member, 50, 3));
  pass_until_events(1);
  pass(seconds(2));
  put("a", target(member, 1, 1));
  const double changed = now();
  pass_until_events(2);
  EXPECT_LE(now() - changed, 2.02);
  EXPECT_EQ(prober_->targets(), 1U);
}

TEST_F(ProberTest, HC19_StreamOfChangesKeepsTheRhythm) {
  test::LoopbackMember member;
  put("a", target(member, 5, 3));
  pass_until_events(1);
  for (int i = 0; i < 300; ++i) {
    put("a", target(member, 5, 3, 3 + i % 2));
    pass(milliseconds(100));
  }
  ASSERT_GE(seen_.size(), 6U);
  for (size_t i = 1; i < seen_.size(); ++i) {
    EXPECT_GE(seen_[i].at - seen_[i - 1].at, 4.5 - 0.02) << "no more checks than without changes";
    EXPECT_LE(seen_[i].at - seen_[i - 1].at, 5.0 + 0.02) << "and none is put off";
  }
}

TEST_F(ProberTest, HC19_SettingsThatChangeBeforeTheFirstCheckDoNotDelayIt) {
  test::LoopbackMember member;
  for (int i = 0; i < 11; ++i) {
    put("a", target(member, 5, 3, 3 + i % 2));
    pass(milliseconds(100));
  }
  EXPECT_EQ(seen_.size(), 1U);
}

TEST_F(ProberTest, HC19_ShorterTimeoutEndsTheCheckUnderWay) {
  test::LoopbackMember member;
  member.stop_answering();
  put("a", target(member, 50, 50));
  while (prober_->in_flight() == 0) pass(kStep);
  pass(seconds(2));
  put("a", target(member, 50, 1));
  pass(milliseconds(20));
  ASSERT_EQ(seen_.size(), 1U);
  EXPECT_EQ(reason(), "timed out after 1 s");
}

TEST_F(ProberTest, HC19_OtherPortIsCheckedSoonAndTheStateKept) {
  test::LoopbackMember member, other;
  other.close();
  put("a", target(member, 5, 3));
  pass_until_events(1);
  Target moved = target(member, 5, 3);
  moved.endpoint = other.endpoint();
  put("a", moved);
  pass(seconds(1));
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_EQ(state(), HealthState::kHealthy);
  EXPECT_EQ(reason(), "connection refused (failure 1 of 3)");
}

TEST_F(ProberTest, RemovedMemberIsForgottenEvenWithACheckUnderWay) {
  test::LoopbackMember silent, good;
  silent.stop_answering();
  put("a", target(silent, 5, 3));
  put("b", target(good, 5, 3));
  while (prober_->in_flight() == 0) pass(kStep);
  pass(seconds(1));
  seen_.clear();
  prober_->apply({{}, {"a", "b", "never there"}});
  EXPECT_EQ(prober_->targets(), 0U);
  EXPECT_EQ(prober_->in_flight(), 0U);
  pass(seconds(20));
  EXPECT_TRUE(seen_.empty());
}

TEST_F(ProberTest, R11_SteppedWallClockChangesNoSchedule) {
  test::LoopbackMember member;
  put("a", target(member, 2, 1));
  pass_until_events(1);
  for (const int hours : {24, -48, 24}) {
    clock_.step_wall(std::chrono::hours(hours));
    const double before = now();
    pass_until_events(3);
    EXPECT_GE(now() - before, 2 * 1.8 - 0.03);
    EXPECT_LE(now() - before, 3 * 2.0 + 0.03);
    EXPECT_EQ(state(), HealthState::kHealthy);
  }
}

// A process that was stopped wakes up with deadlines long past, and answers that had come in time.
TEST_F(ProberTest, R11_StallDoesNotTurnAnswersIntoTimeouts) {
  test::LoopbackMember member;
  Changes changes;
  for (int i = 0; i < 600; ++i) {  // more than the loop fetches in one pass
    changes.put.emplace_back("m" + std::to_string(i), target(member));
    changes.put.back().second.initial = HealthState::kHealthy;
    changes.put.back().second.fall = 1;
  }
  prober_->apply(changes);
  clock_.advance(seconds(1));
  loop_.run_once(milliseconds(0));  // all begin ...
  EXPECT_EQ(prober_->in_flight(), 600U);
  clock_.advance(seconds(60));  // ... and are looked at a minute later
  loop_.run_once(milliseconds(0));
  EXPECT_EQ(seen_.size(), 600U);
  for (const Seen& seen : seen_) EXPECT_EQ(seen.event.health.state, HealthState::kHealthy);
}

TEST_F(ProberTest, MissingSourceAddressIsTheNodesFault) {
  use_source("192.0.2.9");
  test::LoopbackMember member;
  Target adopted = target(member);
  adopted.initial = HealthState::kHealthy;
  adopted.fall = 1;
  put("a", adopted);
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  pass_until_events(5);
  const std::string log = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  EXPECT_EQ(state(), HealthState::kHealthy) << "not counted";
  EXPECT_THAT(reason(), HasSubstr("not checked: the source address is not configured"));
  EXPECT_EQ(seen_.back().event.health.checked, WallTime{});
  EXPECT_THAT(log, HasSubstr(member.endpoint().to_string()));
  EXPECT_EQ(log.find("health check of"), log.rfind("health check of")) << "logged once";
}

TEST_F(ProberTest, DescriptorExhaustionIsTheNodesFaultAndEnds) {
  test::LoopbackMember member;
  Target adopted = target(member);
  adopted.initial = HealthState::kHealthy;
  adopted.fall = 1;
  put("a", adopted);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  pass_until_events(2);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(state(), HealthState::kHealthy);
  EXPECT_THAT(reason(), HasSubstr("out of file descriptors"));
  pass_until_events(1);
  EXPECT_EQ(state(), HealthState::kHealthy);
  EXPECT_EQ(reason(), "");
}

TEST_F(ProberTest, SilentMembersTakeNoMoreDescriptorsThanAllowed) {
  use_source("127.0.0.9", 10);
  test::LoopbackMember silent;
  silent.stop_answering();
  Changes changes;
  for (int i = 0; i < 30; ++i) changes.put.emplace_back("m" + std::to_string(i), target(silent, 50, 50));
  prober_->apply(changes);
  pass(seconds(1));
  EXPECT_EQ(prober_->in_flight(), 10U);
  EXPECT_EQ(seen_.size(), 20U);
  for (const Seen& seen : seen_) EXPECT_EQ(seen.event.health.state, HealthState::kUnchecked);
}

}  // namespace
}  // namespace elb::health
