// SPDX-License-Identifier: Apache-2.0
// IndexView: who owns which index, as the reconciler's thread last published it; what counters and flows are translated
// with. Thread rule: immutable, shared as shared_ptr<const IndexView>; Published hands it between threads.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "dataplane/desired_maps.h"
#include "dataplane/whitelist.h"

namespace elb::dataplane {

struct IndexView {
  struct Slots {
    uint32_t index = 0;
    std::vector<uint32_t> members;  // indexes, removed ones included until their connections have ended
  };
  std::map<Uuid, Slots> listeners;                // configured ones
  std::map<Uuid, std::vector<uint32_t>> members;  // configured ones -> an index for each listener that uses the pool
  std::map<uint32_t, PairKey> pairs;              // every index in use or in quarantine
  std::vector<bool> live;  // by member index: connections of others are ended; empty: nothing applied yet, end none
  std::vector<uint32_t> owners;  // by member index: its listener's; see listener_of()
  /// By listener index, as the packet path uses them; none: everybody may connect.
  std::map<uint32_t, std::shared_ptr<const Whitelist>> whitelists;

  uint32_t listener_of(uint32_t member) const { return member < owners.size() ? owners[member] : UINT32_MAX; }
};

/// A value that one thread replaces and others read.
template <class T>
class Published {
 public:
  void set(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
  }
  std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_ = std::make_shared<const T>();
};

}  // namespace elb::dataplane
