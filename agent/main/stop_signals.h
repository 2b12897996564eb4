// SPDX-License-Identifier: Apache-2.0
// StopSignals: TERM and INT as a readable descriptor, HUP as a call, by a thread of its own. Thread rule: made before
// other threads, which then never meet a signal.
#pragma once

#include <functional>
#include <thread>

#include "base/fd.h"

namespace elb {

class StopSignals {
 public:
  explicit StopSignals(std::function<void()> on_hangup);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  int fd() const { return event_.get(); }

 private:
  void run();

  std::function<void()> on_hangup_;
  Fd event_;
  std::thread thread_;
};

}  // namespace elb
