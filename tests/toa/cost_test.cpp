// SPDX-License-Identifier: Apache-2.0
// Shows: CA-04.
// What getpeername() and accept() cost without the means and with it. In an emulated machine only the ratio says
// something; the limit is wide, since a busy host shifts it.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <vector>

#include "toa/means.h"
#include "toa/member.h"

namespace elb::test {
namespace {

using Clock = std::chrono::steady_clock;
const Endpoint kClient = endpoint("203.0.113.30", 3030);

double ns_since(Clock::time_point start, unsigned count) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / count;
}

struct Cost {
  double getpeername_ns = 1e9;  // the best of several rounds
  double accept_ns = 1e9;
};

/// `option`: that of the connections which are measured. Keeps the best of this and of what was measured before.
void measure(const Bytes& option, Cost& cost) {
  constexpr unsigned kRounds = 3, kAsks = 3000, kConnections = 60;
  for (unsigned round = 0; round < kRounds; round++) {
    std::vector<Connection> connections;
    for (unsigned i = 0; i < kConnections; i++) {
      const auto connection = peer().open({.from = next_local(kLocal), .to_port = kPort4, .option = option});
      EXPECT_TRUE(connection);
      if (connection) connections.push_back(*connection);
    }
    std::vector<Seen> accepted;
    auto start = Clock::now();
    for (size_t i = 0; i < connections.size(); i++)
      if (auto seen = member(kPort4).accept()) accepted.push_back(std::move(*seen));
    cost.accept_ns = std::min(cost.accept_ns, ns_since(start, kConnections));
    EXPECT_EQ(accepted.size(), kConnections);
    if (accepted.empty()) break;
    start = Clock::now();
    for (unsigned i = 0; i < kAsks; i++) peer_of(accepted.front().socket.get());
    cost.getpeername_ns = std::min(cost.getpeername_ns, ns_since(start, kAsks));
    for (Connection& connection : connections) peer().reset(connection);
  }
}

void tell(const char* what, double without, double other, double with) {
  std::cout << "    " << what << ": without " << without << " ns; loaded, no option " << other << " ns ("
            << other / without << "); with a client " << with << " ns (" << with / without << ")\n";
}

TEST(ToaCost, OfGetpeernameAndAccept) {
  Cost without, other, with;
  for (int i = 0; i < 3; i++) {  // in turns: a noisy host is so to all
    ASSERT_EQ(unload(), 0);
    measure(toa_option(kClient), without);
    ASSERT_EQ(load(), 0);
    measure({}, other);
    measure(toa_option(kClient), with);
  }
  tell("getpeername", without.getpeername_ns, other.getpeername_ns, with.getpeername_ns);
  tell("accept", without.accept_ns, other.accept_ns, with.accept_ns);
  EXPECT_LT(with.getpeername_ns, 4 * without.getpeername_ns);
  EXPECT_LT(with.accept_ns, 4 * without.accept_ns);
}

}  // namespace
}  // namespace elb::test
