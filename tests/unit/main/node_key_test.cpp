// SPDX-License-Identifier: Apache-2.0
// Shows: ST-07 (over a restart).
#include "main/node_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "unit/store/temp_dir.h"

namespace elb {
namespace {

TEST(NodeKey, IsDrawnOnceAndKept_ST07) {
  const test::TempDir dir;
  SystemRandom random;
  const auto first = load_node_key(dir.file("key"), random);
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_NE(*first, proxy::StickyKey{});
  EXPECT_EQ(*load_node_key(dir.file("key"), random), *first);
  EXPECT_NE(*load_node_key(dir.file("other"), random), *first);
  struct stat info {};
  ASSERT_EQ(::stat(dir.file("key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600);
}

TEST(NodeKey, WhatIsNoKeyIsNotReplacedUnasked) {
  const test::TempDir dir;
  SystemRandom random;
  std::ofstream(dir.file("key")) << "short";
  const auto key = load_node_key(dir.file("key"), random);
  ASSERT_FALSE(key);
  EXPECT_NE(key.error().message.find("remove it"), std::string::npos);
  EXPECT_FALSE(load_node_key(dir.file("missing/key"), random));
}

}  // namespace
}  // namespace elb
