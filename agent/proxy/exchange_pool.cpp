// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange_pool.h"

#include <array>
#include <new>

#include "proxy/exchange.h"

namespace elb::proxy {
namespace {

constexpr size_t kKeptText = 4096;  // bytes of a text that stay for the next request
constexpr size_t kKeptItems = 16;
constexpr size_t kKept = 1024;  // slots of a loop that nobody uses

template <class T>
void clear_list(std::vector<T>& list) {
  list.clear();
  if (list.capacity() > kKeptItems) list.shrink_to_fit();
}

}  // namespace

void clear_text(std::string& text) {
  text.clear();
  if (text.capacity() > kKeptText) text.shrink_to_fit();
}

void ExchangeParts::clear() {
  clear_text(replay);
  clear_text(texts);
  clear_list(attempts);
  clear_list(tried);
}

// The exchange comes first, so that the slot is found by it.
struct ExchangePool::Slot {
  alignas(Exchange) std::array<std::byte, sizeof(Exchange)> memory;
  ExchangeParts parts;
};

ExchangePool::ExchangePool() = default;
ExchangePool::~ExchangePool() = default;

ExchangePool::Pointer ExchangePool::make(LoopContext& loop, ClientSide& client, SteadyTime began) {
  std::unique_ptr<Slot> slot;
  if (free_.empty()) {
    slot = std::make_unique<Slot>();
  } else {
    slot = std::move(free_.back());
    free_.pop_back();
  }
  auto* made = new (slot->memory.data()) Exchange(loop, client, began, slot->parts);
  static_cast<void>(slot.release());  // the exchange's from here on
  return Pointer(made, GiveBack{this});
}

void ExchangePool::give(Exchange* exchange) {
  std::destroy_at(exchange);
  std::unique_ptr<Slot> slot(reinterpret_cast<Slot*>(exchange));
  if (free_.size() == kKept) return;
  slot->parts.clear();
  free_.push_back(std::move(slot));
}

}  // namespace elb::proxy
