// SPDX-License-Identifier: Apache-2.0
// Shows: CA-02, CA-04.
// A member under test, and its balancer and clients played over a TUN device, so that every segment, option and source
// address is ours to choose. Needs root and a machine or network namespace of its own: it takes the default route.
#include <gtest/gtest.h>

#include "toa/means.h"

namespace {

/// Whatever the tests loaded is gone at the end.
class Unloaded : public testing::Environment {
 public:
  void TearDown() override { elb::test::unload(); }
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  elb::test::set_means(elb::test::Means::from(argc, argv));
  testing::AddGlobalTestEnvironment(new Unloaded);
  return RUN_ALL_TESTS();
}
