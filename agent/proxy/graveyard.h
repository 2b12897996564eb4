// SPDX-License-Identifier: Apache-2.0
// Graveyard: connections that are done with, until the end of the loop's turn: events that were fetched with theirs,
// and functions further up, may still hold a pointer. Thread rule: its loop's thread.
#pragma once

#include <memory>
#include <vector>

#include "proxy/poller.h"

namespace elb::proxy {

class Graveyard {
 public:
  void bury(std::unique_ptr<Pollable> done) { done_.push_back(std::move(done)); }
  void clear() {
    while (!done_.empty()) done_.pop_back();  // one that goes may bury another
  }

 private:
  std::vector<std::unique_ptr<Pollable>> done_;
};

}  // namespace elb::proxy
