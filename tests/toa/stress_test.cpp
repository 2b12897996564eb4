// SPDX-License-Identifier: Apache-2.0
// Shows: CA-02, CA-04.
// Many connections, each with a client of its own, while two threads ask the open ones who their peer is.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <iostream>
#include <shared_mutex>
#include <thread>

#include "toa/means.h"
#include "toa/member.h"

namespace elb::test {
namespace {

/// Connections kept open, the newest in place of the oldest, and what their peers must be.
class Window {
 public:
  void put(size_t at, Opened opened, const Endpoint& expected) {
    Place& place = places_[at % places_.size()];
    std::unique_lock lock(place.mutex);
    if (place.opened) peer().reset(place.opened->connection);
    place.opened = std::move(opened);
    place.expected = expected;
  }
  /// Asks for one peer; true when there was one to ask for.
  bool ask(size_t at) {
    Place& place = places_[at % places_.size()];
    std::shared_lock lock(place.mutex);
    if (!place.opened) return false;
    asked_++;
    if (peer_of(place.opened->seen.socket.get()) != place.expected) wrong_++;
    return true;
  }
  void clear() {
    for (Place& place : places_) {
      if (place.opened) peer().reset(place.opened->connection);
      place.opened.reset();
    }
  }
  uint64_t asked() const { return asked_; }
  uint64_t wrong() const { return wrong_; }

 private:
  struct Place {
    std::shared_mutex mutex;
    std::optional<Opened> opened;
    Endpoint expected;
  };
  std::array<Place, 64> places_;
  std::atomic<uint64_t> asked_ = 0, wrong_ = 0;
};

Endpoint client(unsigned number) {
  return {IpAddress::from_v4_host(0xc6120000u + number % 131072), static_cast<uint16_t>(1024 + number % 60000)};
}

/// `count` connections from `local`; the number of those that accept() showed wrongly. `honoured`: the option counts.
void storm(const char* local, unsigned count, bool honoured) {
  Window window;
  std::atomic<bool> done = false;
  const auto hammer = [&](size_t at) {
    stand_back();
    for (unsigned asked = 1; !done; asked++)
      if (!window.ask(at += 7) || asked % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
  };
  std::thread first(hammer, 0), second(hammer, 3);
  unsigned wrong = 0, failed = 0;
  const auto started = std::chrono::steady_clock::now();
  for (unsigned i = 0; i < count && failed < 10; i++) {
    const Endpoint from = next_local(local);
    const Endpoint expected = honoured ? client(i) : from;
    auto opened = open_and_accept({.from = from, .to_port = kPort4, .option = toa_option(client(i))});
    if (!opened) {
      failed++;
      continue;
    }
    if (opened->seen.accepted != expected) wrong++;
    window.put(i, std::move(*opened), expected);
  }
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  done = true;
  first.join();
  second.join();
  window.clear();
  EXPECT_EQ(failed, 0u);
  EXPECT_EQ(wrong, 0u) << "of " << count << " seen by accept()";
  EXPECT_EQ(window.wrong(), 0u) << "of " << window.asked() << " seen by getpeername()";
  EXPECT_GT(window.asked(), 0u) << "the threads did not ask";
  std::cout << "    " << count << " connections, " << wrong << " wrong; getpeername " << window.asked() << " times, "
            << window.wrong() << " wrong; " << took << " s\n";
}

class ToaStress : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(load(), 0); }
};

TEST_F(ToaStress, EveryConnectionHasItsOwnClient) { storm(kLocal, means().connections, means().honours()); }
TEST_F(ToaStress, NoStrangerChoosesItsAddress) { storm(kStranger, means().strangers, false); }

}  // namespace
}  // namespace elb::test
