// SPDX-License-Identifier: Apache-2.0
// R12: a disk that is full or read-only refuses writes, changes nothing, answers reads, and is over when it is over.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "store/store.h"
#include "unit/model/samples.h"
#include "unit/store/temp_dir.h"

namespace elb::store {
namespace {

using model::Change;

std::vector<Change> large_change(int salt) {
  std::vector<Change> changes;
  for (int i = 0; i < 200; ++i) {
    model::LoadBalancer lb = test::sample_load_balancer(fmt::format("lb-{}-{}", salt, i));
    lb.vip_address = IpAddress::from_v4_host(0x0A000000U + static_cast<uint32_t>(salt * 1000 + i));
    lb.description = std::string(255, 'x');
    changes.emplace_back(model::Put{lb});
  }
  return changes;
}

void expect_refused_then_well(Store& store, uint64_t base, const std::function<void()>& remedy) {
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto refused = store.commit(base, large_change(9));
    ASSERT_FALSE(refused) << "the disk was to be full";
    EXPECT_EQ(refused.error().code, ErrorCode::kStorage) << refused.error().to_string();
    const auto model = store.load();
    ASSERT_TRUE(model) << model.error().to_string();
    EXPECT_EQ(model->revision, base);
  }
  remedy();
  const auto revision = store.commit(base, large_change(9));
  ASSERT_TRUE(revision) << revision.error().to_string();
  EXPECT_EQ(*revision, base + 1);
  EXPECT_EQ(store.load()->load_balancers.size(), 400U);
  EXPECT_TRUE(store.check());
}

TEST(FullDisk, R12_AFileSizeLimitRefusesWritesAndRecovers) {
  const test::TempDir dir;
  auto store = open_sqlite(dir.file("elb.db"));
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->commit(0, large_change(1)));

  struct sigaction ignore {
  }, old_action{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGXFSZ, &ignore, &old_action);
  rlimit old_limit{};
  getrlimit(RLIMIT_FSIZE, &old_limit);
  const auto log_size = std::filesystem::file_size(dir.file("elb.db-wal"));
  const rlimit limit{log_size + 6000, old_limit.rlim_max};  // room for one page, not for the commit
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  expect_refused_then_well(**store, 1, [&] { setrlimit(RLIMIT_FSIZE, &old_limit); });
  setrlimit(RLIMIT_FSIZE, &old_limit);
  sigaction(SIGXFSZ, &old_action, nullptr);
}

/// Mounts in a namespace of this process's own; needs root.
class Mounted : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("elb-test", dir_.path().c_str(), "tmpfs", 0, "size=1m,mode=700") != 0)
      GTEST_SKIP() << "needs root to mount a tmpfs";
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) umount2(dir_.path().c_str(), MNT_DETACH);
  }

  test::TempDir dir_;
  bool mounted_ = false;
};

TEST_F(Mounted, R12_AFullDiskRefusesWritesAndRecovers) {
  auto store = open_sqlite(dir_.file("elb.db"));
  ASSERT_TRUE(store) << store.error().to_string();
  ASSERT_TRUE((*store)->commit(0, large_change(1)));
  std::ofstream ballast(dir_.file("ballast"), std::ios::binary);
  const std::string block(4096, 'b');
  while (ballast.write(block.data(), 4096).flush()) continue;
  ballast.close();
  expect_refused_then_well(**store, 1, [&] { std::filesystem::remove(dir_.file("ballast")); });
}

TEST_F(Mounted, R12_AReadOnlyFileSystemRefusesToOpenWithAReason) {
  ASSERT_TRUE(open_sqlite(dir_.file("elb.db")));
  ASSERT_EQ(mount("elb-test", dir_.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=1m"), 0);
  const auto refused = open_sqlite(dir_.file("elb.db"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kStorage);
  EXPECT_NE(refused.error().message.find("ead-only"), std::string::npos) << refused.error().message;
  EXPECT_EQ(open_sqlite(dir_.file("new/elb.db")).error().code, ErrorCode::kStorage);
  ASSERT_EQ(mount("elb-test", dir_.path().c_str(), "tmpfs", MS_REMOUNT, "size=1m"), 0);
  EXPECT_TRUE(open_sqlite(dir_.file("elb.db")));
}

}  // namespace
}  // namespace elb::store
