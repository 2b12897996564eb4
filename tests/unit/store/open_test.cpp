// SPDX-License-Identifier: Apache-2.0
// Opening: what is made, what is refused untouched.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>

#include "store/schema.h"
#include "store/store.h"
#include "unit/model/samples.h"
#include "unit/store/temp_dir.h"

namespace elb::store {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777U;
}

void run_sql(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, &message), SQLITE_OK) << message;
  sqlite3_close(db);
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(OpenSqlite, S10_FilesAre0600AndDirectories0700) {
  const test::TempDir dir;
  const mode_t old = ::umask(0);
  const auto store = open_sqlite(dir.file("a/b/elb.db"));
  ASSERT_TRUE(store) << store.error().to_string();
  const std::vector<model::Change> change = {model::Put{test::sample_load_balancer("lb1")}};
  EXPECT_TRUE((*store)->commit(0, change));
  EXPECT_EQ(mode_of(dir.file("a")), 0700U);
  EXPECT_EQ(mode_of(dir.file("a/b")), 0700U);
  EXPECT_EQ(mode_of(dir.file("a/b/elb.db")), 0600U);
  EXPECT_EQ(mode_of(dir.file("a/b/elb.db-wal")), 0600U);
  ::umask(old);
}

TEST(OpenSqlite, S10_AFileOpenToOthersIsMadePrivate) {
  const test::TempDir dir;
  ASSERT_TRUE(open_sqlite(dir.file("elb.db")));
  ::chmod(dir.file("elb.db").c_str(), 0644);
  ASSERT_TRUE(open_sqlite(dir.file("elb.db")));
  EXPECT_EQ(mode_of(dir.file("elb.db")), 0600U);
}

TEST(OpenSqlite, R13_ANewerSchemaIsRefusedUntouched) {
  const test::TempDir dir;
  ASSERT_TRUE(open_sqlite(dir.file("elb.db")));
  const std::string newer = std::to_string(kSchemaVersion + 1);
  run_sql(dir.file("elb.db"), ("UPDATE meta SET schema_version = " + newer).c_str());
  const std::string before = bytes_of(dir.file("elb.db"));
  const auto store = open_sqlite(dir.file("elb.db"));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(store.error().message.find("version " + newer), std::string::npos) << store.error().message;
  EXPECT_EQ(bytes_of(dir.file("elb.db")), before);
}

TEST(OpenSqlite, AnotherProgramsDatabaseIsRefusedUntouched) {
  const test::TempDir dir;
  run_sql(dir.file("other.db"), "CREATE TABLE precious (x)");
  const std::string before = bytes_of(dir.file("other.db"));
  const mode_t mode = mode_of(dir.file("other.db"));
  const auto store = open_sqlite(dir.file("other.db"));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kStorage);
  EXPECT_EQ(bytes_of(dir.file("other.db")), before);
  EXPECT_EQ(mode_of(dir.file("other.db")), mode);
}

TEST(OpenSqlite, WhatIsNoDatabaseIsRefusedUntouched) {
  const test::TempDir dir;
  std::ofstream(dir.file("notes")) << "this is text, long enough to be looked at as a header of one hundred bytes, "
                                      "and then some more of it";
  const std::string before = bytes_of(dir.file("notes"));
  const auto store = open_sqlite(dir.file("notes"));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kStorage);
  EXPECT_EQ(bytes_of(dir.file("notes")), before);
  EXPECT_FALSE(open_sqlite(dir.path())) << "a directory";
  EXPECT_FALSE(open_sqlite(dir.file("notes") + "/elb.db")) << "below a file";
}

TEST(OpenSqlite, R1_AnEmptyFileIsANewStore) {  // killed between creating the file and the schema
  const test::TempDir dir;
  std::ofstream(dir.file("elb.db")).flush();
  const auto store = open_sqlite(dir.file("elb.db"));
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ((*store)->load()->revision, 0U);
}

/// The promise of durability is a setting of the connection; a test that crashes the process cannot see it.
TEST(OpenSqlite, R1_TheLogIsAWriteAheadLogThatOurNameIsOn) {
  const test::TempDir dir;
  ASSERT_TRUE(open_sqlite(dir.file("elb.db")));
  const std::string header = bytes_of(dir.file("elb.db")).substr(0, 100);
  ASSERT_EQ(header.size(), 100U);
  EXPECT_EQ(header[18], 2) << "write version: WAL";
  EXPECT_EQ(header[19], 2) << "read version: WAL";
  EXPECT_EQ(header.substr(68, 4), "ELBS");
}

}  // namespace
}  // namespace elb::store
