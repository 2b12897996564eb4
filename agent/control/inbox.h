// SPDX-License-Identifier: Apache-2.0
// Inbox: what other threads leave for the reconciler. Only the newest model and, per member, the newest health event
// count, so it is bounded by the number of members and never has to refuse: a lost change of state would never be
// repeated. (base/mailbox.h refuses when full.) Private to control/.
// Thread rule: publish(), push() and stop() from any thread, the rest from the reconciler's.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/fd.h"
#include "model/health.h"
#include "model/resources.h"

namespace elb::control {

class Inbox {
 public:
  struct Batch {
    std::shared_ptr<const model::Model> model;  // null: no new one
    std::unordered_map<model::Id, model::HealthEvent> events;
    bool stop = false;
  };

  Inbox() : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  void publish(std::shared_ptr<const model::Model> model) {
    {
      const std::lock_guard lock(mutex_);
      content_.model = std::move(model);
    }
    wake();
  }
  void push(model::HealthEvent event) {
    model::Id id = event.member_id;
    {
      const std::lock_guard lock(mutex_);
      content_.events.insert_or_assign(std::move(id), std::move(event));
    }
    wake();
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      content_.stop = true;
    }
    wake();
  }

  /// Everything left since the last call; `stop` stays set.
  Batch take() {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(event_.get(), &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(content_, Batch{nullptr, {}, content_.stop});
  }
  bool stopping() const {
    const std::lock_guard lock(mutex_);
    return content_.stop;
  }
  /// Readable when there is something to take.
  int event_fd() const { return event_.get(); }

 private:
  void wake() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(event_.get(), &one, sizeof one);
  }

  Fd event_;
  mutable std::mutex mutex_;
  Batch content_;
};

}  // namespace elb::control
