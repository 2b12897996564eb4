// SPDX-License-Identifier: Apache-2.0
// Shows: HC-20.
#include "health/reason.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace elb::health {
namespace {

using model::HealthState;
using std::chrono::milliseconds;

TEST(Reason, HC20_NamesTheFailureInPlainWords) {
  EXPECT_EQ(describe(ECONNREFUSED, milliseconds(3000)), "connection refused");
  EXPECT_EQ(describe(EHOSTUNREACH, milliseconds(3000)), "no route to host");
  EXPECT_EQ(describe(ENETUNREACH, milliseconds(3000)), "network is unreachable");
  EXPECT_EQ(describe(ECONNRESET, milliseconds(3000)), "connection reset by peer");
  EXPECT_EQ(describe(ETIMEDOUT, milliseconds(3000)), "timed out after 3 s");
  EXPECT_EQ(describe(ETIMEDOUT, milliseconds(1500)), "timed out after 1.5 s");
}

TEST(Reason, TellsTheNodesFaultsFromTheMembers) {
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EACCES, EPERM, EAFNOSUPPORT}) {
    EXPECT_TRUE(is_node_fault(error)) << error;
    EXPECT_EQ(describe(error, milliseconds(1)).rfind("not checked: ", 0), 0U) << error;
  }
  for (const int error : {0, ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, ECONNRESET})
    EXPECT_FALSE(is_node_fault(error)) << error;
}

TEST(Reason, ShowsHowFarARunHasCome) {
  const Thresholds limits{4, 3};
  Tracker tracker(HealthState::kHealthy);
  EXPECT_EQ(explain(tracker, limits, "x"), "");
  tracker.record(false, limits);
  tracker.record(false, limits);
  EXPECT_EQ(explain(tracker, limits, "timed out after 3 s"), "timed out after 3 s (failure 2 of 3)");
  tracker.record(false, limits);
  EXPECT_EQ(explain(tracker, limits, "timed out after 3 s"), "timed out after 3 s");
  tracker.record(true, limits);
  EXPECT_EQ(explain(tracker, limits, "timed out after 3 s"), "answers again (success 1 of 4)");
}

}  // namespace
}  // namespace elb::health
