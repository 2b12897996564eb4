// SPDX-License-Identifier: Apache-2.0
#include "proxy/counters.h"

namespace elb::proxy {
namespace {

template <class Blocks>
auto& block_of(Blocks& blocks, size_t loops, size_t loop, const std::string& id) {
  auto& mine = blocks[id];
  mine.resize(loops);
  auto& block = mine[loop];
  using Block = typename std::decay_t<decltype(block)>::element_type;
  if (!block) block = std::make_unique<Block>();
  return *block;
}

template <class Blocks>
std::vector<std::string> ids_of(const Blocks& blocks) {
  std::vector<std::string> ids;
  ids.reserve(blocks.size());
  for (const auto& entry : blocks) ids.push_back(entry.first);
  return ids;
}

}  // namespace

void ListenerBlock::count_status(unsigned status) {
  requests.add();
  switch (status / 100) {
    case 2:
      status_2xx.add();
      break;
    case 3:
      status_3xx.add();
      break;
    case 4:
      status_4xx.add();
      break;
    case 5:
      status_5xx.add();
      break;
    default:
      status_other.add();
  }
  if (status == 404) status_404.add();
  if (status == 499) status_499.add();
  if (status == 502) status_502.add();
}

ListenerBlock& Counters::listener(size_t loop, const std::string& id) {
  const std::lock_guard lock(mutex_);
  return block_of(listeners_, loops_, loop, id);
}

MemberBlock& Counters::member(size_t loop, const std::string& id) {
  const std::lock_guard lock(mutex_);
  return block_of(members_, loops_, loop, id);
}

ListenerSums Counters::listener_sums(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  ListenerSums sums;
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) return sums;
  for (const auto& block : found->second) {
    if (!block) continue;
#define ELB_PROXY_SUM(name) sums.name += block->name.get();
    ELB_PROXY_LISTENER_COUNTS(ELB_PROXY_SUM)
    block->latency_us.add_to(sums.latency_us);
  }
  return sums;
}

MemberSums Counters::member_sums(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  MemberSums sums;
  const auto found = members_.find(id);
  if (found == members_.end()) return sums;
  for (const auto& block : found->second) {
    if (!block) continue;
    ELB_PROXY_MEMBER_COUNTS(ELB_PROXY_SUM)
#undef ELB_PROXY_SUM
  }
  return sums;
}

std::vector<std::string> Counters::listeners() const {
  const std::lock_guard lock(mutex_);
  return ids_of(listeners_);
}

std::vector<std::string> Counters::members() const {
  const std::lock_guard lock(mutex_);
  return ids_of(members_);
}

}  // namespace elb::proxy
