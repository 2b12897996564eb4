// SPDX-License-Identifier: Apache-2.0
#include "proxy/balancer.h"

#include <algorithm>

#include "proxy/balancer_pool.h"

namespace elb::proxy {

Balancer::Balancer(std::vector<std::shared_ptr<const Pool>> pools, std::shared_ptr<LoadBook> book)
    : pools_(std::move(pools)), book_(std::move(book)) {}
Balancer::~Balancer() = default;

std::shared_ptr<const Balancer> Balancer::build(const model::Snapshot& snapshot,
                                                const std::shared_ptr<const Balancer>& old, SteadyTime now) {
  auto book = old ? old->book_ : std::make_shared<LoadBook>();
  std::vector<std::shared_ptr<const Pool>> pools;
  for (const model::SnapshotPool& pool : snapshot.pools) {
    std::shared_ptr<const Pool> kept;
    const Pool* before_it = nullptr;
    if (old) {
      // both are ordered by id
      const auto before = [](const std::shared_ptr<const Pool>& a, const model::Id& id) { return a->id() < id; };
      const auto found = std::lower_bound(old->pools_.begin(), old->pools_.end(), pool.id, before);
      if (found != old->pools_.end() && (*found)->id() == pool.id) before_it = found->get();
      if (before_it != nullptr && before_it->is_for(pool)) kept = *found;
    }
    pools.push_back(kept ? std::move(kept) : std::make_shared<const Pool>(pool, *book, before_it, now));
  }
  book->forget_unused();
  return std::shared_ptr<const Balancer>(new Balancer(std::move(pools), std::move(book)));
}

std::optional<Choice> Balancer::choose(size_t pool, const IpAddress& client, std::span<const size_t> tried,
                                       SteadyTime now) const {
  if (pool >= pools_.size()) return std::nullopt;
  return pools_[pool]->choose(client, tried, now);
}

std::optional<Choice> Balancer::take(size_t pool, size_t member, SteadyTime now) const {
  if (pool >= pools_.size()) return std::nullopt;
  return pools_[pool]->take(member, now);
}

MemberLoad* Balancer::load(size_t pool, size_t member) const {
  return pool < pools_.size() ? pools_[pool]->load(member) : nullptr;
}

void Balancer::refused(size_t pool, size_t member, SteadyTime now) const {
  using std::chrono::nanoseconds;
  const auto until = std::chrono::duration_cast<nanoseconds>((now + kAvoid).time_since_epoch()).count();
  if (MemberLoad* its = load(pool, member)) its->avoid_until_ns.store(until, std::memory_order_relaxed);
}

void Balancer::accepted(size_t pool, size_t member) const {
  MemberLoad* its = load(pool, member);
  // no write for the many that did not refuse: all loops read the line
  if (its != nullptr && its->avoid_until_ns.load(std::memory_order_relaxed) != 0)
    its->avoid_until_ns.store(0, std::memory_order_relaxed);
}

uint32_t Balancer::active(size_t pool, size_t member) const {
  const MemberLoad* its = load(pool, member);
  return its == nullptr ? 0 : its->active.load(std::memory_order_relaxed);
}

}  // namespace elb::proxy
