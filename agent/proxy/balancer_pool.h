// SPDX-License-Identifier: Apache-2.0
// Balancer::Pool: one pool of one snapshot, as the balancer picks from it. Private to the room.
// Thread rule: immutable but for its loads and its turn, which other snapshots' pools share.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "proxy/balancer.h"

namespace elb::proxy {

/// Where a pool is in its round; goes on when the members change.
struct PoolTurn {
  std::atomic<uint64_t> next{0};
  std::mutex least;  // between comparing and taking, so that two loops never take the same lowest member
};

/// What all snapshots know of members and pools, by id. An entry that nobody holds is gone.
class LoadBook {
 public:
  std::shared_ptr<MemberLoad> member(const model::Id& id) { return get(members_, id); }
  std::shared_ptr<PoolTurn> pool(const model::Id& id) { return get(pools_, id); }
  void forget_unused();

 private:
  template <class T>
  using Book = std::map<model::Id, std::weak_ptr<T>>;
  template <class T>
  static std::shared_ptr<T> get(Book<T>& book, const model::Id& id) {
    std::weak_ptr<T>& entry = book[id];
    auto held = entry.lock();
    if (!held) entry = held = std::make_shared<T>();
    return held;
  }

  Book<MemberLoad> members_;
  Book<PoolTurn> pools_;
};

class Balancer::Pool {
 public:
  /// `old`: the same pool before; null: it is new.
  Pool(const model::SnapshotPool& pool, LoadBook& book, const Pool* old, SteadyTime now);

  const model::Id& id() const { return id_; }
  /// Nothing that matters here has changed.
  bool is_for(const model::SnapshotPool& pool) const;

  std::optional<Choice> choose(const IpAddress& client, std::span<const size_t> tried, SteadyTime now) const;
  std::optional<Choice> take(size_t member, SteadyTime now) const;
  MemberLoad* load(size_t member) const { return member < members_.size() ? members_[member].load.get() : nullptr; }

 private:
  struct Member {
    model::Id id;
    Endpoint endpoint;
    uint16_t weight = 1;
    bool usable = false;
    std::shared_ptr<MemberLoad> load;
  };
  /// Who may not be chosen, and who only when nobody else is there.
  struct Filter {
    std::span<const size_t> tried;
    int64_t now_ns;
    int64_t real_now_ns;  // for slow start
    bool cold = true;     // those that start slowly too
  };
  static constexpr size_t kNone = static_cast<size_t>(-1);

  bool avoided(size_t member, int64_t now_ns) const {
    return members_[member].load->avoid_until_ns.load(std::memory_order_relaxed) > now_ns;
  }
  bool was_usable(const model::Id& id) const;
  uint32_t share(size_t member, int64_t now_ns) const;
  bool takes_turn(size_t member, int64_t now_ns) const;
  bool open_to(size_t member, const Filter& filter) const;
  size_t in_turn(const Filter& filter) const;
  size_t by_hash(const IpAddress& client, const Filter& filter) const;
  size_t any_from(size_t start, const Filter& filter) const;
  size_t least(const Filter& filter, bool avoided_too) const;
  std::optional<Choice> choose_least(const Filter& filter) const;
  Choice lease(size_t member) const;

  model::Id id_;
  model::Algorithm algorithm_;
  uint64_t seed_;        // of the hash, by the pool's id: two pools do not send the same clients to the same places
  int64_t slow_ns_ = 0;  // of slow start; 0: none
  std::vector<Member> members_;
  std::vector<uint32_t> usable_;  // indexes into members_
  std::vector<uint32_t> ring_;    // of round robin or Maglev, likewise
  std::shared_ptr<PoolTurn> turn_;
};

}  // namespace elb::proxy
