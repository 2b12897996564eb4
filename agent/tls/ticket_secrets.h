// SPDX-License-Identifier: Apache-2.0
// TicketSecrets: what session tickets are encrypted with, for the epochs before, now and next. Time is cut into epochs
// of one length; each has a secret of its own, and old ones are forgotten, so that a stolen secret opens no old
// traffic. The next one is handed out early: workers and nodes change over at the same moment, and none meets an
// unknown ticket. Thread rule: immutable, shared as shared_ptr<const TicketSecrets>; whoever rotates gives each worker
// the new one.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/random.h"

namespace elb::tls {

class TicketSecrets {
 public:
  using Secret = std::array<uint8_t, 32>;
  struct Entry {
    uint64_t epoch = 0;
    Secret secret{};
  };
  static constexpr std::chrono::seconds kPeriod = std::chrono::hours(8);

  /// `entries` in order of their epochs, at least one: how they arrive from another process or node.
  TicketSecrets(std::chrono::seconds period, std::vector<Entry> entries);
  TicketSecrets(const TicketSecrets&) = delete;
  TicketSecrets& operator=(const TicketSecrets&) = delete;
  ~TicketSecrets();  // wipes them

  /// Secrets of the epochs around `now`: those that `old` has are kept, the others are drawn. To be called at least
  /// once in each period.
  static std::shared_ptr<const TicketSecrets> rotate(const TicketSecrets* old, WallTime now, Random& random,
                                                     std::chrono::seconds period = kPeriod);

  const std::vector<Entry>& entries() const { return entries_; }
  std::chrono::seconds period() const { return period_; }
  uint64_t epoch_at(WallTime now) const;
  /// Index of the entry that encrypts now: that of the present epoch, or the one next to it if rotation is overdue or
  /// the clock stepped.
  size_t current(WallTime now) const;

 private:
  std::chrono::seconds period_;
  std::vector<Entry> entries_;
};

using TicketSecretsPtr = std::shared_ptr<const TicketSecrets>;

}  // namespace elb::tls
