// SPDX-License-Identifier: Apache-2.0
#include "proxy/member_pool.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <vector>

namespace elb::proxy {
namespace {

using std::chrono::seconds;

class MemberPoolTest : public testing::Test {
 protected:
  std::unique_ptr<MemberConnection> connection(const Endpoint& endpoint) {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    ends_.emplace_back(ends[1]);
    return std::make_unique<MemberConnection>(Fd(ends[0]), endpoint, false);
  }
  void pass(seconds time) {
    now_ += time;
    pool_.set_now(now_);
    wheel_.advance(now_);
  }

  Endpoint a_{*IpAddress::parse("192.0.2.1"), 80};
  Endpoint b_{*IpAddress::parse("192.0.2.2"), 80};
  SteadyTime now_{seconds(1000)};
  Graveyard graveyard_;
  Wheel wheel_{now_};
  std::vector<Fd> ends_;
  MemberPool pool_{wheel_, graveyard_, {3, seconds(50)}};
};

TEST_F(MemberPoolTest, the_one_used_last_is_used_next) {
  std::array<MemberConnection*, 3> given{};
  for (auto& each : given) {
    auto made = connection(a_);
    each = made.get();
    pool_.give(std::move(made), now_);
  }
  EXPECT_EQ(pool_.idle(), 3U);
  EXPECT_EQ(pool_.take(b_, now_, seconds(50), false), nullptr);
  const auto first = pool_.take(a_, now_, seconds(50), false);
  const auto second = pool_.take(a_, now_, seconds(50), false);
  EXPECT_EQ(first.get(), given[2]);
  EXPECT_EQ(second.get(), given[1]);
  EXPECT_TRUE(first->reused());
}

TEST_F(MemberPoolTest, keeps_no_more_than_its_limit) {
  for (int i = 0; i < 5; ++i) pool_.give(connection(i == 1 ? b_ : a_), now_);
  EXPECT_EQ(pool_.idle(), 3U) << "of all members together";
  const auto of_b = pool_.take(b_, now_, seconds(50), false);
  EXPECT_NE(of_b, nullptr);
  EXPECT_EQ(pool_.idle(), 2U);
}

TEST_F(MemberPoolTest, old_ones_go_and_are_not_given_out) {
  pool_.give(connection(a_), now_);
  pass(seconds(5));
  EXPECT_EQ(pool_.take(a_, now_, seconds(4), false), nullptr);
  pass(seconds(46));
  EXPECT_EQ(pool_.idle(), 0U);
}

TEST_F(MemberPoolTest, any_sign_of_life_ends_an_idle_one) {
  auto made = connection(a_);
  MemberConnection& idle = *made;
  pool_.give(std::move(made), now_);
  idle.on_events(EPOLLOUT);
  EXPECT_EQ(pool_.idle(), 1U);
  idle.on_events(EPOLLIN | EPOLLRDHUP);
  EXPECT_EQ(pool_.idle(), 0U);
}

TEST_F(MemberPoolTest, bytes_that_wait_already_make_it_useless) {
  auto made = connection(a_);
  ASSERT_EQ(send(ends_.back().get(), "x", 1, 0), 1);
  pool_.give(std::move(made), now_);
  EXPECT_EQ(pool_.idle(), 0U);
}

// The event may come behind that of the client who is given the connection, in the same turn of the loop.
TEST_F(MemberPoolTest, S1_one_that_spoke_unasked_is_not_given_out_though_nobody_has_told_yet) {
  pool_.give(connection(a_), now_);
  pool_.give(connection(a_), now_);
  ASSERT_EQ(send(ends_[1].get(), "HTTP/1.1 200 OK\r\n", 17, 0), 17);
  EXPECT_NE(pool_.take(a_, now_, seconds(50), false), nullptr) << "the older one is in order";
  EXPECT_EQ(pool_.idle(), 0U);
  pool_.give(connection(a_), now_);
  ends_.back().reset();
  EXPECT_EQ(pool_.take(a_, now_, seconds(50), false), nullptr) << "closed by its member";
}

// That costs a system call, so it is left out where the poller has said it already: nothing came until this turn.
TEST_F(MemberPoolTest, S1_those_that_the_poller_vouches_for_are_preferred_and_given_out_as_they_are) {
  pool_.give(connection(a_), now_);
  MemberConnection* const first = pool_.take(a_, now_, seconds(50), false).release();
  pool_.give(std::unique_ptr<MemberConnection>(first), now_);
  pool_.set_now(now_);  // a turn begins
  pool_.give(connection(a_), now_);
  pool_.give(connection(a_), now_);
  ASSERT_EQ(send(ends_[1].get(), "HTTP/1.1 200 OK\r\n", 17, 0), 17);
  ASSERT_EQ(send(ends_[2].get(), "HTTP/1.1 200 OK\r\n", 17, 0), 17);
  pool_.vouch();
  const auto settled = pool_.take(a_, now_, seconds(50), false);
  EXPECT_EQ(settled.get(), first) << "the one that was there before this turn";
  EXPECT_EQ(pool_.take(a_, now_, seconds(50), false), nullptr)
      << "nobody vouches for those that came back in this turn";
  EXPECT_EQ(pool_.idle(), 0U);
}

TEST_F(MemberPoolTest, S1_requests_that_must_not_be_sent_twice_ask_again) {
  pool_.give(connection(a_), now_);
  pool_.set_now(now_);
  pool_.vouch();
  ends_.back().reset();
  EXPECT_EQ(pool_.take(a_, now_, seconds(50), true), nullptr);
}

TEST_F(MemberPoolTest, one_that_goes_in_the_turn_in_which_it_came_does_not_mix_them_up) {
  pool_.give(connection(a_), now_);
  pool_.set_now(now_);
  auto made = connection(a_);
  MemberConnection& goes = *made;
  pool_.give(std::move(made), now_);
  goes.on_events(EPOLLIN | EPOLLRDHUP);
  pool_.vouch();
  ends_[0].reset();
  EXPECT_NE(pool_.take(a_, now_, seconds(50), false), nullptr) << "it was there before this turn";
}

TEST_F(MemberPoolTest, those_of_removed_members_are_closed) {
  pool_.give(connection(a_), now_);
  pool_.give(connection(b_), now_);
  pool_.keep_only([&](const Endpoint& endpoint) { return endpoint == b_; });
  EXPECT_EQ(pool_.idle(), 1U);
  EXPECT_EQ(pool_.take(a_, now_, seconds(50), false), nullptr);
  EXPECT_NE(pool_.take(b_, now_, seconds(50), false), nullptr);
  graveyard_.clear();
  char byte = 0;
  EXPECT_EQ(recv(ends_[0].get(), &byte, 1, 0), 0);
}

}  // namespace
}  // namespace elb::proxy
