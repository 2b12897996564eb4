// SPDX-License-Identifier: Apache-2.0
// Shows: CA-04.
// The means comes and goes under traffic: no connection fails, and every address is either the client's or the
// balancer's.
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <thread>

#include "toa/means.h"
#include "toa/member.h"

namespace elb::test {
namespace {

const Endpoint kClient = endpoint("203.0.113.9", 777);

TEST(ToaReload, UnderTraffic) {
  if (!means().honours()) return;  // nothing to load
  ASSERT_EQ(load(), 0);
  auto kept = open_and_accept({.from = next_local(kLocal), .to_port = kPort4, .option = toa_option(kClient)});
  ASSERT_TRUE(kept);
  ASSERT_EQ(peer_of(kept->seen.socket.get()), kClient);
  const Endpoint balancer = kept->connection.from;

  std::atomic<bool> done = false;
  std::atomic<uint64_t> asked = 0, clients = 0, garbage = 0, opened = 0, failed = 0;
  const auto hammer = [&] {
    stand_back();
    while (!done) {
      const Endpoint seen = peer_of(kept->seen.socket.get());
      asked++;
      if (seen == kClient) {
        clients++;
      } else if (seen != balancer) {
        garbage++;
      }
    }
  };
  std::thread first(hammer), second(hammer), traffic([&] {
    while (!done) {
      auto one = open_and_accept({.from = next_local(kLocal), .to_port = kPort4, .option = toa_option(kClient)});
      if (!one) {
        failed++;
        continue;
      }
      opened++;
      if (one->seen.accepted != kClient && one->seen.accepted != one->connection.from) garbage++;
      peer().reset(one->connection);
    }
  });
  for (unsigned i = 0; i < means().cycles; i++) {
    EXPECT_EQ(unload(), 0);
    EXPECT_EQ(load(), 0);
  }
  done = true;
  first.join();
  second.join();
  traffic.join();
  EXPECT_EQ(garbage, 0u);
  EXPECT_EQ(failed, 0u);
  EXPECT_GT(opened, means().cycles);
  EXPECT_GT(clients, 0u);
  auto after = open_and_accept({.from = next_local(kLocal), .to_port = kPort4, .option = toa_option(kClient)});
  ASSERT_TRUE(after);
  EXPECT_EQ(after->seen.accepted, kClient) << "loaded again, and it works";
  std::cout << "    " << means().cycles << " times unloaded and loaded; " << opened << " connections, getpeername "
            << asked << " times, the client " << clients << " times\n";
  if (means().expect == "module") {
    EXPECT_EQ(peer_of(kept->seen.socket.get()), kClient) << "what was noted outlives the module";
  }
  peer().reset(after->connection);
  peer().reset(kept->connection);
}

}  // namespace
}  // namespace elb::test
