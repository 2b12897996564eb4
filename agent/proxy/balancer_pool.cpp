// SPDX-License-Identifier: Apache-2.0
#include "proxy/balancer_pool.h"

#include <algorithm>
#include <cstring>

#include "algo/maglev.h"
#include "algo/wrr_ring.h"

namespace elb::proxy {
namespace {

// Shares are exact up to so many turns in a cycle, and within 1 in so many beyond.
constexpr size_t kRingMax = 16384;
// A member's whole share; while it starts slowly it has some parts of it.
constexpr uint32_t kWhole = 1U << 16;
// Turns or hashes tried before every member is looked at.
constexpr int kTries = 32;

int64_t to_ns(SteadyTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

// splitmix64's finaliser: each bit of the input moves half of the output's.
uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0;
  for (const char c : text) hash = mix(hash ^ static_cast<uint8_t>(c));
  return hash;
}

uint64_t hash_of(const IpAddress& address, uint64_t seed) {
  std::array<uint64_t, 2> words{};
  std::memcpy(words.data(), address.bytes().data(), sizeof words);
  return mix(mix(words[0] ^ seed) ^ words[1]);
}

template <class Book>
void erase_expired(Book& book) {
  std::erase_if(book, [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace

void LoadBook::forget_unused() {
  erase_expired(members_);
  erase_expired(pools_);
}

Balancer::Pool::Pool(const model::SnapshotPool& pool, LoadBook& book, const Pool* old, SteadyTime now)
    : id_(pool.id),
      algorithm_(pool.algorithm),
      seed_(hash_of(pool.id)),
      slow_ns_(to_ns(SteadyTime(std::chrono::seconds(pool.slow_start_s)))),
      turn_(book.pool(pool.id)) {
  std::vector<uint32_t> weights;
  std::vector<std::string> names;
  for (const model::SnapshotMember& member : pool.members) {
    const bool usable = member.usable && member.weight > 0;
    members_.push_back({member.id, member.endpoint, member.weight, usable, book.member(member.id)});
    if (!usable) continue;
    if (slow_ns_ > 0 && old != nullptr && !old->was_usable(member.id)) {
      members_.back().load->warm_credit.store(0, std::memory_order_relaxed);
      members_.back().load->warm_since_ns.store(to_ns(now), std::memory_order_relaxed);
    }
    usable_.push_back(static_cast<uint32_t>(members_.size() - 1));
    weights.push_back(member.weight);
    names.push_back(member.endpoint.to_string());
  }
  if (algorithm_ == model::Algorithm::kRoundRobin) ring_ = algo::build_wrr_ring(weights, kRingMax);
  if (algorithm_ == model::Algorithm::kSourceIp) ring_ = algo::build_maglev(names);
  for (uint32_t& place : ring_) place = usable_[place];
}

bool Balancer::Pool::is_for(const model::SnapshotPool& pool) const {
  const auto same = [](const Member& mine, const model::SnapshotMember& other) {
    return mine.id == other.id && mine.endpoint == other.endpoint && mine.weight == other.weight &&
           mine.usable == (other.usable && other.weight > 0);
  };
  return id_ == pool.id && algorithm_ == pool.algorithm &&
         slow_ns_ == to_ns(SteadyTime(std::chrono::seconds(pool.slow_start_s))) &&
         std::equal(members_.begin(), members_.end(), pool.members.begin(), pool.members.end(), same);
}

std::optional<Choice> Balancer::Pool::choose(const IpAddress& client, std::span<const size_t> tried,
                                             SteadyTime now) const {
  if (usable_.empty()) return std::nullopt;
  const Filter filter{tried, to_ns(now), to_ns(now)};
  if (algorithm_ == model::Algorithm::kLeastConnections) return choose_least(filter);
  const size_t member = algorithm_ == model::Algorithm::kSourceIp ? by_hash(client, filter) : in_turn(filter);
  if (member == kNone) return std::nullopt;
  return lease(member);
}

std::optional<Choice> Balancer::Pool::take(size_t member, SteadyTime now) const {
  if (member >= members_.size() || !members_[member].usable || avoided(member, to_ns(now))) return std::nullopt;
  return lease(member);
}

bool Balancer::Pool::was_usable(const model::Id& id) const {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& each) { return each.id == id; });
  return found != members_.end() && found->usable;
}

// It grows from nothing to the whole in a straight line.
uint32_t Balancer::Pool::share(size_t member, int64_t now_ns) const {
  if (slow_ns_ == 0) return kWhole;
  const int64_t since = members_[member].load->warm_since_ns.load(std::memory_order_relaxed);
  if (since == 0 || now_ns - since >= slow_ns_) return kWhole;
  return static_cast<uint32_t>(std::max<int64_t>(0, now_ns - since) / (slow_ns_ / kWhole));
}

// Of the turns that are its own it takes as many as its share says, over all loops. Turns that it leaves out are gone,
// so that the round is exact again as soon as it takes them all.
bool Balancer::Pool::takes_turn(size_t member, int64_t now_ns) const {
  const uint32_t part = share(member, now_ns);
  if (part >= kWhole) return true;
  const uint32_t before = members_[member].load->warm_credit.fetch_add(part, std::memory_order_relaxed);
  return before % kWhole + part >= kWhole;
}

bool Balancer::Pool::open_to(size_t member, const Filter& filter) const {
  return std::find(filter.tried.begin(), filter.tried.end(), member) == filter.tried.end() &&
         !avoided(member, filter.now_ns) && (filter.cold || share(member, filter.real_now_ns) >= kWhole);
}

size_t Balancer::Pool::in_turn(const Filter& filter) const {
  uint64_t turn = 0;
  for (int i = 0; i < kTries; ++i) {
    turn = turn_->next.fetch_add(1, std::memory_order_relaxed);
    const size_t member = ring_[turn % ring_.size()];
    if (open_to(member, filter) && takes_turn(member, filter.real_now_ns)) return member;
  }
  return any_from(turn % usable_.size(), filter);
}

size_t Balancer::Pool::by_hash(const IpAddress& client, const Filter& filter) const {
  uint64_t hash = hash_of(client, seed_);
  for (int i = 0; i < kTries; ++i) {
    const size_t member = ring_[hash % ring_.size()];
    // The clients that a member gets while it starts slowly keep it when it gets more.
    if (open_to(member, filter) && mix(hash) % kWhole < share(member, filter.real_now_ns)) return member;
    hash = mix(hash);  // each client of a member that is left out goes its own way
  }
  return any_from(hash % usable_.size(), filter);
}

// Of those left, one that did not refuse lately, else one that did; those that start slowly come in between.
size_t Balancer::Pool::any_from(size_t start, const Filter& filter) const {
  const Filter warm{filter.tried, filter.now_ns, filter.real_now_ns, false};
  const Filter pardoned{filter.tried, INT64_MAX, filter.real_now_ns};
  for (const Filter& each : {warm, filter, pardoned})
    for (size_t i = 0; i < usable_.size(); ++i) {
      const size_t member = usable_[(start + i) % usable_.size()];
      if (open_to(member, each)) return member;
    }
  return kNone;
}

std::optional<Choice> Balancer::Pool::choose_least(const Filter& filter) const {
  const std::lock_guard lock(turn_->least);
  size_t member = least(filter, false);
  if (member == kNone) member = least(filter, true);
  if (member != kNone && !takes_turn(member, filter.real_now_ns)) {
    const size_t warm = least({filter.tried, filter.now_ns, filter.real_now_ns, false}, false);
    if (warm != kNone) member = warm;
  }
  if (member == kNone) return std::nullopt;
  turn_->next.fetch_add(1, std::memory_order_relaxed);
  return lease(member);
}

// The lowest open / weight, multiplied out; of those with the same the first, counted from the turn, as the packet
// path does it.
size_t Balancer::Pool::least(const Filter& filter, bool avoided_too) const {
  const Filter used{filter.tried, avoided_too ? INT64_MAX : filter.now_ns, filter.real_now_ns, filter.cold};
  const size_t start = turn_->next.load(std::memory_order_relaxed) % usable_.size();
  size_t best = kNone;
  uint64_t best_open = 0;
  for (size_t i = 0; i < usable_.size(); ++i) {
    const size_t member = usable_[(start + i) % usable_.size()];
    if (!open_to(member, used)) continue;
    const uint64_t open = members_[member].load->active.load(std::memory_order_relaxed);
    if (best != kNone && open * members_[best].weight >= best_open * members_[member].weight) continue;
    best = member;
    best_open = open;
  }
  return best;
}

Choice Balancer::Pool::lease(size_t member) const {
  const auto& load = members_[member].load;
  load->active.fetch_add(1, std::memory_order_relaxed);
  return {member, Lease(load)};
}

}  // namespace elb::proxy
