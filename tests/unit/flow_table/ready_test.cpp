// SPDX-License-Identifier: Apache-2.0
// The re-check of READY against the home word (elb_flow_linked): with it the reply is not given to the wrong client,
// without it it is. The second is asserted in the build that leaves the rule out.
#include <gtest/gtest.h>

#include "unit/flow_table/child.h"
#include "unit/flow_table/ready_script.h"

namespace elb::test {
namespace {

TEST(FlowReady, EntryThatIsNotLinkedIsNotAccepted) {
  const ReadyOutcome outcome = play_ready_script();
  ASSERT_TRUE(outcome.played);
  EXPECT_FALSE(outcome.accepted);
  EXPECT_EQ(outcome.wrong_client, 0U);
  EXPECT_EQ(outcome.later_client, kReadyOwner);
}

TEST(FlowReady, WithoutTheRuleTheReplyGoesToTheWrongClient) {
  EXPECT_EQ(run_variant("READY", "--ready").output, "played 1, accepted 1, valid 1, wrong client 3, later client 2\n");
  EXPECT_EQ(run_variant("NONE", "--ready").output, "played 1, accepted 0, valid 0, wrong client 0, later client 2\n");
}

}  // namespace
}  // namespace elb::test
