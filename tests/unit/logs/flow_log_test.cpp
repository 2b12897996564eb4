// SPDX-License-Identifier: Apache-2.0
// The file of flow records: whole lines, rotation, and what is lost is counted.
#include "logs/flow_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/manual_clock.h"
#include "unit/store/temp_dir.h"

namespace elb::logs {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class FlowLogTest : public testing::Test {
 protected:
  FlowLogTest() {
    options.directory = dir.path() + "/flows";
    options.rotate_bytes = 100;
    options.pack.compress = false;
    options.pack.keep = 2;
  }
  size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(options.directory), fs::directory_iterator()));
  }
  const ::elb::test::TempDir dir;
  ::elb::test::ManualClock clock;
  LogFileOptions options;
};

TEST_F(FlowLogTest, LinesGoIntoOneFileAsTheyAre) {
  auto log = FlowLog::open(options, clock);
  ASSERT_TRUE(log) << log.error().to_string();
  (*log)->offer("{\"a\":1}\n{\"a\":2}\n", 2, 0);
  (*log)->offer("{\"a\":3}\n", 1, 0);
  (*log)->offer("", 0, 0);
  (*log)->flush();
  EXPECT_EQ(content(options.directory + "/flows.log"), "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
  const auto counts = (*log)->counts();
  EXPECT_EQ(counts.delivered, 3U);
  EXPECT_EQ(counts.lost, 0U);
}

TEST_F(FlowLogTest, RotatesAndKeepsTheNewest) {
  {
    auto log = FlowLog::open(options, clock);
    ASSERT_TRUE(log) << log.error().to_string();
    for (int i = 0; i < 6; ++i) {
      (*log)->offer(std::string(89, static_cast<char>('a' + i)) + "\n", 1, 0);
      (*log)->flush();
      clock.advance(std::chrono::seconds(1));
    }
  }  // the packer has finished
  EXPECT_EQ(content(options.directory + "/flows.log"), std::string(89, 'f') + "\n");
  EXPECT_EQ(files(), 3U) << "two that were renamed, and the one in use";
}

TEST_F(FlowLogTest, WhatIsLostIsCounted) {
  auto log = FlowLog::open(options, clock);
  ASSERT_TRUE(log) << log.error().to_string();
  (*log)->offer("{}\n", 1, 7);
  (*log)->offer("", 0, 2);
  (*log)->offer(std::string(size_t{17} << 20, 'x'), 1000, 0);
  (*log)->flush();
  const auto counts = (*log)->counts();
  EXPECT_EQ(counts.delivered, 1U);
  EXPECT_EQ(counts.lost, 1009U) << "what never came, and what was more than the queue takes";
}

TEST_F(FlowLogTest, ADirectoryThatCannotBeIsAnError) {
  options.directory = "/proc/none";
  EXPECT_FALSE(FlowLog::open(options, clock));
}

}  // namespace
}  // namespace elb::logs
