// SPDX-License-Identifier: Apache-2.0
// A store of an older release is brought up to date once, whole or not at all, and keeps everything.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>

#include "store/store.h"
#include "unit/model/samples.h"
#include "unit/store/temp_dir.h"

namespace elb::store {
namespace {

const std::string kListener = "e232de09-78e4-472b-b4d4-d50ab3746908";

void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message;
  sqlite3_close(db);
}

/// A database as version 1 made it: the text of its tables and rows, and what is in the header.
std::string make_v1(const test::TempDir& dir) {
  std::ifstream file(ELB_SCHEMA_V1);
  const std::string sql{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(sql.empty());
  run_sql(dir.file("elb.db"), sql + "PRAGMA application_id = 1162625619; PRAGMA journal_mode = WAL;");
  return dir.file("elb.db");
}

TEST(Migrate, R13_AStoreOfVersion1KeepsEverything) {
  const test::TempDir dir;
  const std::string path = make_v1(dir);
  for (int opened = 0; opened < 2; ++opened) {  // the second time there is nothing left to do
    const auto store = open_sqlite(path);
    ASSERT_TRUE(store) << store.error().to_string();
    EXPECT_TRUE((*store)->check());
    const auto model = (*store)->load();
    ASSERT_TRUE(model) << model.error().to_string();
    EXPECT_EQ(model->revision, 2U);
    EXPECT_TRUE(validate(*model));
    ASSERT_EQ(model->load_balancers.size(), 1U);
    EXPECT_EQ(model->load_balancers.begin()->second->name, "web");
    EXPECT_EQ(model->load_balancers.begin()->second->tags, (std::vector<std::string>{"a", "b"}));
    EXPECT_FALSE(model->load_balancers.begin()->second->vip_bandwidth);
    ASSERT_TRUE(model->listeners.contains(kListener));
    const model::Listener& listener = *model->listeners.at(kListener);
    EXPECT_EQ(listener.protocol_port, 80);
    EXPECT_EQ(listener.connection_limit, -1);
    EXPECT_FALSE(listener.toa);
    EXPECT_FALSE(listener.whitelist);
    EXPECT_FALSE(model->pools.begin()->second->persistence);
    EXPECT_EQ(model->members.begin()->second->weight, 3);
    ASSERT_EQ(model->health_monitors.size(), 1U);
    EXPECT_EQ(model->health_monitors.begin()->second->url_path, "/");
    EXPECT_TRUE(model->eips.empty());
    EXPECT_EQ(listener.tls, model::ListenerTls{});
    EXPECT_EQ(listener.http, model::ListenerHttp{});
    EXPECT_TRUE(model->certificates.empty() && model->l7policies.empty() && model->l7rules.empty());
  }
}

TEST(Migrate, WhatIsNewCanBeWrittenAfterwards) {
  const test::TempDir dir;
  const auto store = open_sqlite(make_v1(dir));
  ASSERT_TRUE(store) << store.error().to_string();
  model::Listener listener = *(*store)->load()->listeners.at(kListener);
  listener.whitelist = model::Whitelist{"w", true, {*Cidr::parse("10.0.0.0/8")}};
  listener.toa = true;
  const std::vector<model::Change> changes = {model::Put{listener}};
  ASSERT_TRUE((*store)->commit(2, changes));
  EXPECT_EQ(*(*store)->load()->listeners.at(kListener), listener);
}

/// The migration fails in its middle: nothing of it stays.
TEST(Migrate, R12_AHalfMigratedStoreDoesNotExist) {
  const test::TempDir dir;
  const std::string path = make_v1(dir);
  run_sql(path, "CREATE TABLE eip (x)");  // in the way of the migration's own
  ASSERT_FALSE(open_sqlite(path));
  run_sql(path, "DROP TABLE eip");
  run_sql(path, "SELECT vip_address FROM load_balancer; UPDATE meta SET schema_version = 1");
  const auto store = open_sqlite(path);
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ((*store)->load()->revision, 2U);
}

}  // namespace
}  // namespace elb::store
