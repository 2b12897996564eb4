// SPDX-License-Identifier: Apache-2.0
// The flow table as it ships must survive the stress test; each build that leaves one rule out must be convicted by it.
// The second half is what makes the first one worth something: a test that finds none of fifteen known mistakes would
// not find an unknown one either. ELB_STRESS_SECONDS sets the length of the healthy run.
#include <gtest/gtest.h>

#include <cstdlib>

#include "unit/flow_table/child.h"

namespace elb::test {
namespace {

constexpr int kHealthySeconds = 45;
constexpr const char* kConvictWithinSeconds = "10";
constexpr int kAttempts = 4;

TEST(FlowStress, TableAsItShipsIsNeverViolated) {
  const char* const wanted = std::getenv("ELB_STRESS_SECONDS");
  const ChildResult run = run_variant("NONE", wanted != nullptr ? wanted : std::to_string(kHealthySeconds));
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_NE(run.output.find("no violation"), std::string::npos);
}

class BrokenFlowTable : public testing::TestWithParam<const char*> {};

TEST_P(BrokenFlowTable, IsConvicted) {
  ChildResult run;
  for (int i = 0; i < kAttempts && run.status != 1; ++i) {
    run = run_variant(GetParam(), kConvictWithinSeconds);
    ASSERT_TRUE(run.status == 0 || run.status == 1) << "the stress test itself failed\n" << run.output;
  }
  EXPECT_EQ(run.status, 1) << "a table without the rule " << GetParam() << " passed the stress test\n" << run.output;
  EXPECT_NE(run.output.find("violation "), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Rules, BrokenFlowTable,
                         testing::Values("PUBLISH_FIRST", "ROLLBACK", "NO_RESCAN", "NO_VERSION", "NO_RECHECK",
                                         "CTL_LATE", "REFRESH", "SAME_TICK", "DELETE", "LIVE_FIRST", "READY",
                                         "COUNT_TWICE", "NO_REOPEN", "SWEEP_UNCOUNT", "WITHDRAW"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace elb::test
