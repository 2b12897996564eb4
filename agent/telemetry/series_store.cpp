// SPDX-License-Identifier: Apache-2.0
#include "telemetry/series_store.h"

#include "telemetry/own_file.h"

namespace elb::telemetry {
namespace {

// By period, object and time: a query is one range, expiry one range for each object.
constexpr const char* kSeriesSchema = R"sql(
CREATE TABLE object (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE point (
  period INTEGER NOT NULL,
  object INTEGER NOT NULL,
  time INTEGER NOT NULL,
  samples TEXT NOT NULL,
  PRIMARY KEY (period, object, time)
) STRICT, WITHOUT ROWID;
)sql";

constexpr int64_t kExpireEvery_s = 3600;
constexpr int64_t kLeast_s = 600;  // that even a file which is too large keeps of each resolution

/// The resolution that a period is made from.
const Resolution& source_of(int64_t period_s) {
  const Resolution* best = &kResolutions[0];
  for (const Resolution& one : kResolutions)
    if (one.period_s <= period_s && period_s % one.period_s == 0) best = &one;
  return *best;
}

}  // namespace

Result<std::unique_ptr<SeriesStore>> SeriesStore::open(const std::string& path, int64_t max_bytes) {
  auto db = open_own_file(path, kSeriesSchema, false);
  if (!db) return pass_on(db.error());
  return std::unique_ptr<SeriesStore>(new SeriesStore(std::move(*db), max_bytes));
}

Result<int64_t> SeriesStore::number_of(const std::string& object) {
  if (const auto known = numbers_.find(object); known != numbers_.end()) return known->second;
  auto insert = db_.prepare("INSERT OR IGNORE INTO object (id) VALUES (?)");
  if (!insert) return pass_on(insert.error());
  if (auto status = insert->bind(object).run(); !status) return pass_on(status.error());
  auto select = db_.prepare("SELECT number FROM object WHERE id = ?");
  if (!select) return pass_on(select.error());
  if (const auto row = select->bind(object).step(); !row) return pass_on(row.error());
  return numbers_[object] = select->integer();
}

Status SeriesStore::merge(int64_t period_s, int64_t object, int64_t time_s, const ObjectPoint& point) {
  ObjectPoint merged = point;
  {
    auto select = db_.prepare("SELECT samples FROM point WHERE period = ? AND object = ? AND time = ?");
    if (!select) return pass_on(select.error());
    const auto row = select->bind(period_s).bind(object).bind(time_s).step();
    if (!row) return pass_on(row.error());
    if (*row) {
      ObjectPoint stored;
      decode_samples(select->text(), stored);
      for (size_t i = 0; i < kMetricCount; ++i) {
        if (!stored.samples[i]) continue;
        if (merged.samples[i]) stored.samples[i]->merge(*merged.samples[i]);
        merged.samples[i] = stored.samples[i];
      }
    }
  }
  auto insert = db_.prepare("INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?)");
  if (!insert) return pass_on(insert.error());
  return insert->bind(period_s).bind(object).bind(time_s).bind(encode_samples(merged)).run();
}

Status SeriesStore::add(int64_t minute_s, const std::vector<ObjectPoint>& points) {
  const std::lock_guard lock(mutex_);
  auto transaction = store::Transaction::begin(db_, store::Transaction::Mode::kWrite);
  if (!transaction) return pass_on(transaction.error());
  const auto give_up = [this](const Error& error) {
    numbers_.clear();  // some may be rolled back
    return pass_on(error);
  };
  for (const ObjectPoint& point : points) {
    const auto object = number_of(point.object);
    if (!object) return give_up(object.error());
    for (const Resolution& one : kResolutions) {
      const int64_t time_s = minute_s - minute_s % one.period_s;
      if (auto status = merge(one.period_s, *object, time_s, point); !status) return give_up(status.error());
    }
  }
  if (minute_s % kExpireEvery_s == 0)
    if (auto status = expire(minute_s); !status) return give_up(status.error());
  if (auto status = keep_bounds(minute_s); !status) return give_up(status.error());
  if (auto status = transaction->commit(); !status) return give_up(status.error());
  return {};
}

Status SeriesStore::expire(int64_t now_s) {
  for (const Resolution& one : kResolutions) {
    auto remove =
        db_.prepare("DELETE FROM point WHERE period = ? AND object IN (SELECT number FROM object) AND time < ?");
    if (!remove) return pass_on(remove.error());
    if (auto status = remove->bind(one.period_s).bind(now_s - one.kept_s).run(); !status) return status;
  }
  numbers_.clear();
  return db_.exec(
      "DELETE FROM object WHERE NOT EXISTS (SELECT 1 FROM point WHERE period IN (60, 300, 3600) AND object "
      "= number)");
}

Result<int64_t> SeriesStore::used_bytes() {
  auto pages = db_.integer("PRAGMA page_count");
  auto free = db_.integer("PRAGMA freelist_count");
  auto size = db_.integer("PRAGMA page_size");
  if (!pages || !free || !size) return fail(ErrorCode::kStorage, "cannot read the size of the series");
  return (*pages - *free) * *size;
}

Status SeriesStore::keep_bounds(int64_t now_s) {
  for (const Resolution& one : kResolutions) {
    for (int64_t kept_s = one.kept_s * 7 / 8; kept_s >= kLeast_s; kept_s -= kept_s / 8) {
      const auto used = used_bytes();
      if (!used) return pass_on(used.error());
      if (*used <= max_bytes_) return {};
      auto remove =
          db_.prepare("DELETE FROM point WHERE period = ? AND object IN (SELECT number FROM object) AND time < ?");
      if (!remove) return pass_on(remove.error());
      if (auto status = remove->bind(one.period_s).bind(now_s - kept_s).run(); !status) return status;
    }
  }
  return {};
}

Result<std::vector<TimedSample>> SeriesStore::read(const std::string& object, Metric metric, int64_t from_s,
                                                   int64_t to_s, int64_t period_s) {
  const std::lock_guard lock(mutex_);
  auto select = db_.prepare(
      "SELECT time, samples FROM point WHERE period = ? AND object = (SELECT number FROM object "
      "WHERE id = ?) AND time >= ? AND time < ? ORDER BY time");
  if (!select) return pass_on(select.error());
  // Periods count from 1970 on; one that has begun before from_s would be half a period.
  const int64_t begin_s = from_s + (period_s - from_s % period_s) % period_s;
  const int64_t end_s = to_s + (period_s - to_s % period_s) % period_s;  // the last one counts whole
  select->bind(source_of(period_s).period_s).bind(object).bind(begin_s).bind(end_s);
  std::vector<TimedSample> found;
  for (;;) {
    const auto row = select->step();
    if (!row) return pass_on(row.error());
    if (!*row) return found;
    const int64_t time_s = select->integer();
    ObjectPoint point;
    decode_samples(select->text(), point);
    if (!point.samples[metric]) continue;
    const int64_t bucket_s = time_s - time_s % period_s;
    if (found.empty() || found.back().time_s != bucket_s) found.push_back({bucket_s, {}});
    found.back().sample.merge(*point.samples[metric]);
  }
}

int64_t SeriesStore::bytes() {
  const std::lock_guard lock(mutex_);
  return used_bytes().value_or(0);
}

}  // namespace elb::telemetry
