// SPDX-License-Identifier: Apache-2.0
#include "proxy/traffic_book.h"

#include <algorithm>

namespace elb::proxy {
namespace {

/// Entries of what is not configured any more, beside as many again as are.
constexpr size_t kKeptAtLeast = 1024;

void raise(uint64_t& sum, uint64_t to) { sum = std::max(sum, to); }
void add(uint64_t& sum, uint64_t more) { sum = sum > UINT64_MAX - more ? UINT64_MAX : sum + more; }

#define ELB_PROXY_EACH(name) each(to.name, from.name);

template <class Each>
void for_each(ListenerSums& to, const ListenerSums& from, Each&& each) {
  ELB_PROXY_LISTENER_COUNTS(ELB_PROXY_EACH)
  for (size_t i = 0; i < to.latency_us.buckets.size(); ++i) each(to.latency_us.buckets[i], from.latency_us.buckets[i]);
}

template <class Each>
void for_each(MemberSums& to, const MemberSums& from, Each&& each) {
  ELB_PROXY_MEMBER_COUNTS(ELB_PROXY_EACH)
}

#undef ELB_PROXY_EACH

void tell(ListenerSums& told, const ListenerSums& now) {
  for_each(told, now, raise);
  told.open_connections = std::min(now.open_connections, now.connections);  // the only one that goes down
}

void tell(MemberSums& told, const MemberSums& now) { for_each(told, now, raise); }

void close_all(ListenerSums& sums) { sums.open_connections = 0; }
void close_all(MemberSums&) {}

template <class Entries>
void forget_old(Entries& entries, size_t wanted) {
  if (entries.size() <= 2 * wanted + kKeptAtLeast) return;
  std::erase_if(entries, [](const auto& entry) { return !entry.second.wanted; });
}

template <class Entries, class Told>
void take_all(Entries& entries, const Told& told) {
  for (const auto& [id, sums] : told) {
    const auto found = entries.find(id);
    if (found == entries.end()) continue;
    tell(found->second.told, sums);
    found->second.counted = true;
  }
}

template <class Entries>
void end_all(Entries& entries) {
  for (auto& [id, entry] : entries) {
    close_all(entry.told);
    for_each(entry.carried, entry.told, add);
    entry.told = {};
  }
}

template <class Traffic, class Entries>
auto sum_of(const Entries& entries, const model::Id& id) -> std::optional<Traffic> {
  const auto found = entries.find(id);
  if (found == entries.end() || !found->second.counted) return std::nullopt;
  Traffic sum{found->second.carried};
  for_each(sum, found->second.told, add);
  return sum;
}

}  // namespace

void TrafficBook::expect(const model::Snapshot& snapshot) {
  for (auto& [id, entry] : listeners_) entry.wanted = false;
  for (auto& [id, entry] : members_) entry.wanted = false;
  size_t listeners = 0;
  size_t members = 0;
  for (const model::SnapshotListener& listener : snapshot.listeners) {
    if (!listener.http) continue;
    listeners_[listener.id].wanted = true;
    ++listeners;
  }
  for (const model::SnapshotPool& pool : snapshot.pools) {
    for (const model::SnapshotMember& member : pool.members) members_[member.id].wanted = true;
    members += pool.members.size();
  }
  most_listeners_ = std::max(most_listeners_, listeners);
  most_members_ = std::max(most_members_, members);
  forget_old(listeners_, listeners);
  forget_old(members_, members);
}

void TrafficBook::take(const CountReport& report) {
  take_all(listeners_, report.listeners);
  take_all(members_, report.members);
}

void TrafficBook::worker_ended() {
  end_all(listeners_);
  end_all(members_);
}

std::optional<model::HttpListenerTraffic> TrafficBook::listener(const model::Id& id) const {
  const auto sum = sum_of<ListenerSums>(listeners_, id);
  if (!sum) return std::nullopt;
  model::HttpListenerTraffic out;
#define ELB_PROXY_COPY(name) out.name = sum->name;
  ELB_PROXY_LISTENER_COUNTS(ELB_PROXY_COPY)
  out.latency_us = sum->latency_us;
  return out;
}

std::optional<model::HttpMemberTraffic> TrafficBook::member(const model::Id& id) const {
  const auto sum = sum_of<MemberSums>(members_, id);
  if (!sum) return std::nullopt;
  model::HttpMemberTraffic out;
  ELB_PROXY_MEMBER_COUNTS(ELB_PROXY_COPY)
#undef ELB_PROXY_COPY
  return out;
}

}  // namespace elb::proxy
