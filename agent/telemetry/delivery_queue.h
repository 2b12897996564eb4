// SPDX-License-Identifier: Apache-2.0
// DeliveryQueue: which notification is sent when. Those of one alarm to one target keep their order; what fails is
// tried again, after 1 s, 2 s, ... 5 minutes, for a day. Bounded: the oldest goes when there are too many.
// Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <string>

#include "base/clock.h"
#include "telemetry/alarm.h"

namespace elb::telemetry {

struct Delivery {
  int64_t id = 0;  // in the outbox
  std::string alarm_id;
  Target target;
  std::string payload;  // JSON
};

class DeliveryQueue {
 public:
  static constexpr size_t kMax = 1000;
  static constexpr std::chrono::seconds kBackoffMin{1}, kBackoffMax{300};
  static constexpr std::chrono::hours kGiveUp{24};

  /// The id of one that had to go for it, if any.
  std::optional<int64_t> push(Delivery delivery, SteadyTime now);

  /// The next to try, which stays until done() or failed().
  const Delivery* due(SteadyTime now) const;
  /// When something will be due; nothing while the queue is empty.
  std::optional<SteadyTime> next() const;

  void done(int64_t id);
  /// True when it was given up and is gone.
  bool failed(int64_t id, SteadyTime now);
  void forget(const std::string& alarm_id);

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Delivery delivery;
    SteadyTime begun, due;
    std::chrono::seconds backoff{0};
  };
  bool waits_for_an_earlier(const Entry& entry) const;

  std::list<Entry> entries_;  // in order of arrival
};

}  // namespace elb::telemetry
