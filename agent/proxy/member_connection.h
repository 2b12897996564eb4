// SPDX-License-Identifier: Apache-2.0
// MemberConnection: one TCP connection to a member. While a request is under way its exchange owns it and is woken for
// every event; in between the loop's MemberPool owns it, and any sign of life from the member ends it.
// Thread rule: its loop's thread.
#pragma once

#include "base/ip.h"
#include "proxy/member_side.h"
#include "proxy/poller.h"
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

class MemberConnection final : public Pollable, public Timed, public MemberSide {
 public:
  MemberConnection(Fd fd, const Endpoint& endpoint, bool connecting)
      : stream(std::move(fd)), endpoint_(endpoint), connecting_(connecting) {}

  void on_events(uint32_t events) override;
  void on_timer() override;

  const Endpoint& endpoint() const { return endpoint_; }
  bool http2() const override { return false; }
  bool connecting() const override { return connecting_; }
  int connect_error() const override { return connect_error_; }
  bool reused() const override { return reused_; }
  bool untouched() const override { return stream.written() == written_before_; }
  bool write(std::span<const std::string_view> pieces) override { return stream.write(pieces); }
  bool flush() override { return stream.flush(); }
  bool has_unsent() const override { return stream.has_unsent(); }
  uint64_t written() const override { return stream.written(); }
  void end_writing() override { stream.end_writing(); }
  Inbox& inbox() override { return inbox_; }
  bool readable() const override { return stream.readable(); }
  Received read(std::span<char> room) override { return stream.read(room); }
  http::Outcome take_head(http::HeadProgress& progress, http::ResponseHead& head) override;
  SteadyTime idle_since() const { return idle_since_; }

  /// From now on `user` is woken.
  void lend_to(Wakeable& user) {
    user_ = &user;
    written_before_ = stream.written();
  }
  void give_back() { user_ = nullptr; }

  Stream stream;

 private:
  friend class MemberPool;

  Inbox inbox_;
  Endpoint endpoint_;
  uint64_t written_before_ = 0;  // for others
  bool connecting_;
  bool reused_ = false;
  int connect_error_ = 0;
  Wakeable* user_ = nullptr;    // while it is lent
  MemberPool* pool_ = nullptr;  // while it is idle
  SteadyTime idle_since_{};
  uint64_t given_in_ = 0;  // the pool's: in which turn it became idle
};

}  // namespace elb::proxy
