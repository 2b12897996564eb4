// SPDX-License-Identifier: Apache-2.0
#include "proxy/wheel.h"

#include <algorithm>

namespace elb::proxy {

void Wheel::Anchor::clear() { next_ = previous_ = this; }

bool Wheel::Anchor::empty() const { return next_ == this; }

Timed* Wheel::Anchor::first() const { return next_; }

void Wheel::Anchor::add(Timed& timed) {
  timed.previous_ = previous_;
  timed.next_ = this;
  previous_->next_ = &timed;
  previous_ = &timed;
}

void Wheel::Anchor::take_from(Anchor& other) {
  if (other.empty()) return;
  next_ = other.next_;
  previous_ = other.previous_;
  next_->previous_ = this;
  previous_->next_ = this;
  other.clear();
}

void Wheel::arm(Timed& timed, SteadyTime when) {
  const auto from_start = std::chrono::ceil<std::chrono::milliseconds>(when - start_);
  const auto wanted = static_cast<uint64_t>(std::max<int64_t>(0, (from_start + kTick).count() / kTick.count()));
  const uint64_t tick = std::clamp(wanted, now_tick_ + 1, now_tick_ + kSlots - 1);
  if (timed.next_ != nullptr) {
    if (timed.tick_ <= tick) return;
    timed.unlink();
  }
  timed.tick_ = tick;
  const size_t slot = tick % kSlots;
  slots_[slot].add(timed);
  occupied_[slot / 64] |= uint64_t{1} << slot % 64;
}

void Wheel::run(Anchor& slot) {
  Anchor due;
  due.take_from(slot);
  while (!due.empty()) {
    Timed* timed = due.first();
    timed->unlink();
    timed->on_timer();
  }
}

void Wheel::advance(SteadyTime now) {
  const auto target = static_cast<uint64_t>(std::max<int64_t>(0, (now - start_) / kTick));
  if (target > now_tick_ + kSlots) now_tick_ = target - kSlots;  // after a long stop: each slot once
  while (now_tick_ < target) {
    ++now_tick_;
    const size_t slot = now_tick_ % kSlots;
    const uint64_t bit = uint64_t{1} << slot % 64;
    if ((occupied_[slot / 64] & bit) == 0) continue;
    occupied_[slot / 64] &= ~bit;
    run(slots_[slot]);
  }
}

std::chrono::milliseconds Wheel::wait(SteadyTime now, std::chrono::milliseconds most) const {
  for (uint64_t tick = now_tick_ + 1; tick < now_tick_ + kSlots; ++tick) {
    const size_t slot = tick % kSlots;
    const uint64_t word = occupied_[slot / 64] >> slot % 64;
    if (word == 0) {  // nothing in the rest of this word
      tick += 63 - slot % 64;
      continue;
    }
    if ((word & 1) == 0) continue;
    const auto until = std::chrono::ceil<std::chrono::milliseconds>(start_ + tick * kTick - now);
    return std::clamp(until, std::chrono::milliseconds(0), most);
  }
  return most;
}

}  // namespace elb::proxy
