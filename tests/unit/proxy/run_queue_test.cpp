// SPDX-License-Identifier: Apache-2.0
#include "proxy/run_queue.h"

#include <gtest/gtest.h>

#include <array>

namespace elb::proxy {
namespace {

struct Item {
  uint64_t queued = 0;
};

TEST(RunQueue, takes_each_once_in_the_order_in_which_they_came) {
  std::array<Item, 3> items;
  RunQueue<Item> queue;
  queue.add(items[1]);
  queue.add(items[0]);
  queue.add(items[1]);
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(queue.take(), &items[1]);
  queue.add(items[1]);
  EXPECT_EQ(queue.take(), &items[0]);
  EXPECT_EQ(queue.take(), &items[1]);
  EXPECT_EQ(queue.take(), nullptr);
}

TEST(RunQueue, what_went_away_is_passed_over) {
  std::array<Item, 4> items;
  RunQueue<Item> queue;
  for (Item& item : items) queue.add(item);
  EXPECT_EQ(queue.take(), &items[0]);
  queue.remove(items[0]);  // is not in it
  queue.remove(items[1]);
  queue.remove(items[3]);
  queue.add(items[1]);
  EXPECT_EQ(queue.take(), &items[2]);
  EXPECT_EQ(queue.take(), &items[1]);
  EXPECT_EQ(queue.take(), nullptr);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace elb::proxy
