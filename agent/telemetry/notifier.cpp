// SPDX-License-Identifier: Apache-2.0
#include "telemetry/notifier.h"

#include <pthread.h>

#include "base/log.h"

namespace elb::telemetry {

Notifier::Notifier(const Clock& clock, Send send, Finished finished)
    : clock_(clock), send_(std::move(send)), finished_(std::move(finished)) {}

Notifier::~Notifier() { stop(); }

void Notifier::start() {
  for (Channel& channel : channels_) {
    channel.thread = std::thread([this, &channel] { run(channel); });
    ::pthread_setname_np(channel.thread.native_handle(), "notifier");
  }
}

void Notifier::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  for (Channel& channel : channels_) {
    channel.wake.notify_all();
    if (channel.thread.joinable()) channel.thread.join();
  }
}

void Notifier::push(Delivery delivery) {
  Channel& channel = channels_[static_cast<size_t>(delivery.target.type)];
  std::optional<int64_t> gone;
  {
    const std::lock_guard lock(mutex_);
    gone = channel.queue.push(std::move(delivery), clock_.steady());
    if (gone) ++channel.counts.given_up;
  }
  channel.wake.notify_all();
  if (gone) finished_(*gone);
}

void Notifier::forget(const std::string& alarm_id) {
  const std::lock_guard lock(mutex_);
  for (Channel& channel : channels_) channel.queue.forget(alarm_id);
}

void Notifier::run(Channel& channel) {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const SteadyTime now = clock_.steady();
    const Delivery* next = channel.queue.due(now);
    if (!next) {
      const auto due = channel.queue.next();
      if (due) {
        channel.wake.wait_for(lock, *due - now);
      } else {
        channel.wake.wait(lock);
      }
      continue;
    }
    const Delivery delivery = *next;
    lock.unlock();
    const Status status = send_(delivery.target, delivery.payload);
    bool finished = true;
    lock.lock();
    if (status) {
      ++channel.counts.delivered;
      channel.queue.done(delivery.id);
    } else {
      ++channel.counts.failed_attempts;
      finished = channel.queue.failed(delivery.id, clock_.steady());
      if (finished) ++channel.counts.given_up;
    }
    lock.unlock();
    if (!status)
      log::warn("notification not delivered alarm={} to={} final={} error={}", delivery.alarm_id,
                to_string(delivery.target.type), finished, status.error().to_string());
    if (finished) finished_(delivery.id);
    lock.lock();
  }
}

std::array<Notifier::Counts, kTargetTypes> Notifier::counts() const {
  const std::lock_guard lock(mutex_);
  std::array<Counts, kTargetTypes> all;
  for (size_t i = 0; i < kTargetTypes; ++i) {
    all[i] = channels_[i].counts;
    all[i].pending = channels_[i].queue.size();
  }
  return all;
}

}  // namespace elb::telemetry
