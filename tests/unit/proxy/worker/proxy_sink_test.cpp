// SPDX-License-Identifier: Apache-2.0
// The agent's side with a real process on the other end (test_worker.cpp).
#include "proxy/proxy_sink.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>

namespace elb::proxy {
namespace {

using namespace std::chrono_literals;

constexpr const char* kMissing = "/proc/self/missing/elb-proxy";

model::SnapshotPtr snapshot(uint64_t generation, const std::string& wish = "well") {
  auto snapshot = std::make_shared<model::Snapshot>();
  snapshot->generation = generation;
  model::SnapshotListener listener;
  listener.id = wish;
  listener.http.emplace();
  snapshot->listeners.push_back(std::move(listener));
  return snapshot;
}

bool within(std::chrono::milliseconds limit, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return condition();
}

/// A connection to a listening socket of the sink's; steering does that for clients.
Fd connect_to(const Fd& listening) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  Fd fd(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  return fd;
}

/// "pid generation", empty when nothing comes within 5 s.
std::string answer_of(const Fd& connection) {
  const timeval limit{5, 0};
  ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::array<char, 100> text{};
  const ssize_t n = ::read(connection.get(), text.data(), text.size());
  return n > 0 ? std::string(text.data(), static_cast<size_t>(n)) : std::string();
}

class ProxySinkTest : public testing::Test {
 protected:
  void start(std::vector<std::string> arguments = {}, std::chrono::seconds hang = 30s) {
    ProxySinkOptions options;
    options.command = {ELB_TEST_WORKER};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
    options.loops = 2;
    options.hang_timeout = hang;
    options.apply_timeout = 2000ms;
    options.stop_timeout = 1s;
    auto started = ProxySink::start(options, clock);
    ASSERT_TRUE(started) << started.error().to_string();
    sink = std::move(*started);
  }
  std::string served(uint64_t generation) const {
    return std::to_string(sink->state().pid) + " " + std::to_string(generation);
  }

  SystemClock clock;
  std::unique_ptr<ProxySink> sink;
};

TEST_F(ProxySinkTest, AppliedMeansServed) {
  start();
  for (uint64_t generation = 1; generation <= 3; ++generation) {
    const auto applied = sink->apply(snapshot(generation));
    ASSERT_TRUE(applied) << applied.error().to_string();
    EXPECT_EQ(applied->generation, generation);
    for (const ListenPair& pair : sink->sockets()) {
      EXPECT_EQ(answer_of(connect_to(pair.v4)), served(generation));
      if (!pair.v6) continue;
      EXPECT_EQ(answer_of(connect_to(pair.v6)), served(generation));
    }
  }
  EXPECT_EQ(sink->state().starts, 1);
}

TEST_F(ProxySinkTest, NothingToServeNoWorker) {
  start();
  auto nothing = std::make_shared<model::Snapshot>();
  nothing->generation = 1;
  nothing->listeners.emplace_back();  // of TCP
  ASSERT_TRUE(sink->apply(nothing));
  EXPECT_EQ(sink->state().starts, 0);
  ASSERT_TRUE(sink->apply(snapshot(2)));
  EXPECT_EQ(sink->state().starts, 1);
  nothing = std::make_shared<model::Snapshot>();
  nothing->generation = 3;
  ASSERT_TRUE(sink->apply(nothing));
  EXPECT_EQ(answer_of(connect_to(sink->sockets()[0].v4)), served(3)) << "the last listener is gone: the worker knows";
}

TEST_F(ProxySinkTest, TheSameAgainIsNoWork) {
  start();
  ASSERT_TRUE(sink->apply(snapshot(1)));
  const auto again = sink->apply(snapshot(1));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->writes, 0);
}

TEST_F(ProxySinkTest, DeadWorkerIsReplacedWithinASecondAndWaitingConnectionsAreServed) {
  start();
  ASSERT_TRUE(sink->apply(snapshot(1)));
  const pid_t before = sink->state().pid;
  ASSERT_EQ(::kill(before, SIGSTOP), 0);  // what comes now waits in the sockets
  const Fd waiting = connect_to(sink->sockets()[0].v4);
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  EXPECT_TRUE(within(1s, [&] { return sink->state().applied == 1 && sink->state().pid != before; }));
  EXPECT_EQ(answer_of(waiting), served(1));
  EXPECT_EQ(sink->state().last_end, "signal 9");
  EXPECT_EQ(sink->state().starts, 2);
  const auto audit = sink->audit();
  EXPECT_EQ(audit->repaired, 1);
  EXPECT_EQ(sink->audit()->repaired, 0);
}

TEST_F(ProxySinkTest, WhatWorkersCountOutlivesThem) {
  start();
  EXPECT_FALSE(sink->http_listener_traffic("well"));
  ASSERT_TRUE(sink->apply(snapshot(1)));
  ASSERT_TRUE(sink->apply(snapshot(2)));
  const auto requests = [&] {
    const auto traffic = sink->http_listener_traffic("well");
    return traffic ? traffic->requests : 0;
  };
  EXPECT_TRUE(within(1s, [&] { return requests() == 2; })) << "at most a second old";
  ASSERT_EQ(::kill(sink->state().pid, SIGKILL), 0);
  EXPECT_TRUE(within(3s, [&] { return requests() != 2; }));
  EXPECT_EQ(requests(), 3) << "the new worker began at zero and got one snapshot";
  EXPECT_EQ(sink->state().starts, 2);
}

TEST_F(ProxySinkTest, WorkerThatTellsWhatNobodyAskedIsKilled) {
  start();
  ASSERT_TRUE(sink->apply(snapshot(1)));
  const pid_t before = sink->state().pid;
  (void)sink->apply(snapshot(2, "unasked"));
  EXPECT_TRUE(within(1s, [&] { return sink->state().pid != before; }));
}

TEST(Memory, NoMoreIsReadThanThereMayBe) {
  const auto memory = to_memory("123456");
  ASSERT_TRUE(memory);
  EXPECT_EQ(*from_memory(memory->get(), 6), "123456");
  EXPECT_FALSE(from_memory(memory->get(), 5));
}

TEST_F(ProxySinkTest, SnapshotThatKillsTheWorkerIsAnErrorAndTheNextOneHeals) {
  start();
  ASSERT_TRUE(sink->apply(snapshot(1)));
  const auto applied = sink->apply(snapshot(2, "crash"));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::kUnavailable);
  const uint64_t starts = sink->state().starts;
  EXPECT_LE(starts, 8) << "with back-off";
  EXPECT_TRUE(within(6s, [&] { return sink->apply(snapshot(3)).has_value(); }));
  EXPECT_EQ(answer_of(connect_to(sink->sockets()[0].v4)), served(3));
}

TEST_F(ProxySinkTest, RefusedSnapshotLeavesTheOldOneServed) {
  start();
  ASSERT_TRUE(sink->apply(snapshot(1)));
  const auto applied = sink->apply(snapshot(2, "refuse"));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().message, "no such thing");
  EXPECT_EQ(answer_of(connect_to(sink->sockets()[1].v4)), served(1));
  EXPECT_EQ(sink->state().starts, 1);
  EXPECT_FALSE(sink->apply(snapshot(2, "refuse"))) << "asked again, answered again";
}

TEST_F(ProxySinkTest, HangingWorkerIsKilled) {
  start({}, 3s);
  ASSERT_TRUE(sink->apply(snapshot(1)));
  const pid_t before = sink->state().pid;
  const auto applied = sink->apply(snapshot(2, "hang"));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(within(4s, [&] { return sink->state().pid != before; }));
}

TEST_F(ProxySinkTest, WorkerThatEndsAtOnceIsStartedWithBackOff) {
  start({"3"});
  EXPECT_FALSE(sink->apply(snapshot(1)));
  EXPECT_EQ(sink->state().last_end, "status 3");
  EXPECT_LE(sink->state().starts, 7) << "0, 100, 200, 400, 800, 1600 ms";
}

TEST_F(ProxySinkTest, MissingProgramIsToldByApply) {
  ProxySinkOptions options;
  options.command = {kMissing};
  options.apply_timeout = 100ms;
  const auto started = ProxySink::start(options, clock);
  ASSERT_TRUE(started);
  const auto applied = (*started)->apply(snapshot(1));
  ASSERT_FALSE(applied);
  EXPECT_NE(applied.error().message.find(kMissing), std::string::npos) << applied.error().message;
}

TEST_F(ProxySinkTest, StoppingEndsTheWorker) {
  start();
  ASSERT_TRUE(sink->apply(snapshot(1)));
  const pid_t pid = sink->state().pid;
  sink.reset();
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Backoff, DoublesAndForgives) {
  Backoff backoff;
  SteadyTime now{100s};
  std::vector<int64_t> waits;
  for (int i = 0; i < 9; ++i) {
    backoff.started(now);
    waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(backoff.ended(now) - now).count());
  }
  EXPECT_EQ(waits, (std::vector<int64_t>{0, 100, 200, 400, 800, 1600, 3200, 5000, 5000}));
  backoff.started(now);
  now += Backoff::kGoodRun;
  EXPECT_EQ(backoff.ended(now), now);
}

}  // namespace
}  // namespace elb::proxy
