// SPDX-License-Identifier: Apache-2.0
// AlarmBook: all alarms, judged at the end of each period, and what has to be told because of it (AL-01, AL-02): an
// ALARM once, an OK once after it. What is to be told is written down together with the change of state, so that it is
// told after a crash too. Thread rule: any thread; no lock is held while series are read.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "telemetry/alarm.h"
#include "telemetry/alarm_store.h"
#include "telemetry/notifier.h"

namespace elb::telemetry {

class AlarmBook {
 public:
  /// The value of a rule's series over the period that ends at `end_s`; nothing when there is no data.
  using Look = std::function<std::optional<double>(const AlarmRule& rule, int64_t end_s)>;

  /// Where the file cannot be used alarms live in memory, and changing them is refused.
  AlarmBook(const std::string& path, ChannelOptions channels, const Clock& clock, Random& random);
  ~AlarmBook();  // stops

  void start();
  void stop();

  std::vector<Alarm> all() const;
  Result<Alarm> find(const std::string& id) const;
  /// kInvalid, kConflict for a name that is taken, kQuota, kStorage.
  Result<Alarm> create(const AlarmRule& rule);
  Result<Alarm> update(const std::string& id, const AlarmRule& rule);
  Status remove(const std::string& id);

  /// Judges the rules whose period ends at `end_s`, a full minute.
  void evaluate(int64_t end_s, const Look& look);

  struct Attempt {
    Target target;
    std::string error;  // empty: delivered
  };
  /// Sends a test notification to every target now, whether notifications are on or not.
  Result<std::vector<Attempt>> test(const std::string& id) const;

  std::array<Notifier::Counts, kTargetTypes> counts() const { return notifier_.counts(); }

 private:
  struct Entry {
    Alarm alarm;
    int streak = 0;
    uint64_t version = 0;  // steps with each change of the rule
  };

  Status check_name(const std::string& name, const std::string& own_id) const;
  Status write(const Alarm& alarm, std::vector<Delivery>& deliveries);
  void settle(Entry& entry, std::optional<double> value, std::vector<Delivery>& out);
  int64_t now_s() const;

  const ChannelOptions channels_;
  const Clock& clock_;
  Random& random_;
  const std::string node_;  // its host name
  mutable std::mutex mutex_;
  std::unique_ptr<AlarmStore> store_;  // nullptr: could not be opened
  std::map<std::string, Entry> entries_;
  Notifier notifier_;  // last: its threads call back
};

}  // namespace elb::telemetry
