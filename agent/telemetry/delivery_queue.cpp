// SPDX-License-Identifier: Apache-2.0
#include "telemetry/delivery_queue.h"

#include <algorithm>

namespace elb::telemetry {

std::optional<int64_t> DeliveryQueue::push(Delivery delivery, SteadyTime now) {
  std::optional<int64_t> gone;
  if (entries_.size() >= kMax) {
    gone = entries_.front().delivery.id;
    entries_.pop_front();
  }
  entries_.push_back({std::move(delivery), now, now});
  return gone;
}

bool DeliveryQueue::waits_for_an_earlier(const Entry& entry) const {
  for (const Entry& earlier : entries_) {
    if (&earlier == &entry) return false;
    if (earlier.delivery.alarm_id == entry.delivery.alarm_id && earlier.delivery.target == entry.delivery.target)
      return true;
  }
  return false;
}

const Delivery* DeliveryQueue::due(SteadyTime now) const {
  for (const Entry& entry : entries_)
    if (entry.due <= now && !waits_for_an_earlier(entry)) return &entry.delivery;
  return nullptr;
}

std::optional<SteadyTime> DeliveryQueue::next() const {
  std::optional<SteadyTime> first;
  for (const Entry& entry : entries_)
    if ((!first || entry.due < *first) && !waits_for_an_earlier(entry)) first = entry.due;
  return first;
}

void DeliveryQueue::done(int64_t id) {
  entries_.remove_if([id](const Entry& entry) { return entry.delivery.id == id; });
}

bool DeliveryQueue::failed(int64_t id, SteadyTime now) {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [id](const Entry& entry) { return entry.delivery.id == id; });
  if (found == entries_.end()) return false;
  found->backoff = std::clamp(found->backoff * 2, kBackoffMin, kBackoffMax);
  found->due = now + found->backoff;
  if (found->due - found->begun < kGiveUp) return false;
  entries_.erase(found);
  return true;
}

void DeliveryQueue::forget(const std::string& alarm_id) {
  entries_.remove_if([&](const Entry& entry) { return entry.delivery.alarm_id == alarm_id; });
}

}  // namespace elb::telemetry
