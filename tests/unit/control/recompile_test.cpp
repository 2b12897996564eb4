// SPDX-License-Identifier: Apache-2.0
// What is made from the snapshot before must be what is made anew, whatever happens to the members.
// Shows: GEN-09, MB-05, MB-06, MB-07, PL-08, PL-09.
#include "control/recompile.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>

#include "control/health_book.h"
#include "harness/seeded_random.h"
#include "unit/model/samples.h"

namespace elb::control {
namespace {

using model::Health;
using model::HealthState;
using model::Model;
using model::Snapshot;
using test::put;

/// Everything about pools and members that an executor can see.
std::string text_of(const Snapshot& snapshot) {
  std::string text = fmt::format("{} {}\n", snapshot.generation, snapshot.revision);
  for (const model::SnapshotPool& pool : snapshot.pools) {
    text += fmt::format("{} {}\n", pool.id, pool.monitor ? pool.monitor->id : "-");
    for (const model::SnapshotMember& member : pool.members)
      text += fmt::format("  {} {} weight {} {} {} {} {}\n", member.id, member.endpoint.to_string(), member.weight,
                          member.usable ? "usable" : "-", member.backup ? "backup" : "-",
                          static_cast<int>(member.health.state), member.health.reason);
  }
  for (const model::Id& id : snapshot.parked_members) text += "parked " + id + "\n";
  for (const model::SnapshotListener& listener : snapshot.listeners)
    text += fmt::format("{} {}\n", listener.id, listener.pool ? static_cast<int>(*listener.pool) : -1);
  return text;
}

/// Pools p1 to p3 serve, p4 is nobody's and p5 is switched off; h1 and h2 watch p1 and p4.
Model crowded_model() {
  Model model;
  put(model, test::sample_load_balancer("lb1"));
  for (int i = 1; i <= 5; ++i) {
    model::Pool pool = test::sample_pool(fmt::format("p{}", i), "lb1");
    pool.admin_state_up = i != 5;
    put(model, pool);
    if (i == 4) continue;
    model::Listener listener = test::sample_listener(fmt::format("l{}", i), "lb1", static_cast<uint16_t>(80 + i));
    listener.default_pool_id = pool.id;
    put(model, listener);
  }
  put(model, test::sample_monitor("h1", "p1"));
  put(model, test::sample_monitor("h2", "p4"));
  model.revision = 1;
  return model;
}

class RecompileTest : public testing::Test {
 protected:
  RecompileTest() {
    snapshot_ = compile(model_, unknown_, ++generation_);
    book_.follow(model_, snapshot_, now_);
    afresh_.follow(model_, snapshot_, now_);
  }

  int below(int limit) { return static_cast<int>(random_.next() % static_cast<uint64_t>(limit)); }

  void change_some_member() {
    const model::Id id = fmt::format("m{:02}", below(40));
    if (model_.members.contains(id) && below(4) == 0) {
      model_.members.erase(id);
      return;
    }
    model::Member member =
        test::sample_member(id, fmt::format("p{}", 1 + below(5)), fmt::format("10.0.1.{}", 1 + below(200)));
    if (const auto known = model_.members.find(id); known != model_.members.end() && below(4) > 0)
      member = *known->second;
    member.weight = below(4);
    member.backup = below(3) == 0;
    member.admin_state_up = below(5) > 0;
    put(model_, member);
  }

  std::vector<model::Id> turn_some_members() {
    std::vector<model::Id> turned;
    for (const auto& [id, member] : model_.members) {
      if (below(6) != 0) continue;
      const Health health{below(2) == 0 ? HealthState::kHealthy : HealthState::kUnhealthy,
                          fmt::format("reason {}", below(100)), now_, now_, 1};
      const bool one = book_.update({id, health}, now_), other = afresh_.update({id, health}, now_);
      EXPECT_EQ(one, other) << id;
      if (one) turned.push_back(id);
    }
    return turned;
  }

  const HealthLookup unknown_ = [](const model::Id&) { return Health{}; };
  test::SeededRandom random_{7};
  Model model_ = crowded_model();
  HealthBook book_, afresh_;
  Snapshot snapshot_;
  uint64_t generation_ = 0;
  WallTime now_{std::chrono::seconds(1'700'000'000)};
};

TEST_F(RecompileTest, RandomChangesGiveWhatCompileGives) {
  size_t usable = 0, turns = 0;
  for (int step = 0; step < 2000; ++step) {
    SCOPED_TRACE(step);
    now_ += std::chrono::seconds(1);
    const Model before = model_;
    for (int i = below(4); i > 0; --i) change_some_member();
    model_.revision += 1;
    ASSERT_TRUE(only_members_differ(before, model_));
    book_.follow_members(before, snapshot_, model_, now_);
    afresh_.follow(model_, compile(model_, unknown_, 0), now_);
    const auto turned = turn_some_members();
    turns += turned.size();
    ++generation_;
    // What a check said last of a member that did not turn is not carried by recompile(): no executor looks at it.
    const auto health = [this](const model::Id& id) {
      const Health shown = book_.of(id);
      EXPECT_EQ(shown.reason, afresh_.of(id).reason);
      EXPECT_EQ(shown.since, afresh_.of(id).since);
      return Health{shown.state, "", shown.since, {}, -1};
    };
    const auto health_afresh = [this](const model::Id& id) {
      const Health shown = afresh_.of(id);
      return Health{shown.state, "", shown.since, {}, -1};
    };
    snapshot_ = recompile(snapshot_, before, model_, turned, health, generation_);
    ASSERT_EQ(text_of(snapshot_), text_of(compile(model_, health_afresh, generation_)));
    for (const model::SnapshotPool& pool : std::as_const(snapshot_).pools)
      usable += static_cast<size_t>(std::ranges::count_if(pool.members, &model::SnapshotMember::usable));
  }
  EXPECT_GT(usable, 2000U);
  EXPECT_GT(turns, 500U);
}

TEST_F(RecompileTest, SharesWhatIsNobodysBusiness) {
  put(model_, test::sample_member("m1", "p1"));
  put(model_, test::sample_member("m2", "p2", "10.0.1.2"));
  const Snapshot before = compile(model_, unknown_, 1);
  Model after = model_;
  model::Member heavier = *after.members.at("m2");
  heavier.weight = 9;
  put(after, heavier);
  const Snapshot now = recompile(before, model_, after, {}, unknown_, 2);
  EXPECT_TRUE(model::differs_in_members_only(before, now));
  EXPECT_TRUE(now.pools.shares(before.pools, 0));
  EXPECT_FALSE(now.pools.shares(before.pools, 1));
  EXPECT_TRUE(now.pools.shares(before.pools, 2));
  EXPECT_EQ(std::as_const(before).pools[1].members[0].weight, 1) << "the snapshot before is as it was";
  EXPECT_EQ(std::as_const(now).pools[1].members[0].weight, 9);
  EXPECT_FALSE(model::differs_in_members_only(before, compile(after, unknown_, 2)));
}

TEST_F(RecompileTest, AnythingElseIsMadeAnew) {
  const auto differs = [this](const auto& resource) {
    Model after = model_;
    put(after, resource);
    return !only_members_differ(model_, after);
  };
  EXPECT_FALSE(differs(test::sample_member("m9", "p1")));
  EXPECT_TRUE(differs(test::sample_load_balancer("lb9", "10.0.0.99")));
  EXPECT_TRUE(differs(test::sample_listener("l9", "lb1", 99)));
  EXPECT_TRUE(differs(test::sample_pool("p9", "lb1")));
  EXPECT_TRUE(differs(test::sample_monitor("h9", "p2")));
  EXPECT_TRUE(differs(test::sample_certificate("c9")));
}

}  // namespace
}  // namespace elb::control
