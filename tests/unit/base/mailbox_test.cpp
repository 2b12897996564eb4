// SPDX-License-Identifier: Apache-2.0
#include "base/mailbox.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <thread>
#include <vector>

namespace elb {
namespace {

bool readable(int fd, int wait_ms = 0) {
  pollfd request{fd, POLLIN, 0};
  return poll(&request, 1, wait_ms) == 1;
}

TEST(Mailbox, DeliversInOrderAndWakesUntilTaken) {
  Mailbox<int> box(10);
  EXPECT_FALSE(readable(box.event_fd()));
  EXPECT_TRUE(box.push(1));
  EXPECT_TRUE(box.push(2));
  EXPECT_TRUE(readable(box.event_fd()));
  EXPECT_EQ(box.take_all(), (std::vector<int>{1, 2}));
  EXPECT_FALSE(readable(box.event_fd()));
  EXPECT_TRUE(box.take_all().empty());
}

TEST(Mailbox, RefusesAndCountsWhenFull) {
  Mailbox<int> box(2);
  EXPECT_TRUE(box.push(1));
  EXPECT_TRUE(box.push(2));
  EXPECT_FALSE(box.push(3));
  EXPECT_FALSE(box.push(4));
  EXPECT_EQ(box.dropped(), 2U);
  EXPECT_EQ(box.take_all(), (std::vector<int>{1, 2}));
  EXPECT_TRUE(box.push(5));
}

TEST(Mailbox, WakeNeedsNoItem) {
  Mailbox<int> box(1);
  box.wake();
  EXPECT_TRUE(readable(box.event_fd()));
  EXPECT_TRUE(box.take_all().empty());
  EXPECT_FALSE(readable(box.event_fd()));
}

TEST(Mailbox, TakesThingsThatOnlyMove) {
  Mailbox<std::unique_ptr<int>> box(1);
  EXPECT_TRUE(box.push(std::make_unique<int>(7)));
  EXPECT_EQ(*box.take_all().at(0), 7);
}

// A receiver that sleeps on the descriptor must never miss an item pushed while it was taking the ones before.
TEST(Mailbox, NoItemIsLostOrLeftSleepingBetweenThreads) {
  constexpr int kSenders = 4;
  constexpr int kEach = 20'000;
  Mailbox<int> box(kSenders * kEach);
  std::vector<std::thread> senders;
  senders.reserve(kSenders);
  for (int s = 0; s < kSenders; ++s)
    senders.emplace_back([&box, s] {
      for (int i = 0; i < kEach; ++i) box.push(s * kEach + i);
    });
  std::vector<int> next(kSenders);
  for (int got = 0; got < kSenders * kEach;) {
    ASSERT_TRUE(readable(box.event_fd(), 10'000)) << "asleep with " << got << " received";
    for (const int item : box.take_all()) {
      ASSERT_EQ(item % kEach, next[static_cast<size_t>(item / kEach)]++) << "order of one sender";
      ++got;
    }
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(box.dropped(), 0U);
}

}  // namespace
}  // namespace elb
