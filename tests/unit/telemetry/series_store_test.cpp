// SPDX-License-Identifier: Apache-2.0
#include "telemetry/series_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "unit/store/temp_dir.h"

namespace elb::test {
namespace {

using telemetry::kActive;
using telemetry::kRequests;
using telemetry::ObjectPoint;
using telemetry::Sample;
using telemetry::SeriesStore;

constexpr int64_t kBegin = 1'700'006'400;  // a full hour
constexpr int64_t kBytes = 64 << 20;

ObjectPoint point(const std::string& object, double value) {
  ObjectPoint made{object, {}};
  made.samples[kActive] = Sample{1, value, value - 1, value + 1};
  return made;
}

TEST(SeriesStore, samples_survive_being_text) {
  ObjectPoint before{"x", {}};
  before.samples[kActive] = Sample{5, 1.25, 0, 1e9};
  before.samples[kRequests] = Sample{1, 0, 0, 0};
  ObjectPoint after{"x", {}};
  decode_samples(encode_samples(before), after);
  ASSERT_TRUE(after.samples[kActive]);
  EXPECT_EQ(after.samples[kActive]->n, 5U);
  EXPECT_DOUBLE_EQ(after.samples[kActive]->sum, 1.25);
  EXPECT_DOUBLE_EQ(after.samples[kActive]->max, 1e9);
  ASSERT_TRUE(after.samples[kRequests]);
  EXPECT_EQ(after.samples[kRequests]->n, 1U);
  EXPECT_FALSE(after.samples[telemetry::kInactive]);
}

TEST(SeriesStore, text_of_anything_else_does_no_harm) {
  for (const char* text :
       {"", ";", "x", "1 2", "-1;", "99999999999999999999;1 a b c;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;"}) {
    ObjectPoint out{"x", {}};
    decode_samples(text, out);
    EXPECT_FALSE(out.samples[telemetry::kFailingSinks]) << text;
  }
}

TEST(SeriesStore, MON_02_one_point_a_minute_and_sums_of_them) {
  auto store = *SeriesStore::open(":memory:", kBytes);
  for (int minute = 0; minute < 60; ++minute) ASSERT_TRUE(store->add(kBegin + minute * 60, {point("a", minute)}));
  const auto raw = store->read("a", kActive, kBegin, kBegin + 3600, 60);
  ASSERT_EQ(raw->size(), 60U);
  EXPECT_EQ(raw->at(7).time_s, kBegin + 7 * 60);
  EXPECT_DOUBLE_EQ(raw->at(7).sample.average(), 7);
  const auto five = store->read("a", kActive, kBegin, kBegin + 3600, 300);
  ASSERT_EQ(five->size(), 12U);
  EXPECT_DOUBLE_EQ(five->at(1).sample.average(), 7);
  EXPECT_DOUBLE_EQ(five->at(1).sample.sum, 35);
  EXPECT_DOUBLE_EQ(five->at(1).sample.min, 4);
  EXPECT_DOUBLE_EQ(five->at(1).sample.max, 10);
  const auto twenty = store->read("a", kActive, kBegin, kBegin + 3600, 1200);
  ASSERT_EQ(twenty->size(), 3U);
  EXPECT_EQ(twenty->at(2).sample.n, 20U);
  EXPECT_DOUBLE_EQ(twenty->at(2).sample.average(), 49.5);
  const auto hour = store->read("a", kActive, kBegin, kBegin + 3600, 3600);
  ASSERT_EQ(hour->size(), 1U);
  EXPECT_DOUBLE_EQ(hour->at(0).sample.average(), 29.5);
  EXPECT_TRUE(store->read("a", kRequests, kBegin, kBegin + 3600, 60)->empty()) << "a metric that it does not have";
  EXPECT_TRUE(store->read("b", kActive, kBegin, kBegin + 3600, 60)->empty());
}

TEST(SeriesStore, minutes_are_kept_2_days_fives_10_hours_90) {
  auto store = *SeriesStore::open(":memory:", kBytes);
  const int64_t end = kBegin + 100 * 86400;
  for (int64_t hour = kBegin; hour <= end; hour += 3600) ASSERT_TRUE(store->add(hour, {point("a", 1)}));
  EXPECT_EQ(store->read("a", kActive, kBegin, end, 60)->size(), 48U);
  EXPECT_EQ(store->read("a", kActive, kBegin, end, 300)->size(), 240U);
  EXPECT_EQ(store->read("a", kActive, kBegin, end, 3600)->size(), 2160U);
  EXPECT_EQ(store->read("a", kActive, end - 10 * 86400, end, 86400)->size(), 10U);
}

TEST(SeriesStore, the_oldest_minutes_go_when_it_grows_too_large) {
  constexpr int64_t kSmall = 1 << 20;
  auto store = *SeriesStore::open(":memory:", kSmall);
  std::vector<ObjectPoint> points;
  for (int i = 0; i < 20; ++i) {
    points.push_back(point("object-" + std::to_string(i), 123456.789));
    for (auto& sample : points.back().samples) sample = Sample{1, 123456.789, 1234.5678, 9876543.2};
  }
  for (int minute = 0; minute < 200; ++minute) ASSERT_TRUE(store->add(kBegin + minute * 60, points));
  EXPECT_LT(store->bytes(), kSmall + kSmall / 8);
  const auto left = store->read("object-3", kActive, kBegin, kBegin + 200 * 60, 3600);
  ASSERT_FALSE(left->empty());
  EXPECT_EQ(left->back().sample.n, 20U) << "the newest hour is whole";
}

TEST(SeriesStore, survives_a_restart_and_the_file_is_private) {
  const TempDir dir;
  ASSERT_TRUE((*SeriesStore::open(dir.file("m"), kBytes))->add(kBegin, {point("a", 3)}));
  auto store = *SeriesStore::open(dir.file("m"), kBytes);
  EXPECT_EQ(store->read("a", kActive, kBegin, kBegin + 60, 60)->size(), 1U);
  struct stat info {};
  ASSERT_EQ(::stat(dir.file("m").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(SeriesStore, a_damaged_file_is_moved_aside) {
  const TempDir dir;
  std::ofstream(dir.file("m")) << std::string(8192, 'x');
  auto store = SeriesStore::open(dir.file("m"), kBytes);
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_TRUE((*store)->add(kBegin, {point("a", 3)}));
  EXPECT_TRUE(std::filesystem::exists(dir.file("m.bad")));
}

}  // namespace
}  // namespace elb::test
