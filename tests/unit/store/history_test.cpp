// SPDX-License-Identifier: Apache-2.0
// The history that commits leave, over a real file.
#include "store/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/record.h"
#include "store/store.h"
#include "unit/model/samples.h"
#include "unit/store/temp_dir.h"

namespace elb::store {
namespace {

using model::Change;
using model::Erase;
using model::Kind;
using model::Put;

class HistoryTest : public testing::Test {
 protected:
  explicit HistoryTest(uint64_t kept = kRevisionsKept)
      : store_(*open_sqlite(path_, kept)), history_(*open_history(path_)) {}

  void commit(const std::vector<Change>& changes, const Origin& origin = {}) {
    const auto revision = store_->commit(revision_, changes, origin);
    ASSERT_TRUE(revision) << revision.error().to_string();
    revision_ = *revision;
  }
  void put_name(const std::string& name) {
    auto lb = test::sample_load_balancer("lb1", "10.0.0.1");
    lb.name = name;
    commit({Put{lb}});
  }
  std::vector<uint64_t> numbers(const RevisionFilter& filter) {
    std::vector<uint64_t> out;
    const auto list = history_->list(filter);
    EXPECT_TRUE(list) << list.error().to_string();
    if (list)
      for (const Revision& one : *list) out.push_back(one.number);
    return out;
  }

  test::TempDir dir_;
  const std::string path_ = dir_.file("elb.db");
  std::unique_ptr<Store> store_;
  std::unique_ptr<History> history_;
  uint64_t revision_ = 0;
};

class ShortHistoryTest : public HistoryTest {
 protected:
  ShortHistoryTest() : HistoryTest(3) {}
};

TEST_F(HistoryTest, ACommitLeavesItsNumberAuthorAndCount) {
  auto lb = test::sample_load_balancer("lb1", "10.0.0.1");
  lb.project_id = "shop";
  commit({Put{lb}},
         {.user_id = "t-1", .user_name = "deploy", .project_id = "shop", .call = "POST /v1/apply", .time_ms = 5});
  const auto found = history_->find(1, std::nullopt);
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->origin.user_id, "t-1");
  EXPECT_EQ(found->origin.user_name, "deploy");
  EXPECT_EQ(found->origin.project_id, "shop");
  EXPECT_EQ(found->origin.call, "POST /v1/apply");
  EXPECT_EQ(found->origin.time_ms, 5);
  EXPECT_EQ(found->changes, 1U);
  EXPECT_TRUE(history_->find(1, "shop"));
  EXPECT_EQ(history_->find(1, "bank").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(history_->find(2, std::nullopt).error().message, "revision 2 does not exist yet, the newest is 1");
}

TEST_F(HistoryTest, TheListIsNewestFirstAndInPages) {
  for (const char* name : {"a", "b", "c"}) put_name(name);
  EXPECT_THAT(numbers({}), testing::ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(numbers({.limit = 2}), testing::ElementsAre(3, 2));
  EXPECT_THAT(numbers({.before = 2}), testing::ElementsAre(1, 0));
  EXPECT_THAT(numbers({.project_id = "nobody"}), testing::IsEmpty());
  EXPECT_EQ(history_->find(0, std::nullopt)->changes, 0U) << "the beginning";
}

TEST_F(HistoryTest, TheFirstCommitAfterARevisionTellsWhatWasThere) {
  for (const char* name : {"a", "b", "c"}) put_name(name);
  commit({Erase{Kind::kLoadBalancer, "lb1"}});
  const std::vector<std::string> names = {"", "a", "b", "c"};
  for (uint64_t number = 0; number < 4; ++number) {
    const auto pasts = history_->at(number, std::nullopt);
    ASSERT_TRUE(pasts) << pasts.error().to_string();
    ASSERT_EQ(pasts->size(), 1U);
    EXPECT_EQ(pasts->front().id, "lb1");
    ASSERT_EQ(pasts->front().resource.has_value(), number > 0);
    if (number == 0) continue;
    EXPECT_EQ(std::get<model::LoadBalancer>(*pasts->front().resource).name, names[number]);
  }
  EXPECT_TRUE(history_->at(4, std::nullopt)->empty());
  EXPECT_TRUE(history_->at(0, "nobody")->empty());
}

TEST_F(HistoryTest, ARefusedCommitLeavesNothing) {
  put_name("a");
  EXPECT_FALSE(store_->commit(0, std::vector<Change>{Put{test::sample_load_balancer("lb2", "10.0.0.2")}}));
  EXPECT_FALSE(store_->commit(1, std::vector<Change>{Erase{Kind::kMember, "none"}}));
  EXPECT_THAT(numbers({}), testing::ElementsAre(1, 0));
}

TEST_F(ShortHistoryTest, OnlyTheNewestAreKept) {
  for (const char* name : {"a", "b", "c", "d", "e"}) put_name(name);
  EXPECT_THAT(numbers({}), testing::ElementsAre(5, 4, 3));
  EXPECT_TRUE(history_->at(2, std::nullopt)) << "what the oldest changed tells what was before it";
  EXPECT_EQ(history_->at(1, std::nullopt).error().message, "revision 1 is not kept any more, the oldest is 3");
  EXPECT_EQ(history_->find(2, std::nullopt).error().code, ErrorCode::kNotFound);
  const auto pasts = history_->at(3, std::nullopt);
  ASSERT_TRUE(pasts && pasts->size() == 1);
  EXPECT_EQ(std::get<model::LoadBalancer>(*pasts->front().resource).name, "c");
  EXPECT_TRUE(store_->check());
}

TEST_F(HistoryTest, LargeRevisionsPushOldOnesOut) {
  for (const char* name : {"a", "b", "c", "d"}) put_name(name);
  auto db = Db::open(path_, kBusyTimeoutMs);
  ASSERT_TRUE(db);
  ASSERT_TRUE(prune_history(*db, 4, 1000, 2));
  EXPECT_THAT(numbers({}), testing::ElementsAre(4, 3));
  ASSERT_TRUE(prune_history(*db, 4, 1000, 0)) << "the newest stays, however large it is";
  EXPECT_THAT(numbers({}), testing::ElementsAre(4));
}

/// A column that a later schema has added is not in what was written before: the table's default stands for it.
TEST_F(HistoryTest, WhatAnOlderSchemaWroteTakesTheDefaults) {
  const model::Model sample = test::sample_model();
  std::vector<Change> changes;
  for (const auto& [id, lb] : sample.load_balancers) changes.emplace_back(Put{*lb});
  for (const auto& [id, pool] : sample.pools) changes.emplace_back(Put{*pool});
  for (const auto& [id, listener] : sample.listeners) changes.emplace_back(Put{*listener});
  commit(changes);
  model::Listener listener = *sample.listeners.begin()->second;
  listener.name = "other";
  commit({Put{listener}});
  auto db = Db::open(path_, kBusyTimeoutMs);
  ASSERT_TRUE(db);
  ASSERT_TRUE(
      db->exec("UPDATE revision_change SET before = json_remove(before, '$.connection_limit', '$.toa', "
               "'$.tls_policy', '$.request_rate')"));
  const auto pasts = history_->at(1, std::nullopt);
  ASSERT_TRUE(pasts) << pasts.error().to_string();
  ASSERT_EQ(pasts->size(), 1U);
  EXPECT_EQ(std::get<model::Listener>(*pasts->front().resource), *sample.listeners.begin()->second);
}

}  // namespace
}  // namespace elb::store
