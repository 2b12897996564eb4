// SPDX-License-Identifier: Apache-2.0
// LoopServed: what is served as one loop sees it: with the loop's own TLS contexts and counters, found when they are
// needed for the first time, so that a new snapshot costs a loop nothing. Requests hold the one they began with, and
// its reference count is touched by no other loop. Thread rule: its loop's thread.
#pragma once

#include <memory>
#include <vector>

#include "proxy/counters.h"
#include "proxy/served.h"
#include "tls/worker.h"

namespace elb::proxy {

class LoopServed {
 public:
  LoopServed(std::shared_ptr<const Served> served, Counters& counters, size_t loop, tls::Worker& worker,
             const LoopServed* old);

  const Served* operator->() const { return served_.get(); }
  /// As Served::find(), which mostly is asked for the same one again.
  const ServedListener* find(const Endpoint& local) {
    if (found_ == nullptr || !(local == found_at_)) {
      found_ = served_->find(local);
      found_at_ = local;
    }
    return found_;
  }
  ListenerBlock& counts(const ServedListener& listener);
  MemberBlock& counts(size_t pool, size_t member);
  /// Null: the listener's certificates or authorities cannot be used.
  tls::ServerContextPtr context(const ServedListener& listener);

 private:
  std::shared_ptr<const Served> served_;
  Counters& counters_;
  size_t loop_;
  tls::Worker& worker_;
  Endpoint found_at_;
  const ServedListener* found_ = nullptr;
  std::vector<ListenerBlock*> listeners_;
  std::vector<std::vector<MemberBlock*>> members_;
  struct Context {
    std::shared_ptr<const tls::ServerTable> table;
    tls::ServerContextPtr context;
    bool tried = false;
  };
  std::vector<Context> contexts_;
};

using LoopServedPtr = std::shared_ptr<LoopServed>;

}  // namespace elb::proxy
