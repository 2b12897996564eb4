// SPDX-License-Identifier: Apache-2.0
#include "control/event_journal.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace elb::control {

std::string_view to_string(What what) {
  switch (what) {
    case What::kCreated:
      return "created";
    case What::kUpdated:
      return "updated";
    case What::kDeleted:
      return "deleted";
    case What::kOperatingStatus:
      return "operating_status";
    case What::kProvisioningStatus:
      return "provisioning_status";
  }
  return "?";
}

bool EventFilter::takes(const Event& event) const {
  if (project_id && event.project_id != *project_id) return false;
  if (!kinds.empty() && !kinds.contains(event.kind)) return false;
  return id.empty() || event.id == id;
}

EventJournal::EventJournal(const Clock& clock, size_t capacity)
    : clock_(clock),
      capacity_(capacity),
      added_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      last_(static_cast<uint64_t>(
          std::chrono::duration_cast<std::chrono::microseconds>(clock.wall().time_since_epoch()).count())) {}

void EventJournal::add(std::vector<Event> events) {
  if (events.empty()) return;
  const WallTime now = clock_.wall();
  {
    const std::lock_guard lock(mutex_);
    for (Event& event : events) {
      event.number = ++last_;
      event.time = now;
      events_.push_back(std::make_shared<const Event>(std::move(event)));
      if (events_.size() > capacity_) events_.pop_front();
    }
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(added_.get(), &one, sizeof one);
}

EventJournal::Page EventJournal::empty_page() const {
  return {.events = {}, .oldest = last_ + 1 - events_.size(), .newest = last_, .next = last_, .gone = false};
}

EventJournal::Page EventJournal::read(uint64_t since, const EventFilter& filter, size_t limit) const {
  const std::lock_guard lock(mutex_);
  Page page = empty_page();
  if (since > last_ || since + 1 < page.oldest) {
    page.gone = true;
    return page;
  }
  for (size_t at = since + 1 - page.oldest; at < events_.size(); ++at) {
    if (!filter.takes(*events_[at])) continue;
    page.events.push_back(events_[at]);
    if (page.events.size() < limit) continue;
    page.next = page.events.back()->number;
    break;
  }
  return page;
}

EventJournal::Page EventJournal::newest(const EventFilter& filter, size_t limit) const {
  const std::lock_guard lock(mutex_);
  Page page = empty_page();
  for (auto at = events_.rbegin(); at != events_.rend() && page.events.size() < limit; ++at)
    if (filter.takes(**at)) page.events.push_back(*at);
  std::reverse(page.events.begin(), page.events.end());
  return page;
}

void EventJournal::settle() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(added_.get(), &count, sizeof count);
}

}  // namespace elb::control
