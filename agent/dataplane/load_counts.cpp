// SPDX-License-Identifier: Apache-2.0
#include "dataplane/load_counts.h"

#include <elb/atomic.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/log.h"

namespace elb::dataplane {

namespace {

constexpr uint64_t kUsablePercent = 80;   // of the slots: fuller, new connections find no place anyway
constexpr uint64_t kReservePercent = 10;  // of those, kept from listeners above their share

template <class T>
Result<T*> map_array(int fd, size_t size, const char* what) {
  void* base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) return fail_errno(errno, fmt::format("mapping of {}", what));
  return static_cast<T*>(base);
}

}  // namespace

LoadCounts::LoadCounts(uint64_t* loads, uint32_t members, elb_cursor* cursors, uint32_t listeners)
    : loads_(loads), members_(members), cursors_(cursors), listeners_(listeners), mapped_(false), watches_(listeners) {}

/// The mapping belongs to the object that is made last, which can not fail.
Result<std::unique_ptr<LoadCounts>> LoadCounts::map(int loads_fd, uint32_t members, int cursors_fd,
                                                    uint32_t listeners) {
  auto loads = map_array<uint64_t>(loads_fd, members * sizeof(uint64_t), ELB_MAP_LOADS);
  if (!loads) return pass_on(std::move(loads.error()));
  auto cursors = map_array<elb_cursor>(cursors_fd, listeners * sizeof(elb_cursor), ELB_MAP_CURSORS);
  if (!cursors) {
    munmap(*loads, members * sizeof(uint64_t));
    return pass_on(std::move(cursors.error()));
  }
  auto counts = std::make_unique<LoadCounts>(*loads, members, *cursors, listeners);
  const_cast<bool&>(counts->mapped_) = true;
  return counts;
}

LoadCounts::~LoadCounts() {
  if (!mapped_) return;
  munmap(loads_, members_ * sizeof(uint64_t));
  munmap(cursors_, listeners_ * sizeof(elb_cursor));
}

uint32_t* LoadCounts::load_at(uint32_t member) const { return reinterpret_cast<uint32_t*>(&loads_[member]); }

uint64_t LoadCounts::pair_at(uint32_t listener) const {
  return __atomic_load_n(reinterpret_cast<uint64_t*>(&cursors_[listener].active), __ATOMIC_ACQUIRE);
}

uint32_t LoadCounts::load(uint32_t member) const { return member < members_ ? ELB_LOAD(*load_at(member)) : 0; }
uint32_t LoadCounts::active(uint32_t listener) const {
  return listener < listeners_ ? ELB_LOAD(cursors_[listener].active) : 0;
}

void LoadCounts::uncount(uint32_t member, const IndexView& view) {
  if (member < members_) elb_add(load_at(member), UINT32_MAX);
  const uint32_t listener = view.listener_of(member);
  if (listener < listeners_) elb_add(&cursors_[listener].active, UINT32_MAX);
}

void LoadCounts::sweep_begins(uint32_t now) {
  now_ = now;
  for (uint32_t listener = 0; listener < listeners_; ++listener)
    if (const uint64_t pair = pair_at(listener); pair != watches_[listener].pair || watches_[listener].sweeps == 0)
      watches_[listener] = {pair, now, 0};
}

/// A packet may have counted its connection and not made it yet, but not for so long.
bool LoadCounts::quiet(uint32_t listener) const {
  return watches_[listener].sweeps >= kQuietSweeps && now_ - watches_[listener].since >= kQuietTicks;
}

uint64_t LoadCounts::sweep_ended(const std::vector<uint32_t>& open, const IndexView& view) {
  uint64_t wrong = 0;
  const auto correct = [&wrong](uint32_t* counter, uint32_t should) {
    const uint32_t is = ELB_LOAD(*counter);
    if (is == should) return;
    elb_add(counter, should - is);
    ++wrong;
  };
  for (uint32_t listener = 0; listener < listeners_; ++listener)
    watches_[listener].sweeps = pair_at(listener) == watches_[listener].pair ? watches_[listener].sweeps + 1 : 0;

  std::map<uint32_t, uint32_t> sums;
  for (const auto& [member, key] : view.pairs) {
    const uint32_t listener = view.listener_of(member);
    if (member >= members_ || listener >= listeners_) continue;
    const uint32_t count = member < open.size() ? open[member] : 0;
    sums[listener] += count;
    if (quiet(listener)) correct(load_at(member), count);
  }
  for (const auto& [listener, sum] : sums)
    if (quiet(listener)) correct(&cursors_[listener].active, sum);
  if (wrong > 0)
    log::warn("counters of open connections were put right, an agent died amid its work counters={}", wrong);
  return wrong;
}

uint64_t share_of(uint64_t slots, uint64_t listeners) {
  return slots * kUsablePercent / 100 / std::max<uint64_t>(1, listeners);
}

uint32_t room_of(uint64_t slots, uint64_t used, uint64_t held, uint64_t listeners, uint64_t heavy) {
  const uint64_t share = share_of(slots, listeners), usable = share_of(slots, 1);
  const uint64_t own = held < share ? share - held : 0;
  const uint64_t reserve = usable * kReservePercent / 100;
  const uint64_t common = used + reserve < usable ? (usable - reserve - used) / std::max<uint64_t>(1, heavy) : 0;
  return static_cast<uint32_t>(std::max(own, common) / 2);  // two entries each
}

void LoadCounts::share_out(uint64_t slots, const std::vector<uint32_t>& held, const IndexView& view) {
  std::map<uint32_t, uint64_t> by_listener;
  for (const auto& [id, listener] : view.listeners)
    if (listener.index < listeners_) by_listener[listener.index] = 0;
  uint64_t used = 0, heavy = 0;
  for (uint32_t member = 0; member < held.size(); ++member) {
    used += held[member];
    const auto listener = by_listener.find(view.listener_of(member));
    if (listener != by_listener.end()) listener->second += held[member];
  }
  const uint64_t share = share_of(slots, by_listener.size());
  for (const auto& [listener, entries] : by_listener) heavy += entries >= share;
  for (const auto& [listener, entries] : by_listener) {
    elb_cursor& cursor = cursors_[listener];
    const bool limited = by_listener.size() > 1;
    if (limited)
      ELB_STORE(cursor.open_until, ELB_LOAD(cursor.opened) + room_of(slots, used, entries, by_listener.size(), heavy));
    ELB_STORE(cursor.limited, static_cast<uint32_t>(limited));
  }
}

}  // namespace elb::dataplane
