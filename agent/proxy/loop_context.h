// SPDX-License-Identifier: Apache-2.0
// LoopContext: what a loop offers to the connections in it: time, buffers, wheel, poller, idle members, what is served.
// Thread rule: its loop's thread.
#pragma once

#include <optional>

#include "http/date.h"
#include "io/tcp_connect.h"
#include "proxy/counters.h"
#include "proxy/exchange_pool.h"
#include "proxy/graveyard.h"
#include "proxy/loop_served.h"
#include "proxy/member_links.h"
#include "proxy/member_pool.h"
#include "proxy/options.h"
#include "proxy/poller.h"
#include "proxy/request_trace.h"
#include "proxy/wheel.h"
#include "proxy/workspace.h"

namespace elb::proxy {

class ClientConnection;

class LoopContext {
 public:
  LoopContext(const EngineOptions& given, const Clock& a_clock, size_t index)
      : options(given),
        clock(a_clock),
        loop_index(index),
        now(a_clock.steady()),
        wheel(now),
        members(wheel, graveyard, {given.idle_members, given.member_idle}),
        links(*this) {}
  LoopContext(const LoopContext&) = delete;
  LoopContext& operator=(const LoopContext&) = delete;
  virtual ~LoopContext() = default;

  /// The connection is closed: nothing of it is used after this turn.
  virtual void remove(ClientConnection& connection) = 0;
  /// More could be done for the connection, after those that were here before.
  virtual void again(ClientConnection& connection) = 0;

  /// The connection shakes hands in a later turn: this one has done enough of that.
  virtual void queue_handshake(ClientConnection& connection) = 0;
  /// Takes one of those that this turn may still work on.
  bool may_shake_hands() {
    if (handshakes_left_ == 0) return false;
    --handshakes_left_;
    return true;
  }

  void set_now(SteadyTime time) {
    now = time;
    members.set_now(time);
    wall_.reset();
  }
  /// What people read, of this turn.
  WallTime wall() {
    if (!wall_) wall_ = clock.wall();
    return *wall_;
  }
  /// Begins a connection to a member, from where those come (LS-17).
  io::TcpAttempt connect(const Endpoint& endpoint) const;
  /// For the Date header; made once a second.
  std::string_view date() {
    if (now - date_made_ >= std::chrono::seconds(1)) {
      const auto since = clock.wall().time_since_epoch();
      date_ = http::HttpDate(std::chrono::duration_cast<std::chrono::seconds>(since).count());
      date_made_ = now;
    }
    return date_.text();
  }

  const EngineOptions& options;
  const Clock& clock;
  const size_t loop_index;
  SteadyTime now;  // of this turn
  Poller poller;
  Graveyard graveyard;
  Wheel wheel;
  Workspace work;
  MemberPool members;
  MemberLinks links;  // of members that speak HTTP/2
  LoopServedPtr served;
  ExchangePool exchanges;
  TraceNumbers trace_numbers;
  bool draining = false;  // each response is the last of its connection

 protected:
  unsigned handshakes_left_ = 0;

 private:
  http::HttpDate date_{0};
  SteadyTime date_made_{};
  std::optional<WallTime> wall_;
};

}  // namespace elb::proxy
