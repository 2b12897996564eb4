// SPDX-License-Identifier: Apache-2.0
// Wheel: deadlines of many connections, each looked at again only when it may have come. A connection that is used
// moves its own deadline, not its place here: when its turn comes and it is too early, it arms itself anew. So a
// request costs the wheel nothing. Ticks of 32 ms, about 33 s in one round; what lies beyond comes up once a round.
// Thread rule: one loop's thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace elb::proxy {

/// Whoever has a deadline. Going away takes it off the wheel.
class Timed {
 public:
  Timed() = default;
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  virtual ~Timed() { unlink(); }
  /// Its turn has come: act, or arm again. It may destroy itself and others.
  virtual void on_timer() = 0;

 private:
  friend class Wheel;
  void unlink() {
    if (next_ == nullptr) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

  Timed* previous_ = nullptr;
  Timed* next_ = nullptr;
  uint64_t tick_ = 0;
};

class Wheel {
 public:
  static constexpr std::chrono::milliseconds kTick{32};
  static constexpr size_t kSlots = 1024;

  explicit Wheel(SteadyTime now) : start_(now) {}

  /// on_timer() comes within two ticks after `when`; or earlier, at the place that it has already.
  void arm(Timed& timed, SteadyTime when);
  void disarm(Timed& timed) { timed.unlink(); }

  void advance(SteadyTime now);
  /// Until the next one may be due, at most `most`.
  std::chrono::milliseconds wait(SteadyTime now, std::chrono::milliseconds most) const;

 private:
  /// Head of a ring; never due itself.
  struct Anchor final : Timed {
    Anchor() { clear(); }
    void on_timer() override {}
    void clear();
    bool empty() const;
    Timed* first() const;
    void add(Timed& timed);
    void take_from(Anchor& other);
  };

  void run(Anchor& slot);

  SteadyTime start_;
  uint64_t now_tick_ = 0;
  std::array<Anchor, kSlots> slots_;
  std::array<uint64_t, kSlots / 64> occupied_{};  // a bit for each slot that may hold something
};

}  // namespace elb::proxy
