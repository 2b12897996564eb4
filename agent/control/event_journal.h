// SPDX-License-Identifier: Apache-2.0
// EventJournal: the newest events in memory, each with a number that grows by one. The first number of a run is the
// time of its start in microseconds, so that a number of an earlier run is told from one of this run.
// Thread rule: any thread; event_fd() and settle() are for one reader.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "model/resources.h"

namespace elb::control {

enum class What : uint8_t { kCreated, kUpdated, kDeleted, kOperatingStatus, kProvisioningStatus };
std::string_view to_string(What what);  // "operating_status"

struct Event {
  uint64_t number = 0;  // given by the journal, and so is the time
  WallTime time{};
  What what = What::kCreated;
  model::Kind kind = model::Kind::kLoadBalancer;
  model::Id id;
  std::string name;
  std::string project_id;
  uint64_t revision = 0;       // of created, updated, deleted
  std::string status, before;  // of the others; before is empty when there was none
  std::string reason;          // of a status that is not well
};

struct EventFilter {
  std::optional<std::string> project_id{};  // only of this project
  std::set<model::Kind> kinds{};            // empty: all
  std::string id{};                         // empty: all
  bool takes(const Event& event) const;
};

class EventJournal {
 public:
  explicit EventJournal(const Clock& clock, size_t capacity = 10'000);

  /// In this order, each with its number.
  void add(std::vector<Event> events);

  struct Page {
    std::vector<std::shared_ptr<const Event>> events;  // by number
    uint64_t oldest = 0;                               // that is kept; the next to come when none is
    uint64_t newest = 0;                               // given so far
    uint64_t next = 0;                                 // all up to here have been looked at
    bool gone = false;                                 // some after `since` are not kept, or it is of another run
  };
  /// What came after number `since`, at most `limit`.
  Page read(uint64_t since, const EventFilter& filter, size_t limit) const;
  /// The last `limit`.
  Page newest(const EventFilter& filter, size_t limit) const;

  /// Readable after an add() until settle().
  int event_fd() const { return added_.get(); }
  void settle();

 private:
  Page empty_page() const;  // under mutex_

  const Clock& clock_;
  const size_t capacity_;
  const Fd added_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const Event>> events_;
  uint64_t last_;  // number given so far
};

}  // namespace elb::control
