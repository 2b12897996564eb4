// SPDX-License-Identifier: Apache-2.0
// Table against std::map: the same content after any sequence of writes, copies that do not see each other's writes,
// and differences that name just what differs.
#include "model/table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

namespace elb::test {
namespace {

using IntTable = model::Table<int>;
using Peer = std::map<std::string, std::shared_ptr<const int>>;
using Changed = std::map<std::string, std::pair<std::shared_ptr<const int>, std::shared_ptr<const int>>>;

Peer content(const IntTable& table) { return {table.begin(), table.end()}; }

Changed differences(const IntTable& before, const IntTable& after) {
  Changed changed;
  std::string last;
  IntTable::differences(before, after, [&](const std::string& id, const auto& old, const auto& now) {
    EXPECT_LT(last, id) << "in order";
    last = id;
    changed[id] = {old, now};
  });
  return changed;
}

Changed differences(const Peer& before, const Peer& after) {
  Changed changed;
  for (const auto& [id, value] : before)
    if (!after.contains(id)) changed[id] = {value, nullptr};
  for (const auto& [id, value] : after) {
    const auto old = before.find(id);
    if (old == before.end() || old->second != value) changed[id] = {old == before.end() ? nullptr : old->second, value};
  }
  return changed;
}

TEST(TableTest, AnEmptyTableHasNothing) {
  const IntTable table;
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.begin(), table.end());
  EXPECT_FALSE(table.contains(""));
  EXPECT_THROW(table.at("a"), std::out_of_range);
}

TEST(TableTest, LeavesFilledInOrderStayFull) {
  IntTable table;
  for (int i = 10000; i < 20000; ++i)
    table.emplace_hint(table.end(), std::to_string(i), std::make_shared<const int>(i));
  ASSERT_EQ(table.size(), 10000U);
  int expected = 10000;
  for (const auto& [id, value] : table) EXPECT_EQ(*value, expected++);
}

TEST(TableTest, EmplaceLeavesAloneWhatIsThere) {
  IntTable table;
  table.emplace("a", std::make_shared<const int>(1));
  table.emplace("a", std::make_shared<const int>(2));
  EXPECT_EQ(*table.at("a"), 1);
}

TEST(TableTest, WritesAndCopiesAreThoseOfAMap) {
  std::mt19937 random(7);
  IntTable table;
  Peer peer;
  std::vector<std::pair<IntTable, Peer>> copies;
  for (int step = 0; step < 20000; ++step) {
    const std::string id = std::to_string(random() % 3000);
    if (random() % 3 == 0) {
      ASSERT_EQ(table.erase(id), peer.erase(id));
    } else {
      const auto value = std::make_shared<const int>(step);
      table[id] = value;
      peer[id] = value;
    }
    ASSERT_EQ(table.size(), peer.size());
    const auto found = table.find(id);
    ASSERT_EQ(found == table.end(), !peer.contains(id));
    if (step % 1000 == 0) copies.emplace_back(table, peer);
    if (step % 3000 == 0 && copies.size() > 2)
      table = copies[copies.size() - 2].first, peer = copies[copies.size() - 2].second;
  }
  EXPECT_EQ(content(table), peer);
  for (auto& [copy, then] : copies) {
    EXPECT_EQ(content(copy), then);
    EXPECT_EQ(differences(copy, table), differences(then, peer));
    EXPECT_EQ(differences(table, copy), differences(peer, then));
  }
}

TEST(TableTest, OneWriteDiffersInOnePlaceAndSharesTheRest) {
  IntTable before;
  for (int i = 0; i < 5000; ++i) before[std::to_string(i)] = std::make_shared<const int>(i);
  IntTable after = before;
  after["2500"] = std::make_shared<const int>(0);
  const Changed changed = differences(before, after);
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(*changed.at("2500").first, 2500);
  EXPECT_EQ(*changed.at("2500").second, 0);
}

TEST(TableTest, ManyThreadsCopyAndWriteTheirOwn) {
  IntTable base;
  for (int i = 0; i < 1000; ++i) base[std::to_string(i)] = std::make_shared<const int>(i);
  const IntTable& shared = base;
  std::vector<std::thread> threads;
  std::vector<int> found(4);
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 200; ++i) {
        IntTable mine = shared;
        mine[std::to_string(i)] = std::make_shared<const int>(-1 - thread);
        found[static_cast<size_t>(thread)] += *mine.at(std::to_string(i)) == -1 - thread ? 1 : 0;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(found, std::vector<int>(4, 200));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(*base.at(std::to_string(i)), i);
}

}  // namespace
}  // namespace elb::test
