// SPDX-License-Identifier: Apache-2.0
// Table: resources by id, in the order of ids, in leaves that copies share. Copying costs the leaves, not the
// resources; writing costs one leaf; what two tables differ in is found by the leaves that they do not share. So a
// change of a large model costs what it changes (adr/0028). Reads like a std::map. Thread rule: as of a value; copies
// that share leaves may be in different threads, and one table may be copied by many at once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace elb::model {

namespace table_detail {
/// Never 0, never twice.
inline uint64_t new_owner() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}
}  // namespace table_detail

template <class T>
class Table {
 public:
  using key_type = std::string;
  using mapped_type = std::shared_ptr<const T>;
  using value_type = std::pair<std::string, mapped_type>;

  static constexpr size_t kLeafMax = 128;

 private:
  using Entries = std::vector<value_type>;
  /// Written only by the table whose owner number it has; never empty in a table.
  struct Leaf {
    uint64_t owner = 0;
    Entries entries;
  };
  using Leaves = std::vector<std::shared_ptr<Leaf>>;

 public:
  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Table::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    const_iterator() = default;
    reference operator*() const { return (*leaves_)[leaf_]->entries[entry_]; }
    pointer operator->() const { return &**this; }
    const_iterator& operator++() {
      if (++entry_ == (*leaves_)[leaf_]->entries.size()) {
        ++leaf_;
        entry_ = 0;
      }
      return *this;
    }
    const_iterator operator++(int) {
      const_iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const const_iterator& other) const { return leaf_ == other.leaf_ && entry_ == other.entry_; }

   private:
    friend class Table;
    const_iterator(const Leaves* leaves, size_t leaf, size_t entry) : leaves_(leaves), leaf_(leaf), entry_(entry) {}
    const Leaves* leaves_ = nullptr;
    size_t leaf_ = 0;
    size_t entry_ = 0;
  };
  using iterator = const_iterator;

  Table() = default;
  ~Table() = default;
  /// Neither owns the leaves from here on: whoever writes first makes its own.
  Table(const Table& other) : leaves_(other.leaves_), size_(other.size_) { other.owner_.store(0); }
  Table(Table&& other) noexcept
      : leaves_(std::move(other.leaves_)), size_(std::exchange(other.size_, 0)), owner_(other.owner_.exchange(0)) {
    other.leaves_.clear();
  }
  Table& operator=(Table other) noexcept {
    leaves_.swap(other.leaves_);
    std::swap(size_, other.size_);
    owner_.store(other.owner_.load());
    return *this;
  }

  const_iterator begin() const { return {&leaves_, 0, 0}; }
  const_iterator end() const { return {&leaves_, leaves_.size(), 0}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  const_iterator find(std::string_view id) const {
    const size_t leaf = leaf_of(id);
    if (leaf == leaves_.size()) return end();
    const Entries& entries = leaves_[leaf]->entries;
    const size_t entry = place_of(entries, id);
    return entry < entries.size() && entries[entry].first == id ? const_iterator(&leaves_, leaf, entry) : end();
  }
  bool contains(std::string_view id) const { return find(id) != end(); }
  size_t count(std::string_view id) const { return contains(id) ? 1 : 0; }
  const mapped_type& at(std::string_view id) const {
    const auto found = find(id);
    if (found == end()) throw std::out_of_range("Table::at");
    return found->second;
  }

  /// Valid until the next write.
  mapped_type& operator[](std::string_view id) {
    if (leaves_.empty()) return begin_leaf(0, id);
    const size_t at = leaf_of(id);
    const size_t entry = place_of(leaves_[at]->entries, id);
    if (entry < leaves_[at]->entries.size() && leaves_[at]->entries[entry].first == id)
      return own(at).entries[entry].second;
    if (leaves_[at]->entries.size() < kLeafMax) return insert(own(at).entries, entry, id);
    // Filled in order, as a store does: full leaves stay full.
    if (entry == kLeafMax && at + 1 == leaves_.size()) return begin_leaf(at + 1, id);
    split(at);
    const size_t half = leaves_[at]->entries.size();
    return entry <= half ? insert(leaves_[at]->entries, entry, id) : insert(leaves_[at + 1]->entries, entry - half, id);
  }
  /// The hint is not needed: what is behind all others is put there at once anyway.
  void emplace_hint(const const_iterator& /*hint*/, std::string_view id, mapped_type resource) {
    emplace(id, std::move(resource));
  }
  /// Leaves alone what is there.
  void emplace(std::string_view id, mapped_type resource) {
    mapped_type& slot = (*this)[id];
    if (!slot) slot = std::move(resource);
  }
  size_t erase(std::string_view id) {
    const auto found = find(id);
    if (found == end()) return 0;
    Entries& entries = own(found.leaf_).entries;
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(found.entry_));
    if (entries.empty()) leaves_.erase(leaves_.begin() + static_cast<std::ptrdiff_t>(found.leaf_));
    --size_;
    return 1;
  }
  void clear() { *this = Table(); }

  /// Calls visit(id, before, after) in order of ids where the two do not hold the same resource; null: not there.
  template <class Visit>
  static void differences(const Table& before, const Table& after, Visit visit) {
    static const mapped_type kNone;
    const_iterator old = before.begin(), now = after.begin();
    const auto shared = [&] {
      return old.entry_ == 0 && now.entry_ == 0 && old.leaf_ < before.leaves_.size() &&
             now.leaf_ < after.leaves_.size() && before.leaves_[old.leaf_] == after.leaves_[now.leaf_];
    };
    for (;;) {
      if (shared()) {
        ++old.leaf_;
        ++now.leaf_;
        continue;
      }
      const bool left = old != before.end(), right = now != after.end();
      if (!left && !right) return;
      if (!right || (left && old->first < now->first)) {
        visit(old->first, old->second, kNone);
        ++old;
      } else if (!left || now->first < old->first) {
        visit(now->first, kNone, now->second);
        ++now;
      } else {
        if (old->second != now->second) visit(old->first, old->second, now->second);
        ++old;
        ++now;
      }
    }
  }

 private:
  /// The leaf that has the id or would take it; leaves_.size() without leaves.
  size_t leaf_of(std::string_view id) const {
    const auto after = std::upper_bound(leaves_.begin(), leaves_.end(), id,
                                        [](std::string_view wanted, const std::shared_ptr<Leaf>& leaf) {
                                          return wanted < std::string_view(leaf->entries.front().first);
                                        });
    return after == leaves_.begin() ? 0 : static_cast<size_t>(after - leaves_.begin()) - 1;
  }
  static size_t place_of(const Entries& entries, std::string_view id) {
    const auto at = std::lower_bound(
        entries.begin(), entries.end(), id,
        [](const value_type& entry, std::string_view wanted) { return std::string_view(entry.first) < wanted; });
    return static_cast<size_t>(at - entries.begin());
  }
  Leaf& own(size_t at) {
    if (owner_.load() == 0) owner_.store(table_detail::new_owner());
    std::shared_ptr<Leaf>& leaf = leaves_[at];
    if (leaf->owner != owner_.load()) leaf = std::make_shared<Leaf>(Leaf{owner_.load(), leaf->entries});
    return *leaf;
  }
  mapped_type& insert(Entries& entries, size_t at, std::string_view id) {
    ++size_;
    return entries.emplace(entries.begin() + static_cast<std::ptrdiff_t>(at), std::string(id), nullptr)->second;
  }
  mapped_type& begin_leaf(size_t at, std::string_view id) {
    if (owner_.load() == 0) owner_.store(table_detail::new_owner());
    leaves_.insert(leaves_.begin() + static_cast<std::ptrdiff_t>(at),
                   std::make_shared<Leaf>(Leaf{owner_.load(), Entries()}));
    return insert(leaves_[at]->entries, 0, id);
  }
  void split(size_t at) {
    Entries& entries = own(at).entries;
    const auto half = entries.begin() + static_cast<std::ptrdiff_t>(entries.size() / 2);
    Entries upper(std::make_move_iterator(half), std::make_move_iterator(entries.end()));
    entries.erase(half, entries.end());
    leaves_.insert(leaves_.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                   std::make_shared<Leaf>(Leaf{owner_.load(), std::move(upper)}));
  }

  Leaves leaves_;
  size_t size_ = 0;
  mutable std::atomic<uint64_t> owner_{0};  // 0: all leaves may be shared
};

}  // namespace elb::model
