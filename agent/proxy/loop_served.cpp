// SPDX-License-Identifier: Apache-2.0
#include "proxy/loop_served.h"

#include <unordered_map>

namespace elb::proxy {

LoopServed::LoopServed(std::shared_ptr<const Served> served, Counters& counters, size_t loop, tls::Worker& worker,
                       const LoopServed* old)
    : served_(std::move(served)), counters_(counters), loop_(loop), worker_(worker) {
  listeners_.resize(served_->listeners().size());
  contexts_.resize(listeners_.size());
  members_.resize(served_->snapshot().pools.size());
  if (old == nullptr) return;
  std::unordered_map<const tls::ServerTable*, const Context*> before;
  for (const Context& context : old->contexts_)
    if (context.context) before[context.table.get()] = &context;
  for (const ServedListener& listener : served_->listeners())
    if (const auto found = before.find(listener.tls.get()); found != before.end())
      contexts_[listener.index] = *found->second;
}

ListenerBlock& LoopServed::counts(const ServedListener& listener) {
  ListenerBlock*& block = listeners_[listener.index];
  if (block == nullptr) block = &counters_.listener(loop_, listener.listener->id);
  return *block;
}

MemberBlock& LoopServed::counts(size_t pool, size_t member) {
  const auto& members = served_->snapshot().pools[pool].members;
  if (members_[pool].empty()) members_[pool].resize(members.size());
  MemberBlock*& block = members_[pool][member];
  if (block == nullptr) block = &counters_.member(loop_, members[member].id);
  return *block;
}

tls::ServerContextPtr LoopServed::context(const ServedListener& listener) {
  Context& entry = contexts_[listener.index];
  if (!entry.tried) {
    entry.tried = true;
    entry.table = listener.tls;
    if (entry.table)
      if (auto made = worker_.make_context(entry.table)) entry.context = *made;
  }
  return entry.context;
}

}  // namespace elb::proxy
