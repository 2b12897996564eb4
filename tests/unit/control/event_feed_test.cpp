// SPDX-License-Identifier: Apache-2.0
// The journal of events, and what one published model after another adds to it.
#include "control/event_feed.h"

#include <gtest/gtest.h>

#include <thread>

#include "harness/manual_clock.h"
#include "unit/model/samples.h"

namespace elb::control {
namespace {

class EventFeedTest : public testing::Test {
 protected:
  static Event event(const std::string& id, const std::string& project = "p") {
    Event one;
    one.id = id;
    one.project_id = project;
    return one;
  }
  static std::string ids(const EventJournal::Page& page) {
    std::string out;
    for (const auto& one : page.events) out += one->id + " ";
    return out;
  }

  test::ManualClock clock_;
  EventFeed feed_{clock_, 4};
  EventJournal& journal_ = feed_.journal();
  const uint64_t start_ = journal_.newest({}, 1).newest;
};

TEST_F(EventFeedTest, NumbersGrowByOneAndAPageTellsWhereTheNextBegins) {
  journal_.add({event("a"), event("b"), event("c")});
  const auto page = journal_.read(start_, {}, 2);
  EXPECT_EQ(ids(page), "a b ");
  EXPECT_EQ(page.events[0]->number, start_ + 1);
  EXPECT_EQ(page.next, start_ + 2);
  EXPECT_EQ(page.newest, start_ + 3);
  EXPECT_EQ(ids(journal_.read(page.next, {}, 2)), "c ");
  EXPECT_EQ(ids(journal_.read(start_ + 3, {}, 2)), "");
  EXPECT_EQ(ids(journal_.newest({}, 2)), "b c ");
}

TEST_F(EventFeedTest, WhatIsNotKeptAnyMoreOrOfAnotherRunIsGone) {
  journal_.add({event("a"), event("b"), event("c"), event("d")});
  EXPECT_FALSE(journal_.read(start_, {}, 9).gone);
  journal_.add({event("e")});
  const auto page = journal_.read(start_, {}, 9);
  EXPECT_TRUE(page.gone);
  EXPECT_EQ(page.oldest, start_ + 2);
  EXPECT_FALSE(journal_.read(start_ + 1, {}, 9).gone);
  EXPECT_TRUE(journal_.read(0, {}, 9).gone);
  EXPECT_TRUE(journal_.read(start_ + 6, {}, 9).gone);
}

TEST_F(EventFeedTest, AFilterSkipsButThePageGoesOn) {
  journal_.add({event("a", "p"), event("b", "q"), event("c", "p")});
  EventFilter filter;
  filter.project_id = "q";
  const auto page = journal_.read(start_, filter, 9);
  EXPECT_EQ(ids(page), "b ");
  EXPECT_EQ(page.next, start_ + 3);
  filter.kinds = {model::Kind::kPool};
  EXPECT_EQ(ids(journal_.read(start_, filter, 9)), "");
  filter = {.id = "c"};
  EXPECT_EQ(ids(journal_.read(start_, filter, 9)), "c ");
}

TEST_F(EventFeedTest, ModelsTellWhatWasCreatedUpdatedAndDeleted) {
  auto first = std::make_shared<model::Model>();
  auto lb = test::sample_load_balancer("lb1", "10.0.0.1");
  first->load_balancers[lb.id] = std::make_shared<const model::LoadBalancer>(lb);
  first->revision = 1;
  feed_.publish(first);
  EXPECT_EQ(journal_.newest({}, 9).events.size(), 0U);

  auto second = std::make_shared<model::Model>(*first);
  lb.name = "new";
  second->load_balancers[lb.id] = std::make_shared<const model::LoadBalancer>(lb);
  const auto pool = test::sample_pool("p1", "lb1");
  second->pools[pool.id] = std::make_shared<const model::Pool>(pool);
  second->revision = 2;
  feed_.publish(second);
  auto third = std::make_shared<model::Model>(*second);
  third->pools.erase("p1");
  third->revision = 3;
  feed_.publish(third);

  const auto page = journal_.newest({}, 9);
  ASSERT_EQ(ids(page), "lb1 p1 p1 ");
  EXPECT_EQ(page.events[0]->what, What::kUpdated);
  EXPECT_EQ(page.events[0]->name, "new");
  EXPECT_EQ(page.events[0]->revision, 2U);
  EXPECT_EQ(page.events[1]->what, What::kCreated);
  EXPECT_EQ(page.events[1]->kind, model::Kind::kPool);
  EXPECT_EQ(page.events[2]->what, What::kDeleted);
  EXPECT_EQ(page.events[2]->revision, 3U);
}

TEST_F(EventFeedTest, NotesAreGatheredUntilSomebodyComesForThem) {
  feed_.note({"m1"});
  feed_.note({"m1"});
  feed_.note({});
  EXPECT_EQ(feed_.await(), std::vector<model::Id>{"m1"});
  std::thread other([this] { feed_.note({"m2"}); });
  EXPECT_EQ(feed_.await(), std::vector<model::Id>{"m2"});
  other.join();
  feed_.stop();
  EXPECT_EQ(feed_.await(), std::nullopt);
}

}  // namespace
}  // namespace elb::control
