// SPDX-License-Identifier: Apache-2.0
// Acceptor: a listening socket as one loop watches it. All loops watch each; the kernel wakes one of them. When no
// descriptor is left it looks away for a while instead of being woken again and again for what it cannot take.
// Thread rule: its loop's thread.
#pragma once

#include "proxy/poller.h"
#include "proxy/wheel.h"

namespace elb::proxy {

class Loop;

class Acceptor final : public Pollable, public Timed {
 public:
  /// `fd` belongs to the engine and outlives this.
  Acceptor(Loop& loop, int fd) : loop_(loop), fd_(fd) {}

  Status open();
  void close();
  void on_events(uint32_t events) override;
  void accept_some();
  void on_timer() override;

 private:
  Loop& loop_;
  int fd_;
};

}  // namespace elb::proxy
