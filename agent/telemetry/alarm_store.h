// SPDX-License-Identifier: Apache-2.0
// AlarmStore: alarms and the notifications that are not delivered yet, in a SQLite file of their own, durable: losing
// the metrics loses no rule. A change of state and its notifications are one transaction. Private to telemetry.
// Thread rule: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/sqlite_db.h"
#include "telemetry/alarm.h"
#include "telemetry/delivery_queue.h"

namespace elb::telemetry {

class AlarmStore {
 public:
  static Result<std::unique_ptr<AlarmStore>> open(const std::string& path);

  Result<std::vector<Alarm>> load();
  /// Not delivered yet, oldest first.
  Result<std::vector<Delivery>> undelivered();

  /// Writes the alarm and adds the deliveries, which get their ids.
  Status put(const Alarm& alarm, std::vector<Delivery>& deliveries);
  /// With all that is not delivered yet.
  Status erase(const std::string& id);
  Status delivered(int64_t delivery_id);

 private:
  explicit AlarmStore(store::Db db) : db_(std::move(db)) {}
  Status put_row(const Alarm& alarm);

  store::Db db_;
};

}  // namespace elb::telemetry
