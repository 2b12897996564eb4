// SPDX-License-Identifier: Apache-2.0
// R1: power cuts. Unlike kill -9 they lose what the kernel had not written yet, so this is what synchronous=FULL is
// for. The load runs once; at random file operations an image of the disk is taken, opened elsewhere and compared with
// the history: what was acknowledged by then, or one complete transaction more.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "unit/control/power_cut_vfs.h"
#include "unit/control/write_load.h"
#include "unit/store/temp_dir.h"

namespace elb::control {
namespace {

constexpr int kCuts = 200;
constexpr uint64_t kSeed = 7;

struct Cut {
  uint64_t acknowledged;
  std::map<std::string, std::string> files;
};

/// Runs the load until enough cuts are taken; each file operation has one chance in `spacing` to be one.
std::vector<Cut> run_load(const std::string& path, Random& chance, uint64_t spacing) {
  std::vector<Cut> cuts;
  uint64_t acknowledged = 0;
  bool opened = false;
  test::PowerCutVfs* disk = nullptr;
  test::PowerCutVfs vfs([&] {
    const uint64_t odds = opened ? spacing : 2;  // creation is short, and worth many
    if (cuts.size() < kCuts && chance.next() % odds == 0) cuts.push_back({acknowledged, disk->image(chance)});
  });
  disk = &vfs;
  const auto store = store::open_sqlite(path);
  EXPECT_TRUE(store) << store.error().to_string();
  test::ManualClock clock;
  RewindableRandom random;
  const auto service = ConfigService::open(**store, clock, random, write_load_node(), {});
  EXPECT_TRUE(service);
  opened = true;
  while (cuts.size() < kCuts) {
    random.wind(kSeed, acknowledged);
    const auto next = (*service)->transact([&](Draft& draft) { return write_load_step(draft, acknowledged, random); });
    EXPECT_TRUE(next) << next.error().to_string();
    if (!next) break;
    acknowledged = *next;
  }
  EXPECT_GE(vfs.syncs(), acknowledged) << "a commit without a sync";
  return cuts;
}

TEST(PowerCut, R1_AtRandomFileOperationsNothingAcknowledgedIsLostAndNothingIsHalf) {
  const test::TempDir dir;
  test::SeededRandom chance(20261124);
  const auto cuts = run_load(dir.file("load.db"), chance, 40);
  ASSERT_EQ(cuts.size(), kCuts);

  History history(kSeed);
  std::vector<model::Model> states = {history.model()};  // by revision; they share what is the same
  int unacknowledged = 0;
  for (size_t i = 0; i < cuts.size(); ++i) {
    const std::string path = dir.file(fmt::format("cut{}.db", i));
    for (const auto& [name, content] : cuts[i].files) {
      const std::string copy = path + name.substr(dir.file("load.db").size());
      std::ofstream(copy, std::ios::binary) << content;
      std::filesystem::permissions(copy, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    }
    const auto store = store::open_sqlite(path);
    ASSERT_TRUE(store) << "cut " << i << ": " << store.error().to_string();
    const Status intact = (*store)->check();
    ASSERT_TRUE(intact) << "cut " << i << ": " << intact.error().to_string();
    const auto found = (*store)->load();
    ASSERT_TRUE(found) << "cut " << i << ": " << found.error().to_string();
    ASSERT_GE(found->revision, cuts[i].acknowledged) << "cut " << i << ": an acknowledged write is lost";
    ASSERT_LE(found->revision, cuts[i].acknowledged + 1) << "cut " << i;
    if (found->revision > cuts[i].acknowledged) ++unacknowledged;
    while (states.size() <= found->revision) {
      ASSERT_TRUE(history.advance());
      states.push_back(history.model());
    }
    ASSERT_TRUE(same(*found, states[found->revision])) << "cut " << i << ": revision " << found->revision;
  }
  fmt::print("{} power cuts, {} commits, {} cuts kept a complete unacknowledged commit\n", cuts.size(),
             cuts.back().acknowledged, unacknowledged);
}

}  // namespace
}  // namespace elb::control
