// SPDX-License-Identifier: Apache-2.0
#include "io/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "harness/manual_clock.h"

namespace elb::io {
namespace {

using std::chrono::milliseconds;

struct Pair {
  Pair() {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) std::abort();
    near.reset(fds[0]);
    far.reset(fds[1]);
  }
  void poke() const { ASSERT_EQ(write(far.get(), "x", 1), 1); }
  Fd near, far;
};

TEST(EventLoop, CallsBackForReadinessUntilRemoved) {
  test::ManualClock clock;
  EventLoop loop(clock);
  Pair pair;
  int calls = 0;
  ASSERT_TRUE(loop.add(pair.near.get(), EPOLLIN, [&](uint32_t events) {
    EXPECT_TRUE(events & EPOLLIN);
    ++calls;
  }));
  loop.run_once(milliseconds(0));
  EXPECT_EQ(calls, 0);
  pair.poke();
  loop.run_once(milliseconds(1000));
  EXPECT_EQ(calls, 1);
  loop.run_once(milliseconds(1000));
  EXPECT_EQ(calls, 2) << "level triggered";
  loop.remove(pair.near.get());
  loop.run_once(milliseconds(0));
  EXPECT_EQ(calls, 2);
}

TEST(EventLoop, ModifyChangesWhatIsWaitedFor) {
  test::ManualClock clock;
  EventLoop loop(clock);
  Pair pair;
  std::vector<uint32_t> seen;
  ASSERT_TRUE(loop.add(pair.near.get(), EPOLLIN, [&](uint32_t events) { seen.push_back(events); }));
  ASSERT_TRUE(loop.modify(pair.near.get(), EPOLLOUT));
  loop.run_once(milliseconds(1000));
  EXPECT_EQ(seen, std::vector<uint32_t>{EPOLLOUT});
  EXPECT_FALSE(loop.modify(pair.far.get(), EPOLLIN)) << "not watched";
  EXPECT_FALSE(loop.add(-1, EPOLLIN, [](uint32_t) {}));
}

TEST(EventLoop, RemovedInTheSamePassIsNotCalled) {
  test::ManualClock clock;
  EventLoop loop(clock);
  std::array<Pair, 2> pairs;
  int calls = 0;
  for (size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(loop.add(pairs[i].near.get(), EPOLLIN, [&, i](uint32_t) {
      ++calls;
      loop.remove(pairs[1 - i].near.get());
    }));
    pairs[i].poke();
  }
  loop.run_once(milliseconds(1000));
  EXPECT_EQ(calls, 1);
}

// An event fetched for a descriptor that was closed meanwhile must not reach the new owner of its number.
TEST(EventLoop, ReusedDescriptorNumberGetsNoStaleEvent) {
  test::ManualClock clock;
  EventLoop loop(clock);
  std::array<Pair, 2> pairs;
  Pair fresh;
  int stale = 0;
  int calls = 0;
  for (size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(loop.add(pairs[i].near.get(), EPOLLIN, [&, i](uint32_t) {
      if (++calls != 1) return;
      const int other = pairs[1 - i].near.get();
      loop.remove(other);
      ASSERT_EQ(dup3(fresh.near.get(), other, O_CLOEXEC), other);  // the number now means another socket
      ASSERT_TRUE(loop.add(other, EPOLLIN, [&](uint32_t) { ++stale; }));
    }));
    pairs[i].poke();
  }
  loop.run_once(milliseconds(1000));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(stale, 0);
}

TEST(EventLoop, CallbackMayReplaceItself) {
  test::ManualClock clock;
  EventLoop loop(clock);
  Pair pair;
  int first = 0;
  int second = 0;
  ASSERT_TRUE(loop.add(pair.near.get(), EPOLLIN, [&](uint32_t) {
    ++first;
    loop.remove(pair.near.get());
    ASSERT_TRUE(loop.add(pair.near.get(), EPOLLIN, [&](uint32_t) { ++second; }));
  }));
  pair.poke();
  loop.run_once(milliseconds(1000));
  loop.run_once(milliseconds(1000));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST(EventLoop, TimersFollowTheGivenClock) {
  test::ManualClock clock;
  EventLoop loop(clock);
  int ran = 0;
  loop.after(milliseconds(500), [&] { ++ran; });
  const TimerId cancelled = loop.after(milliseconds(500), [&] { ran += 100; });
  EXPECT_TRUE(loop.cancel(cancelled));
  clock.step_wall(std::chrono::hours(24));  // R11
  clock.advance(milliseconds(499));
  loop.run_once(milliseconds(0));
  EXPECT_EQ(ran, 0);
  clock.advance(milliseconds(1));
  loop.run_once(milliseconds(0));
  EXPECT_EQ(ran, 1);
}

TEST(EventLoop, WaitsForTheNextTimerAndNoLonger) {
  SystemClock clock;
  EventLoop loop(clock);
  const SteadyTime begin = clock.steady();
  SteadyTime ran;
  loop.after(milliseconds(30), [&] { ran = clock.steady(); });
  while (ran == SteadyTime{}) loop.run_once(milliseconds(10'000));
  EXPECT_GE(ran - begin, milliseconds(30));
  EXPECT_LT(ran - begin, milliseconds(1000));
}

TEST(EventLoop, PostedTasksRunInTheLoopsThreadAndBeforeStopReturns) {
  SystemClock clock;
  EventLoop loop(clock);
  std::thread runner([&] { loop.run(); });
  const std::thread::id expected = runner.get_id();
  std::vector<std::thread::id> ran_in;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(loop.post([&] { ran_in.push_back(std::this_thread::get_id()); }));
  loop.stop();
  runner.join();
  EXPECT_EQ(ran_in, std::vector<std::thread::id>(100, expected));
}

TEST(EventLoop, RefusesTasksThatNobodyTakes) {
  test::ManualClock clock;
  EventLoop loop(clock);
  int accepted = 0;
  while (accepted < 1'000'000 && loop.post([] {})) ++accepted;
  EXPECT_LT(accepted, 1'000'000);
  loop.run_once(milliseconds(0));
  EXPECT_TRUE(loop.post([] {}));
}

}  // namespace
}  // namespace elb::io
