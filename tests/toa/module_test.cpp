// SPDX-License-Identifier: Apache-2.0
// Shows: CA-04.
// What only the kernel module has: its parameters, its words in the kernel's log, and when it refuses to load. Of
// tests/vm/toa; the files lie in the current directory.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "toa/means.h"
#include "toa/member.h"

namespace elb::test {
namespace {

const Endpoint kClient = endpoint("203.0.113.40", 4040);

/// What the module has allocated and not freed, by the kernel's list of owners (slub_debug=U).
unsigned allocations(const std::string& owner) {
  return static_cast<unsigned>(std::stoul(shell("cat /sys/kernel/debug/slab/kmalloc-*/alloc_traces | awk '/^ *[0-9]+ " +
                                                owner + "/ {sum += $1} END {print sum + 0}'")
                                              .output));
}
unsigned records() { return allocations("toa_record_set"); }
/// Owners that are no longer there have no name: the module once it is unloaded.
unsigned unnamed_records() { return allocations("0xffffffffc"); }

/// Newer kernels collect for some seconds what they free by RCU.
template <typename Condition>
bool soon(Condition condition) {
  for (int i = 0; i < 200 && !condition(); i++) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return condition();
}

class ToaModule : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(means().expect, "module");
    ASSERT_EQ(unload(), 0);
  }
  void TearDown() override { shell("rmmod toa"); }
};

/// What the kernel says while `command` runs.
struct Said {
  int status;
  std::string log;
};
Said run(const std::string& command) {
  const size_t before = shell("dmesg").output.size();
  const int status = shell(command).status;
  return {status, shell("dmesg").output.substr(before)};
}
bool says(const Said& said, const char* words) { return said.log.find(words) != std::string::npos; }

bool honoured(const char* local) {
  auto opened = open_and_accept({.from = next_local(local), .to_port = kPort6, .option = toa_option(kClient)});
  if (!opened) return false;
  peer().reset(opened->connection);
  return opened->seen.accepted.port == kClient.port;
}

TEST_F(ToaModule, SaysThatItIsLoaded) {
  const Said said = run("insmod ./toa.ko");
  EXPECT_EQ(said.status, 0) << said.log;
  EXPECT_TRUE(says(said, "TOA: toa loaded")) << said.log;
  const Said gone = run("rmmod toa");
  EXPECT_EQ(gone.status, 0);
  EXPECT_TRUE(says(gone, "TOA: toa unloaded")) << gone.log;
  EXPECT_NE(shell("cat /proc/net/toa_stats").status, 0);
}

TEST_F(ToaModule, TrustsTheBalancersRangeUnlessTold) {
  ASSERT_EQ(shell("insmod ./toa.ko").status, 0);
  EXPECT_EQ(shell("cat /sys/module/toa/parameters/trusted").output, "100.125.0.0/16\n");
  EXPECT_TRUE(honoured(kLocal));
  EXPECT_FALSE(honoured(kLocal6));
  EXPECT_FALSE(honoured(kStranger));
}

TEST_F(ToaModule, TrustsListsOfBothFamilies) {
  ASSERT_EQ(shell("insmod ./toa.ko trusted=192.0.2.66,fd64:125::/32").status, 0);
  EXPECT_FALSE(honoured(kLocal));
  EXPECT_TRUE(honoured(kLocal6));
  EXPECT_TRUE(honoured(kStranger)) << "an address is a prefix of one";
}

TEST_F(ToaModule, TrustsEverybodyOnlyIfTold) {
  ASSERT_EQ(shell("insmod ./toa.ko trusted=0.0.0.0/0").status, 0);
  EXPECT_TRUE(honoured(kStranger));
  EXPECT_FALSE(honoured(kStranger6)) << "of the other family nothing was said";
}

TEST_F(ToaModule, RefusesAListThatIsNone) {
  for (const char* list : {"", "100.125.0.0/33", "100.125.0.0/1x", "100.125.0/16", "fd64::/129", "10.0.0.0/8,nonsense",
                           "10.0.0.0/8 11.0.0.0/8", "10.1.2.3/8"}) {
    const Said said = run(std::string("insmod ./toa.ko 'trusted=\"") + list + "\"'");
    EXPECT_NE(said.status, 0) << list;
    EXPECT_TRUE(says(said, "TOA: trusted=")) << list << ": " << said.log;
    if (said.status == 0) shell("rmmod toa");
  }
  std::string longest = "10.0.0.0/8";
  for (int i = 1; i < 64; i++) longest += "," + std::to_string(i) + ".0.0.0/8";
  EXPECT_EQ(shell("insmod ./toa.ko trusted=" + longest).status, 0) << "64 prefixes are taken";
  shell("rmmod toa");
  EXPECT_NE(shell("insmod ./toa.ko trusted=" + longest + ",1.2.3.4").status, 0) << "and not one more";
}

// After everything that ran before: what is noted is freed with its connection, and with nothing else.
TEST_F(ToaModule, FreesWhatItNotes) {
  ASSERT_EQ(load(), 0);
  ASSERT_TRUE(soon([] { return records() + unnamed_records() == 0; })) << "left by the tests before";
  std::vector<Opened> open;
  for (int i = 0; i < 50; i++) {
    auto one = open_and_accept(
        {.from = next_local(i % 2 ? kLocal : kLocal6), .to_port = kPort6, .option = toa_option(kClient)});
    ASSERT_TRUE(one);
    open.push_back(std::move(*one));
  }
  EXPECT_EQ(records(), 50u);
  ASSERT_EQ(unload(), 0);
  EXPECT_EQ(unnamed_records(), 50u);
  ASSERT_EQ(load(), 0);
  EXPECT_EQ(peer_of(open.front().seen.socket.get()).port, kClient.port) << "it outlives the module";
  ASSERT_EQ(unload(), 0);
  for (Opened& one : open) peer().reset(one.connection);
  open.clear();
  EXPECT_TRUE(soon([] { return unnamed_records() == 0; })) << "freed without the module, too";
}

// again.ko is toa.ko under another name: whoever comes second finds its places taken.
TEST_F(ToaModule, RefusesAPlaceThatIsTaken) {
  ASSERT_EQ(shell("insmod ./toa.ko").status, 0);
  const Said said = run("insmod ./again.ko");
  EXPECT_NE(said.status, 0);
  EXPECT_TRUE(says(said, "is taken by")) << said.log;
  EXPECT_TRUE(says(said, "[toa]")) << said.log;
  EXPECT_TRUE(honoured(kLocal)) << "the first one is unharmed";
  ASSERT_EQ(shell("rmmod toa").status, 0);
  EXPECT_EQ(shell("insmod ./again.ko && rmmod again").status, 0) << "alone it loads";
}

TEST_F(ToaModule, TellsItsDecisionsWithDebug) {
  ASSERT_EQ(shell("insmod ./toa.ko").status, 0);
  const size_t before = shell("dmesg").output.size();
  honoured(kLocal);
  EXPECT_EQ(shell("dmesg").output.find("TOA:", before), std::string::npos) << "silent unless asked";
  ASSERT_EQ(shell("echo 1 > /sys/module/toa/parameters/debug").status, 0);
  honoured(kLocal);
  honoured(kStranger);
  const std::string log = shell("dmesg").output.substr(before);
  EXPECT_NE(log.find("TOA: [::ffff:100.125.3.4]:"), std::string::npos) << log;
  EXPECT_NE(log.find("203.0.113.40:4040"), std::string::npos) << log;
  EXPECT_NE(log.find("not trusted"), std::string::npos) << log;
}

TEST_F(ToaModule, MarksTheKernelAsOutOfTreeAndNoWorse) {
  ASSERT_EQ(shell("insmod ./toa.ko").status, 0);
  const unsigned long tainted = std::stoul(shell("cat /proc/sys/kernel/tainted").output);
  EXPECT_EQ(tainted & ~0x3000ul, 0ul) << "out of tree (O), unsigned (E)";
}

}  // namespace
}  // namespace elb::test
