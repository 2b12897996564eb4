// SPDX-License-Identifier: Apache-2.0
// ExchangePool: the memory of exchanges that are over, with the texts and lists that they grew, for those to come: at a
// steady rate a request allocates nothing. The one used last is used next, as it is still near the processor. An idle
// connection has none. Thread rule: its loop's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "proxy/access_record.h"

namespace elb::proxy {

class ClientSide;
class Exchange;
class LoopContext;

/// What an exchange writes into and leaves behind, empty.
struct ExchangeParts {
  std::string replay;                   // the request as written for the member: the head, and some body
  std::string texts;                    // of the request, for the access log
  std::vector<AccessAttempt> attempts;  // at members
  std::vector<size_t> tried;            // members

  /// Empties all, and gives back what is larger than most requests need.
  void clear();
};
/// Empties `text`; gives its memory back if that is much.
void clear_text(std::string& text);

class ExchangePool {
 public:
  struct GiveBack {
    ExchangePool* pool = nullptr;
    void operator()(Exchange* exchange) const { pool->give(exchange); }
  };
  using Pointer = std::unique_ptr<Exchange, GiveBack>;

  ExchangePool();
  ExchangePool(const ExchangePool&) = delete;
  ExchangePool& operator=(const ExchangePool&) = delete;
  ~ExchangePool();

  /// `began`: the request's first byte.
  Pointer make(LoopContext& loop, ClientSide& client, SteadyTime began);

 private:
  struct Slot;
  void give(Exchange* exchange);

  std::vector<std::unique_ptr<Slot>> free_;
};

using ExchangePtr = ExchangePool::Pointer;

}  // namespace elb::proxy
