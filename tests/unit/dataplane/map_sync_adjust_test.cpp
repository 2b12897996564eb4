// SPDX-License-Identifier: Apache-2.0
// adjust() must leave in the maps what plan() and commit() leave there. Shows: GEN-09, MB-07, PL-04, PL-07, PL-09.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/map_sync.h"
#include "harness/fake_map_port.h"
#include "harness/seeded_random.h"
#include "harness/snapshot_builder.h"

namespace elb::dataplane {
namespace {

using test::member;
using test::SnapshotBuilder;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr TickRate kRate{250, 7};

DataplaneOptions options() {
  DataplaneOptions options;
  options.interfaces = {"eth0"};
  options.local_addresses = *Cidr::parse("100.125.0.0/24");
  options.max_listeners = 8;
  options.max_members = 64;
  return options;
}

struct Side {
  void apply(const model::Snapshot& snapshot) {
    auto desired = sync.plan(snapshot, usage);
    ASSERT_TRUE(desired) << desired.error().to_string();
    const auto writes = sync.commit(std::move(*desired), begun);
    ASSERT_TRUE(writes) << writes.error().to_string();
  }

  test::FakeMapPort port;
  const Usage usage;
  const std::function<uint64_t()> begun = [] { return uint64_t{0}; };
  MapSync sync{port, options(), kRate};
};

bool same_maps(const test::FakeMapPort& one, const test::FakeMapPort& other) {
  return one.rings == other.rings && one.members.size() == other.members.size() &&
         std::ranges::equal(one.members, other.members, [](const auto& a, const auto& b) {
           return a.first == b.first && same(a.second, b.second);
         });
}

/// Three listeners on two pools, and a pool of an HTTP listener.
model::Snapshot start() {
  auto snapshot = SnapshotBuilder()
                      .listener(1, {member(1), member(2), member(3)})
                      .listener(2, {member(4), member(5)})
                      .listener_with_pool(3, 1)
                      .listener(4, {member(6)})
                      .build();
  snapshot.listeners[3].protocol = model::Protocol::kHttp;
  snapshot.listeners[3].http.emplace();
  return snapshot;
}

class MapSyncAdjustTest : public testing::Test {
 protected:
  MapSyncAdjustTest() {
    ours.apply(now);
    theirs.apply(now);
    ours.port.take_log();
  }

  Side ours, theirs;
  model::Snapshot now = start();
};

TEST_F(MapSyncAdjustTest, RandomWeightsAndHealthLeaveWhatAWholePlanLeaves) {
  test::SeededRandom random(11);
  size_t ringless = 0, writes = 0;
  for (int step = 0; step < 1000; ++step) {
    SCOPED_TRACE(step);
    const model::Snapshot before = now;
    for (size_t pool = 0; pool < now.pools.size(); ++pool) {
      if (random.next() % 2 == 0) continue;
      for (auto& one : now.pools[pool].members) {
        one.weight = static_cast<uint16_t>(random.next() % 4);
        one.usable = one.weight > 0 && random.next() % 3 > 0;
      }
    }
    const auto adjusted = ours.sync.adjust(before, now);
    ASSERT_TRUE(adjusted);
    ASSERT_TRUE(*adjusted) << "only weights and usability changed";
    writes += **adjusted;
    theirs.apply(now);
    ASSERT_TRUE(same_maps(ours.port, theirs.port));
    ringless += ours.port.rings.size() < 3 ? 1 : 0;
  }
  EXPECT_GT(ringless, 10U);
  EXPECT_EQ(writes, ours.port.log.size());
  ours.port.take_log();
  ours.apply(now);
  EXPECT_THAT(ours.port.log, IsEmpty()) << "a whole plan finds nothing left to do";
}

TEST_F(MapSyncAdjustTest, ARingIsReplacedBeforeItsMemberIsLost) {
  const model::Snapshot before = now;
  now.pools[0].members[0].usable = false;
  now.pools[0].members[1].weight = 2;
  const auto adjusted = ours.sync.adjust(before, now);
  ASSERT_TRUE(adjusted && *adjusted);
  EXPECT_THAT(ours.port.take_log(), ElementsAre("put member 2", "put ring 0", "put member 1"));
}

TEST_F(MapSyncAdjustTest, WhatIsNotAboutWeightsIsLeftToTheWholePlan) {
  const auto left = [this](auto change) {
    model::Snapshot changed = now;
    change(changed);
    const auto adjusted = ours.sync.adjust(now, changed);
    EXPECT_TRUE(adjusted);
    return adjusted && !*adjusted;
  };
  EXPECT_TRUE(left([](auto& snapshot) { snapshot.pools[0].members.pop_back(); }));
  EXPECT_TRUE(left([](auto& snapshot) { snapshot.pools[0].members.push_back(member(9)); }));
  EXPECT_TRUE(left([](auto& snapshot) { snapshot.pools[0].members[0].endpoint.port = 1; }));
  EXPECT_TRUE(left([](auto& snapshot) { snapshot.parked_members = {test::member_id(9)}; }));
  EXPECT_TRUE(left([](auto& snapshot) { snapshot.listeners[0].toa = true; }));
  EXPECT_THAT(ours.port.log, IsEmpty());
  EXPECT_FALSE(left([](auto& snapshot) { snapshot.pools[0].members[0].weight = 3; }));
}

TEST_F(MapSyncAdjustTest, AddressesWithoutAnyListenerAreLeftToTheWholePlan) {
  model::Snapshot before;
  ours.apply(before);
  const auto adjust_to = [&](auto change) {
    model::Snapshot after = before;
    change(after);
    const auto adjusted = ours.sync.adjust(before, after);
    return adjusted && adjusted->has_value();
  };
  EXPECT_TRUE(adjust_to([](model::Snapshot&) {}));
  EXPECT_FALSE(adjust_to([](model::Snapshot& after) { after.vips = {*IpAddress::parse("192.0.2.9")}; }));
  EXPECT_FALSE(adjust_to([](model::Snapshot& after) { after.bandwidths = {{*IpAddress::parse("192.0.2.9"), 5}}; }));
}

TEST_F(MapSyncAdjustTest, AFailureIsMendedByTheWholePlan) {
  const model::Snapshot before = now;
  now.pools[0].members[0].weight = 7;
  now.pools[1].members[0].usable = false;
  ours.port.writes_until_failure = 1;
  EXPECT_FALSE(ours.sync.adjust(before, now));
  ours.port.writes_until_failure = -1;
  ours.apply(now);
  theirs.apply(now);
  EXPECT_TRUE(same_maps(ours.port, theirs.port));
}

TEST_F(MapSyncAdjustTest, PoolsOfTheProxyConcernNoMap) {
  const model::Snapshot before = now;
  now.pools[2].members[0].weight = 7;
  const auto adjusted = ours.sync.adjust(before, now);
  ASSERT_TRUE(adjusted && *adjusted);
  EXPECT_EQ(**adjusted, 0U);
  EXPECT_THAT(ours.port.log, IsEmpty());
}

}  // namespace
}  // namespace elb::dataplane
