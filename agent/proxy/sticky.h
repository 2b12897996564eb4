// SPDX-License-Identifier: Apache-2.0
// Sticky: cookie stickiness (ST-03, ST-05, ST-07 to ST-10). With cookies of ours a client carries its member's name,
// which only this node's key can write and which no client can read anything from. With cookies of the application the
// proxy remembers which member gave which value (LearnedCookies).
// Thread rule: a Sticky is immutable, shared by all loops; LearnedCookies is safe from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/header_table.h"
#include "http/out_buffer.h"
#include "model/snapshot.h"
#include "proxy/learned_cookies.h"

namespace elb::proxy {

using StickyKey = std::array<uint8_t, 32>;

class Sticky {
 public:
  /// `key` is the node's, the same over restarts (else all clients are balanced anew). `learned` is shared by all
  /// snapshots.
  static std::shared_ptr<const Sticky> build(const model::Snapshot& snapshot, const StickyKey& key,
                                             std::shared_ptr<LearnedCookies> learned);
  ~Sticky();
  Sticky(const Sticky&) = delete;
  Sticky& operator=(const Sticky&) = delete;

  /// The member (index into SnapshotPool::members) that the request's cookies bind it to. Nothing: not bound, cookie
  /// unknown, forged, of another pool or over age, member gone. Whether it may get requests is Balancer::take()'s to
  /// say. Costs nothing for pools without cookie stickiness.
  std::optional<size_t> find(size_t pool, const http::HeaderTable& request, WallTime now) const;

  /// LB cookie: the value of the Set-Cookie header by which the client's next requests go to `member`; to be added to
  /// the response when `bound` (what find() said) is not the member that answered. False, and nothing written, if the
  /// pool sets none, or `bound` is `member`, or `out` is too small (kSetCookieMax always suffices).
  bool write_set_cookie(size_t pool, size_t member, std::optional<size_t> bound, WallTime now,
                        http::OutBuffer& out) const;
  static constexpr size_t kSetCookieMax = 256;

  /// Application cookie: remembers who answered if the response sets the cookie. To be called for every response of a
  /// member; costs nothing for other pools.
  void learn(size_t pool, size_t member, const http::HeaderTable& response, WallTime now) const;

 private:
  struct Parts;
  explicit Sticky(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace elb::proxy
