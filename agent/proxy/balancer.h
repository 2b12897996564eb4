// SPDX-License-Identifier: Apache-2.0
// Balancer: which member of a pool gets a request, exactly over all loops. Weighted round robin counts on one cursor
// (PL-04), least connections compares and takes under one short lock (PL-05), the hash of the client's address is
// Maglev's (PL-06). What is open and who refused lately is kept for each member by its id, so that a new snapshot
// changes neither. Thread rule: a Balancer is immutable but for atomics, shared by all loops; build() by one thread.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/snapshot.h"

namespace elb::proxy {

/// What all loops and all snapshots share about one member.
struct MemberLoad {
  std::atomic<uint32_t> active{0};         // leases that are held
  std::atomic<int64_t> warm_since_ns{0};   // likewise: slow start began; 0: long ago
  std::atomic<uint32_t> warm_credit{0};    // its turns so far, in parts of its growing share
  std::atomic<int64_t> avoid_until_ns{0};  // of the steady clock: refused a connection
};

/// Counts as one open request (of a tunnel: as long as it stands) of its member until it goes. May outlive the
/// balancer and the loop's snapshot.
class Lease {
 public:
  Lease() = default;
  explicit Lease(std::shared_ptr<MemberLoad> load) : load_(std::move(load)) {}  // counted already
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&& other) noexcept {
    if (this != &other) {
      release();
      load_ = std::move(other.load_);
    }
    return *this;
  }
  ~Lease() { release(); }

  explicit operator bool() const { return load_ != nullptr; }
  void release() {
    if (load_) load_->active.fetch_sub(1, std::memory_order_relaxed);
    load_.reset();
  }

 private:
  std::shared_ptr<MemberLoad> load_;
};

struct Choice {
  size_t member = 0;  // index into SnapshotPool::members
  Lease lease;
};

class LoadBook;

class Balancer {
 public:
  /// How long a member that refused gets no new request while others are there.
  static constexpr std::chrono::seconds kAvoid{3};

  /// For the pools of `snapshot`, by their index there. What `old` knows of the same members goes on; pools that did
  /// not change are shared with it. A member of a pool of `old` that was not there or not usable starts slowly at
  /// `now`, if the pool says so.
  static std::shared_ptr<const Balancer> build(const model::Snapshot& snapshot,
                                               const std::shared_ptr<const Balancer>& old = nullptr,
                                               SteadyTime now = {});
  ~Balancer();
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  /// A member by the pool's algorithm, none of `tried` (indexes into SnapshotPool::members, few). Members that refused
  /// lately come last. Nothing if no usable member is left (PL-08, PL-09: unhealthy ones and those of weight 0 never).
  std::optional<Choice> choose(size_t pool, const IpAddress& client, std::span<const size_t> tried,
                               SteadyTime now) const;

  /// This member, for stickiness, if it may get a request: usable, and it did not refuse lately (ST-09).
  std::optional<Choice> take(size_t pool, size_t member, SteadyTime now) const;

  /// Connecting to the member failed: the next kAvoid it is left in peace. A connection that was accepted ends that.
  void refused(size_t pool, size_t member, SteadyTime now) const;
  void accepted(size_t pool, size_t member) const;

  /// Requests that are open at a member, over all loops; for views and tests.
  uint32_t active(size_t pool, size_t member) const;

 private:
  class Pool;
  Balancer(std::vector<std::shared_ptr<const Pool>> pools, std::shared_ptr<LoadBook> book);
  MemberLoad* load(size_t pool, size_t member) const;

  std::vector<std::shared_ptr<const Pool>> pools_;
  std::shared_ptr<LoadBook> book_;  // used by build() only
};

}  // namespace elb::proxy
