// SPDX-License-Identifier: Apache-2.0
// SeriesStore: where the points are kept, a SQLite file of its own: one minute for 2 days, 5 minutes for 10, an hour
// for 90. Each point goes into all three at once, so nothing has to be rolled up later. The file may be lost without
// harm: a damaged one is moved aside, and where none can be written memory has to do. Bounded in size: the oldest
// minutes go first. Thread rule: any thread; calls wait for each other.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/sqlite_db.h"
#include "telemetry/metric.h"

namespace elb::telemetry {

struct Resolution {
  int64_t period_s;
  int64_t kept_s;
};
inline constexpr Resolution kResolutions[] = {{60, 2 * 86400}, {300, 10 * 86400}, {3600, 90 * 86400}};
struct TimedSample {
  int64_t time_s = 0;  // the period's begin, since 1970
  Sample sample;
};

class SeriesStore {
 public:
  static Result<std::unique_ptr<SeriesStore>> open(const std::string& path, int64_t max_bytes);

  /// The points of the minute that began at `minute_s`. What is there already for the minute is added to.
  Status add(int64_t minute_s, const std::vector<ObjectPoint>& points);

  /// Of each period that begins in [from_s, to_s) and has data. `period_s` is one of kPeriods.
  Result<std::vector<TimedSample>> read(const std::string& object, Metric metric, int64_t from_s, int64_t to_s,
                                        int64_t period_s);

  int64_t bytes();

 private:
  SeriesStore(store::Db db, int64_t max_bytes) : db_(std::move(db)), max_bytes_(max_bytes) {}

  Result<int64_t> number_of(const std::string& object);
  Status merge(int64_t period_s, int64_t object, int64_t time_s, const ObjectPoint& point);
  Status expire(int64_t now_s);
  Status keep_bounds(int64_t now_s);
  Result<int64_t> used_bytes();

  std::mutex mutex_;
  store::Db db_;
  const int64_t max_bytes_;
  std::map<std::string, int64_t> numbers_;  // of objects
};

/// The samples of a point as text, and back; fewer or more metrics than there are now do no harm.
std::string encode_samples(const ObjectPoint& point);
void decode_samples(std::string_view text, ObjectPoint& point);

}  // namespace elb::telemetry
