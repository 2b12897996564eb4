// SPDX-License-Identifier: Apache-2.0
// Notifier: sends notifications in threads of its own, one for each kind of target, so that a mail relay which hangs
// holds up no webhook and nothing holds up the agent. Thread rule: any thread.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "telemetry/delivery_queue.h"

namespace elb::telemetry {

inline constexpr size_t kTargetTypes = 3;

class Notifier {
 public:
  using Send = std::function<Status(const Target& target, const std::string& payload)>;
  /// Told from the notifier's threads, no lock held: delivered, given up, or fallen out of a full queue.
  using Finished = std::function<void(int64_t id)>;

  Notifier(const Clock& clock, Send send, Finished finished);
  ~Notifier();  // stops

  void start();
  /// Waits for an attempt in progress.
  void stop();
  void push(Delivery delivery);
  void forget(const std::string& alarm_id);

  struct Counts {
    uint64_t delivered = 0, failed_attempts = 0, given_up = 0;
    size_t pending = 0;
  };
  std::array<Counts, kTargetTypes> counts() const;

 private:
  struct Channel {
    DeliveryQueue queue;
    Counts counts;
    std::condition_variable wake;
    std::thread thread;
  };
  void run(Channel& channel);

  const Clock& clock_;
  const Send send_;
  const Finished finished_;
  mutable std::mutex mutex_;
  bool stopping_ = false;
  std::array<Channel, kTargetTypes> channels_;
};

}  // namespace elb::telemetry
