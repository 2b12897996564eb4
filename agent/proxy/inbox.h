// SPDX-License-Identifier: Apache-2.0
// Inbox: bytes that were received and not used up yet. While a connection is being worked on they lie in a buffer of
// the thread; save() takes over what is left before another connection gets that buffer. Thread rule: its loop's
// thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace elb::proxy {

class Inbox {
 public:
  std::string_view view() const { return view_; }
  bool empty() const { return view_.empty(); }
  void consume(size_t bytes) { view_.remove_prefix(bytes); }

  /// `fresh`, in the thread's buffer, has arrived behind view(). What was there before must not lie in that buffer.
  void append(std::string_view fresh) {
    if (view_.empty()) {
      view_ = fresh;
      return;
    }
    kept_.append(fresh);
    view_ = kept_;
  }

  /// After this the thread's buffer may be used for others, and append() may be called.
  void save() {
    if (view_.empty()) {
      if (!kept_.empty()) std::string().swap(kept_);
    } else if (view_.data() >= kept_.data() && view_.data() < kept_.data() + kept_.size()) {
      kept_.erase(0, static_cast<size_t>(view_.data() - kept_.data()));
    } else {
      kept_.assign(view_);
    }
    view_ = std::string_view(kept_).substr(0, view_.size());
  }

  void clear() {
    view_ = {};
    save();
  }

 private:
  std::string kept_;
  std::string_view view_;  // into kept_ or the thread's buffer
};

}  // namespace elb::proxy
