// SPDX-License-Identifier: Apache-2.0
// TicketKeeper: the secrets of session tickets that all loops of this process use, drawn anew each 8 hours by whoever
// asks first. Thread rule: any thread.
#pragma once

#include <mutex>

#include "base/clock.h"
#include "base/random.h"
#include "tls/ticket_secrets.h"

namespace elb::proxy {

class TicketKeeper {
 public:
  explicit TicketKeeper(Random& random) : random_(random) {}

  tls::TicketSecretsPtr current(WallTime now) {
    const std::lock_guard lock(mutex_);
    if (!secrets_ || secrets_->epoch_at(now) != epoch_) {
      secrets_ = tls::TicketSecrets::rotate(secrets_.get(), now, random_);
      epoch_ = secrets_->epoch_at(now);
    }
    return secrets_;
  }

 private:
  Random& random_;
  std::mutex mutex_;
  tls::TicketSecretsPtr secrets_;
  uint64_t epoch_ = 0;
};

}  // namespace elb::proxy
