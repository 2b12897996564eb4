// SPDX-License-Identifier: Apache-2.0
// MemberPool: idle connections to members, of one loop. The one that was used last is used next: few connections stay
// warm, and the others grow old and go. Thread rule: its loop's thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "proxy/graveyard.h"
#include "proxy/member_connection.h"

namespace elb::proxy {

struct EndpointHash {
  size_t operator()(const Endpoint& endpoint) const;
};

class MemberPool {
 public:
  struct Limits {
    size_t idle_members = 4096;     // in all
    std::chrono::seconds idle{50};  // below the time after which common servers close
  };

  MemberPool(Wheel& wheel, Graveyard& graveyard, const Limits& limits)
      : wheel_(wheel), graveyard_(graveyard), limits_(limits) {}

  /// The connection used last, if it was in use less than `most` ago; or null. Of none that is given out a byte or the
  /// end has come: since the poller was asked in this turn, or with `careful` until now.
  std::unique_ptr<MemberConnection> take(const Endpoint& endpoint, SteadyTime now, std::chrono::seconds most,
                                         bool careful);
  /// Keeps a connection on which the last response is complete, or closes it if it cannot be used again.
  void give(std::unique_ptr<MemberConnection> connection, SteadyTime now);

  void drop(MemberConnection& connection);
  void expire(MemberConnection& connection);
  /// Closes those to members that are no more.
  void keep_only(const std::function<bool(const Endpoint&)>& wanted);
  size_t idle() const { return idle_; }
  /// Told by the loop at each turn, when the poller was asked.
  void set_now(SteadyTime now) {
    now_ = now;
    vouched_ = false;
    ++turn_;
  }
  /// Told by the loop when all that the poller knows has been acted on: connections that were idle before this turn and
  /// are here still have said nothing. To ask each of them again would be a system call for each request.
  void vouch() { vouched_ = true; }

 private:
  struct Idle {
    std::vector<std::unique_ptr<MemberConnection>> all;  // those of `turn` are the last
    size_t fresh = 0;                                    // how many those are
    uint64_t turn = 0;
  };
  size_t fresh_of(Idle& idle) const;
  void bury(std::unique_ptr<MemberConnection> connection);

  Wheel& wheel_;
  Graveyard& graveyard_;
  const Limits limits_;
  std::unordered_map<Endpoint, Idle, EndpointHash> members_;
  size_t idle_ = 0;
  SteadyTime now_{};
  uint64_t turn_ = 0;
  bool vouched_ = false;
};

}  // namespace elb::proxy
