// SPDX-License-Identifier: Apache-2.0
// MemberConnection: one TCP connection to a member. While a request is under way its exchange owns it and is woken for
// every event; in between the loop's MemberPool owns it, and any sign of life from the member ends it.
// Thread rule: its loop's thread.
#pragma once

#include "base/ip.h"
#include "proxy/inbox.h"
#include "proxy/poller.h"
#include "proxy/stream.h"
#include "proxy/wheel.h"

namespace elb::proxy {

class MemberPool;

/// Who is told that something happened on a connection; a client's connection.
class Wakeable {
 public:
  virtual void wake() = 0;

 protected:
  ~Wakeable() = default;
};

class MemberConnection final : public Pollable, public Timed {
 public:
  MemberConnection(Fd fd, const Endpoint& endpoint, bool connecting)
      : stream(std::move(fd)), endpoint_(endpoint), connecting_(connecting) {}

  void on_events(uint32_t events) override;
  void on_timer() override;

  const Endpoint& endpoint() const { return endpoint_; }
  bool connecting() const { return connecting_; }
  /// errno of a connection that could not be made; 0: none.
  int connect_error() const { return connect_error_; }
  /// It has served a request before.
  bool reused() const { return reused_; }
  SteadyTime idle_since() const { return idle_since_; }

  /// From now on `user` is woken.
  void lend_to(Wakeable& user) { user_ = &user; }
  void give_back() { user_ = nullptr; }

  Stream stream;
  Inbox inbox;

 private:
  friend class MemberPool;

  Endpoint endpoint_;
  bool connecting_;
  bool reused_ = false;
  int connect_error_ = 0;
  Wakeable* user_ = nullptr;    // while it is lent
  MemberPool* pool_ = nullptr;  // while it is idle
  SteadyTime idle_since_{};
  uint64_t given_in_ = 0;  // the pool's: in which turn it became idle
};

}  // namespace elb::proxy
