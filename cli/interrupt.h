// SPDX-License-Identifier: Apache-2.0
// Interrupt: while it lives, SIGINT and SIGTERM, and the end of a time, call a function instead of ending the process:
// what has been printed is whole, and the exit status is that of success. Thread rule: made and destroyed by one
// thread; the function is called by another, again and again until this goes.
#pragma once

#include <signal.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <thread>

namespace elb::cli {

class Interrupt {
 public:
  Interrupt(std::optional<std::chrono::milliseconds> time, std::function<void()> stop);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool happened() const { return happened_; }

 private:
  void run(std::optional<std::chrono::milliseconds> time);

  const std::function<void()> stop_;
  sigset_t before_{};
  std::atomic<bool> happened_ = false;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

}  // namespace elb::cli
