// SPDX-License-Identifier: Apache-2.0
// Poller: epoll as the proxy's loops use it. Each descriptor is added once, edge-triggered for both directions, and
// never touched again; closing it takes it out. Thread rule: its loop's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "base/fd.h"
#include "base/result.h"

struct epoll_event;

namespace elb::proxy {

class Pollable {
 public:
  virtual void on_events(uint32_t events) = 0;
  virtual ~Pollable() = default;
};

class Poller {
 public:
  Poller();

  /// A connection: edges of reading, writing and hanging up.
  Status add(int fd, Pollable& pollable);
  /// A listening socket that several loops wait on: one of them wakes up, again and again while connections wait.
  Status add_shared(int fd, Pollable& pollable);
  /// An event descriptor: as long as it is readable.
  Status add_level(int fd, Pollable& pollable);
  void remove(int fd);

  /// How many of `events` were filled.
  size_t wait(std::span<epoll_event> events, std::chrono::milliseconds most);

 private:
  Status control(int fd, uint32_t events, Pollable& pollable);
  Fd epoll_;
};

}  // namespace elb::proxy
