// SPDX-License-Identifier: Apache-2.0
// Telemetry: what the agent tells of itself and its traffic, as one object for main/ to make and the API to ask. A
// thread of its own looks at the counters every ten seconds and closes each minute. Nothing here may stop the agent:
// where the file of the metrics cannot be written, memory has to do. Thread rule: every call from any thread; tick() is
// the thread's, or the test's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "telemetry/alarm_book.h"
#include "telemetry/exposition.h"
#include "telemetry/query.h"
#include "telemetry/sampler.h"
#include "telemetry/series_store.h"
#include "telemetry/sources.h"

namespace elb::telemetry {

struct TelemetryOptions {
  std::string series_file = ":memory:";
  int64_t series_bytes = int64_t{512} << 20;
  std::string alarm_file = ":memory:";
  ChannelOptions channels;
  std::chrono::seconds look_every{10};
};

class Telemetry {
 public:
  Telemetry(Sources sources, const Clock& clock, Random& random, TelemetryOptions options);
  ~Telemetry();  // stops

  void start();
  void stop();
  /// One look; ends the minute when the wall clock has passed it.
  void tick();

  AlarmBook& alarms() { return alarms_; }

  /// The answer to GET /metrics: of everything, or of what is in the model of a project.
  std::string scrape(ExpositionFormat format, const std::shared_ptr<const model::Model>& project = {}) const;

  /// Dimensions and metric as check_dimensions() and check_metric() take them.
  Result<std::vector<TimedSample>> series(const Dimensions& dimensions, Metric metric, int64_t from_s, int64_t to_s,
                                          int64_t period_s) const;

  struct Monitored {
    Dimensions dimensions;
    std::vector<Metric> metrics;
  };
  /// Everything that has series. Without `all` those are left out that had no usable member for 24 hours (MON-06).
  std::vector<Monitored> monitored(bool all) const;

 private:
  void run();
  void close_minute(int64_t minute_s);
  void note_usable(SteadyTime now);
  std::optional<double> look(const AlarmRule& rule, int64_t end_s) const;
  void add_last_minute(Exposition& out, const std::shared_ptr<const model::Model>& project) const;
  void add_own(Exposition& out) const;
  void add_alarms(Exposition& out) const;
  void add_access_logs(Exposition& out) const;

  const Sources sources_;
  const Clock& clock_;
  const TelemetryOptions options_;
  std::unique_ptr<SeriesStore> store_;  // nullptr: not even memory could be had
  AlarmBook alarms_;
  Sampler sampler_;
  int64_t minute_ = -1;  // since 1970, that is being gathered; -1: none yet

  mutable std::mutex mutex_;
  std::vector<ObjectPoint> last_minute_;
  std::map<std::string, SteadyTime> usable_;  // when an object last had a usable member
  uint64_t failed_writes_ = 0;

  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace elb::telemetry
