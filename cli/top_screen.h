// SPDX-License-Identifier: Apache-2.0
// TopScreen: the rates of elbctl top on a terminal of any size from 40 x 10 on: exactly its lines, none longer than it
// is wide, listeners above members above drops; and what keys do to it. Thread rule: one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "codec/value.h"

namespace elb::cli {

class TopScreen {
 public:
  explicit TopScreen(std::string sort) : sort_(std::move(sort)) {}

  /// What was typed. False: it is time to end.
  bool press(std::string_view keys);
  const std::string& sort() const { return sort_; }

  /// Of sorted rates, as rates_between() has them. `title`: where they come from.
  std::vector<std::string> lines(const codec::Value& rates, const std::string& title, size_t width, size_t height);

 private:
  enum List : size_t { kListeners, kMembers };
  void scroll(ptrdiff_t by) { at_[focus_] = static_cast<size_t>(std::max<ptrdiff_t>(0, ptrdiff_t(at_[focus_]) + by)); }
  void next_sort();
  void add_list(List which, const codec::Value& all, size_t room, size_t width, std::vector<std::string>& out);

  std::string sort_;
  size_t focus_ = kListeners;
  size_t at_[2] = {0, 0};  // the first row that is shown
  size_t page_ = 1;        // rows of a list
};

/// At most five columns: 0, 7.5, 999, 1.2k, 34k, 1.2M, ...
std::string cell_number(double number);

}  // namespace elb::cli
