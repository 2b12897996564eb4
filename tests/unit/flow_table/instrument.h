// SPDX-License-Identifier: Apache-2.0
// The flow table with its two test seams filled in; the only way a source of this directory includes it.
//   ELB_PAUSE(point)  calls the hook of the running thread: it may yield, run other code in between, or throw AgentDied
//   ELB_BROKEN(what)  is true for the one rule that ELB_VARIANT names: that build leaves the rule out
// Hooks belong to a thread; without one a point costs a load and a branch.
#pragma once

#ifdef ELB_FLOW_TABLE_H
#error "include instrument.h before elb/flow_table.h"
#endif

#include <string_view>

#ifndef ELB_VARIANT
#define ELB_VARIANT "NONE"
#endif

namespace elb::test {

class PauseHook {
 public:
  virtual void at(std::string_view point) = 0;

 protected:
  ~PauseHook() = default;
};

inline thread_local PauseHook* pause_hook = nullptr;

/// The agent is killed: thrown by a hook out of the sweeper, which leaves the table as a dead process would.
struct AgentDied {};

inline void pause_at(std::string_view point) {
  if (pause_hook != nullptr) pause_hook->at(point);
}

consteval bool left_out(std::string_view what) { return what == ELB_VARIANT; }

inline void spin(unsigned turns) {
  while (turns-- != 0) asm volatile("");
}

/// Sets the thread's hook for a scope.
class ScopedHook {
 public:
  explicit ScopedHook(PauseHook& hook) : before_(pause_hook) { pause_hook = &hook; }
  ~ScopedHook() { pause_hook = before_; }
  ScopedHook(const ScopedHook&) = delete;
  ScopedHook& operator=(const ScopedHook&) = delete;

 private:
  PauseHook* before_;
};

}  // namespace elb::test

#define ELB_PAUSE(point) ::elb::test::pause_at(#point)
#define ELB_BROKEN(what) (::elb::test::left_out(#what))

#include <elb/flow_sweep.h>
