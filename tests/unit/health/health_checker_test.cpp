// SPDX-License-Identifier: Apache-2.0
// Shows: HC-05, HC-15, HC-18.
//
// The whole executor in real time: its thread and its sink face.
#include "health/health_checker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "harness/loopback.h"

namespace elb::health {
namespace {

using model::HealthEvent;
using model::HealthState;
using std::chrono::duration;
using std::chrono::seconds;

class HealthCheckerTest : public testing::Test {
 protected:
  HealthCheckerTest()
      : checker_(clock_, random_, *IpAddress::parse("127.0.0.9"), [this](HealthEvent event) {
          const std::lock_guard lock(mutex_);
          times_[event.member_id].push_back(clock_.steady());
          last_[event.member_id] = std::move(event.health);
          changed_.notify_all();
        }) {}

  static model::SnapshotPool pool_of(std::vector<Endpoint> members) {
    model::SnapshotPool pool;
    pool.id = "pool";
    pool.monitor = model::SnapshotMonitor{"monitor", model::MonitorType::kTcp, 1, 1, 2, 2, std::nullopt};
    for (const Endpoint& endpoint : members) {
      model::SnapshotMember member;
      member.id = endpoint.to_string();
      member.endpoint = endpoint;
      pool.members.push_back(member);
    }
    return pool;
  }

  Result<model::Applied> apply(std::vector<model::SnapshotPool> pools) {
    auto snapshot = std::make_shared<model::Snapshot>();
    snapshot->generation = ++generation_;
    for (model::SnapshotPool& pool : pools) snapshot->pools.push_back(std::move(pool));
    return checker_.apply(snapshot);
  }

  bool wait_for(const model::Id& id, HealthState state, seconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return last_.contains(id) && last_[id].state == state; });
  }

  SystemClock clock_;
  SystemRandom random_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<model::Id, std::vector<SteadyTime>> times_;
  std::map<model::Id, model::Health> last_;
  uint64_t generation_ = 0;
  HealthChecker checker_;  // last: its thread ends first
};

TEST_F(HealthCheckerTest, HC18_FindsDeathAndRecoveryInTime) {
  ASSERT_TRUE(checker_.start());
  test::LoopbackMember member;
  const model::Id id = member.endpoint().to_string();
  ASSERT_TRUE(apply({pool_of({member.endpoint()})}));
  ASSERT_TRUE(wait_for(id, HealthState::kHealthy, seconds(2)));

  member.close();
  const SteadyTime died = clock_.steady();
  ASSERT_TRUE(wait_for(id, HealthState::kUnhealthy, seconds(10)));
  EXPECT_LE(duration<double>(clock_.steady() - died).count(), 1.0 * 2 + 1);

  member.reopen();
  const SteadyTime rose = clock_.steady();
  ASSERT_TRUE(wait_for(id, HealthState::kHealthy, seconds(10)));
  EXPECT_LE(duration<double>(clock_.steady() - rose).count(), 1.0 * 2 + 1);
}

TEST_F(HealthCheckerTest, WritesCountChangedTargetsOnly) {
  const Endpoint a{*IpAddress::parse("127.0.0.1"), 1}, b{*IpAddress::parse("127.0.0.2"), 1};
  EXPECT_EQ(apply({pool_of({a, b})})->writes, 2U);
  const auto again = apply({pool_of({a, b})});
  EXPECT_EQ(again->writes, 0U) << "a pass without changes does nothing";
  EXPECT_EQ(again->generation, 2U);
  auto slower = pool_of({a, b});
  slower.monitor->delay_s = 9;
  EXPECT_EQ(apply({slower})->writes, 2U);
  EXPECT_EQ(apply({pool_of({a})})->writes, 2U) << "one changed, one removed";
  auto unmonitored = pool_of({a});
  unmonitored.monitor.reset();
  EXPECT_EQ(apply({unmonitored})->writes, 1U);
}

TEST_F(HealthCheckerTest, HC15_DisabledMonitorEndsChecks) {
  ASSERT_TRUE(checker_.start());
  test::LoopbackMember member;
  const model::Id id = member.endpoint().to_string();
  ASSERT_TRUE(apply({pool_of({member.endpoint()})}));
  ASSERT_TRUE(wait_for(id, HealthState::kHealthy, seconds(2)));
  auto unmonitored = pool_of({member.endpoint()});
  unmonitored.monitor.reset();
  ASSERT_TRUE(apply({unmonitored}));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto checks = [&] {
    const std::lock_guard lock(mutex_);
    return times_[id].size();
  };
  const size_t before = checks();
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_EQ(checks(), before);
}

TEST_F(HealthCheckerTest, NoEventComesAfterStop) {
  ASSERT_TRUE(checker_.start());
  test::LoopbackMember member;
  ASSERT_TRUE(apply({pool_of({member.endpoint()})}));
  ASSERT_TRUE(wait_for(member.endpoint().to_string(), HealthState::kHealthy, seconds(2)));
  checker_.stop();
  checker_.stop();
  times_.clear();  // no lock: nobody else is there any more
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  EXPECT_TRUE(times_.empty());
}

TEST_F(HealthCheckerTest, RefusesWhenItsMailboxIsFullAndTakesItLater) {
  const Endpoint a{*IpAddress::parse("127.0.0.1"), 1};
  Result<model::Applied> result = model::Applied{};
  for (int i = 0; result && i < 100'000; ++i) {  // nobody empties it: not started
    auto pool = pool_of({a});
    pool.monitor->delay_s = 1 + i % 2;
    result = apply({pool});
  }
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  ASSERT_TRUE(checker_.start());
  for (int i = 0; !result && i < 100; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    result = apply({pool_of({})});
  }
  ASSERT_TRUE(result);
  EXPECT_EQ(result->writes, 1U) << "what was refused counts as not applied";
}

// The scripted clock shows the rhythm exactly (prober_test.cpp); here the whole executor in real time, with so little
// work that a busy machine can keep up.
TEST_F(HealthCheckerTest, HC05_ManyMembersKeepTheirPeriod) {
  constexpr uint32_t kMembers = 200;
  ASSERT_TRUE(checker_.start());
  test::LoopbackMember everywhere("0.0.0.0");
  std::vector<Endpoint> members;
  for (uint32_t i = 0; i < kMembers; ++i)
    members.push_back({IpAddress::from_v4_host(0x7F010001 + i), everywhere.endpoint().port});
  ASSERT_TRUE(apply({pool_of(members)}));
  std::this_thread::sleep_for(std::chrono::milliseconds(4500));
  ASSERT_TRUE(apply({}));
  const std::lock_guard lock(mutex_);
  ASSERT_EQ(last_.size(), kMembers);
  std::vector<double> periods;
  for (const auto& [id, health] : last_) ASSERT_EQ(health.state, HealthState::kHealthy) << id << ' ' << health.reason;
  for (const auto& [id, times] : times_)
    for (size_t i = 1; i < times.size(); ++i) periods.push_back(duration<double>(times[i] - times[i - 1]).count());
  ASSERT_GT(periods.size(), 2U * kMembers);
  std::sort(periods.begin(), periods.end());
  // The ends of the distribution show the machine's scheduling, so nine tenths are held to the promise.
  EXPECT_GE(periods[periods.size() / 20], 0.9 - 0.02);
  EXPECT_LE(periods[periods.size() - periods.size() / 20 - 1], 1.0 + 0.1);
}

}  // namespace
}  // namespace elb::health
