// SPDX-License-Identifier: Apache-2.0
// EventFeed: the journal, and what leads to its entries. Changes of objects are told from one published model to the
// next; of everything that may have changed a status there is a note for who works out statuses (the API).
// Thread rule: any thread; publish() calls are serialised by the caller, await() is for one thread.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "control/event_journal.h"
#include "model/resources.h"

namespace elb::control {

class EventFeed {
 public:
  explicit EventFeed(const Clock& clock, size_t capacity = 10'000) : journal_(clock, capacity) {}

  EventJournal& journal() { return journal_; }
  const EventJournal& journal() const { return journal_; }

  /// The first one is where it all begins, without events.
  void publish(std::shared_ptr<const model::Model> model);
  /// Statuses may have changed: those of these members, and of what is not applied yet.
  void note(const std::vector<model::Id>& members);

  /// Blocks until there was a note; the members of all of them. Empty: after stop(), once.
  std::optional<std::vector<model::Id>> await();
  void stop();

 private:
  EventJournal journal_;
  std::shared_ptr<const model::Model> published_;  // of publish()
  std::mutex mutex_;
  std::condition_variable noted_;
  std::unordered_set<model::Id> members_;  // bounded by the number of members
  bool any_ = false;
  bool stopped_ = false;
};

}  // namespace elb::control
