// SPDX-License-Identifier: Apache-2.0
// SharedList: a vector whose elements copies share. Copying costs a pointer each; writing to an element makes it the
// list's own first. So a snapshot that differs from another in one pool shares the others, and whoever keeps the one
// before sees by the pointers what changed. Thread rule: as of a value; lists that share elements may be in different
// threads.
#pragma once

#include <compare>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace elb::model {

template <class T>
class SharedList {
  using Items = std::vector<std::shared_ptr<T>>;

 public:
  using value_type = T;

  class const_iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    const_iterator() = default;
    reference operator*() const { return **at_; }
    pointer operator->() const { return at_->get(); }
    reference operator[](difference_type n) const { return *at_[n]; }
    const_iterator& operator++() { return *this += 1; }
    const_iterator& operator--() { return *this += -1; }
    const_iterator operator++(int) { return std::exchange(*this, *this + 1); }
    const_iterator operator--(int) { return std::exchange(*this, *this - 1); }
    const_iterator& operator+=(difference_type n) {
      at_ += n;
      return *this;
    }
    const_iterator& operator-=(difference_type n) { return *this += -n; }
    friend const_iterator operator+(const_iterator it, difference_type n) { return it += n; }
    friend const_iterator operator+(difference_type n, const_iterator it) { return it += n; }
    friend const_iterator operator-(const_iterator it, difference_type n) { return it -= n; }
    friend difference_type operator-(const_iterator a, const_iterator b) { return a.at_ - b.at_; }
    friend bool operator==(const_iterator a, const_iterator b) { return a.at_ == b.at_; }
    friend auto operator<=>(const_iterator a, const_iterator b) { return a.at_ <=> b.at_; }

   private:
    friend class SharedList;
    explicit const_iterator(const std::shared_ptr<T>* at) : at_(at) {}
    const std::shared_ptr<T>* at_ = nullptr;
  };
  using iterator = const_iterator;

  SharedList() = default;
  SharedList(std::initializer_list<T> items) {
    for (const T& item : items) push_back(item);
  }

  const_iterator begin() const { return const_iterator(items_.data()); }
  const_iterator end() const { return const_iterator(items_.data() + items_.size()); }
  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  const T& operator[](size_t i) const { return *items_[i]; }
  const T& front() const { return *items_.front(); }
  const T& back() const { return *items_.back(); }

  /// To write to: a copy of an element that other lists have, too. Not from two threads, and not while other lists
  /// that share it are copied.
  T& operator[](size_t i) { return own(items_[i]); }
  T& front() { return own(items_.front()); }
  T& back() { return own(items_.back()); }

  void push_back(T item) { items_.push_back(std::make_shared<T>(std::move(item))); }
  T& emplace_back() { return *items_.emplace_back(std::make_shared<T>()); }
  void reserve(size_t size) { items_.reserve(size); }
  void clear() { items_.clear(); }

  /// Whether element i of both is one and the same, not only an equal one.
  bool shares(const SharedList& other, size_t i) const { return items_[i] == other.items_[i]; }
  bool shares_all(const SharedList& other) const { return items_ == other.items_; }

 private:
  static T& own(std::shared_ptr<T>& item) {
    if (item.use_count() > 1) item = std::make_shared<T>(*item);
    return *item;
  }

  Items items_;
};

}  // namespace elb::model
