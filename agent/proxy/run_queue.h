// SPDX-License-Identifier: Apache-2.0
// RunQueue: connections of clients that have something to do, in the order in which they came; each is in it once. A
// turn takes a few from its front. Thread rule: its loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace elb::proxy {

/// `Item` has a public `uint64_t queued`, 0 at first, that is the queue's.
template <class Item>
class RunQueue {
 public:
  void add(Item& item) {
    if (item.queued != 0) return;
    items_.push_back(&item);
    item.queued = passed_ + items_.size();
  }
  /// The one at the front, or null when there is none.
  Item* take() {
    while (!empty()) {
      Item* item = items_[front_++];
      if (front_ == items_.size() || front_ == kPassed) forget_passed();
      if (item == nullptr) continue;  // it went away
      item->queued = 0;
      return item;
    }
    return nullptr;
  }
  void remove(Item& item) {
    if (item.queued == 0) return;
    items_[item.queued - passed_ - 1] = nullptr;
    item.queued = 0;
  }
  bool empty() const { return front_ == items_.size(); }
  size_t size() const { return items_.size() - front_; }

 private:
  static constexpr size_t kPassed = 1024;  // entries in front of the queue, before the others move up

  void forget_passed() {
    items_.erase(items_.begin(), items_.begin() + static_cast<ptrdiff_t>(front_));
    passed_ += front_;
    front_ = 0;
  }

  std::vector<Item*> items_;
  size_t front_ = 0;
  uint64_t passed_ = 0;  // and forgotten; an item's place, plus one, counts from the beginning of all
};

}  // namespace elb::proxy
